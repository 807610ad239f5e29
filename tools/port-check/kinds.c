/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What nodes are, for people: by the generic names that the specification asks for (DT 2.2.2) and,
 * for PCI Express hosts, by what is known of each family. Discovery never looks here.
 */
#include <string.h>
#include "tools/port-check/port_check.h"

/* ---- PCI Express hosts ---- */

enum family { ECAM, CAM, DESIGNWARE, DESIGNWARE_ECAM, CADENCE, PLDA, BRCMSTB, MOBIVEIL, OWN };

static const struct kind families[] = {
	[ECAM] = { CLASS_PCIE, "PCIe: true ECAM", NULL, true },
	[CAM] = { CLASS_PCIE, "PCI: CAM (256 bytes a function)",
		  "not ECAM: the older layout, without extended configuration space", false },
	[DESIGNWARE] = { CLASS_PCIE, "PCIe: DesignWare",
		  "not ECAM: configuration goes through a window that its address translation unit "
		  "(iATU) moves", false },
	[DESIGNWARE_ECAM] = { CLASS_PCIE, "PCIe: DesignWare with an ECAM window",
		  "laid out as ECAM once earlier firmware has set its address translation "
		  "(iATU) up", false },
	[CADENCE] = { CLASS_PCIE, "PCIe: Cadence",
		  "not ECAM: configuration goes through a 4 KiB window that address "
		  "translation moves", false },
	[PLDA] = { CLASS_PCIE, "PCIe: PLDA",
		  "laid out as ECAM once earlier firmware has brought the link up and set "
		  "the address translation (at U-Boot: pci enum)", false },
	[BRCMSTB] = { CLASS_PCIE, "PCIe: Broadcom STB",
		  "not ECAM: an index register selects the function", false },
	[MOBIVEIL] = { CLASS_PCIE, "PCIe: Mobiveil",
		  "not ECAM: configuration goes through a window that address translation "
		  "moves", false },
	[OWN] = { CLASS_PCIE, "PCIe: the vendor's own",
		  "its binding and its Linux driver say how configuration is reached", false },
};

/* The first match counts. A name that ends in * stands for all that begin so. */
static const struct {
	const char *compatible;
	enum family family;
} pcie[] = {
	{ "pci-host-cam-generic", CAM },
	{ "snps,dw-pcie-ecam", ECAM },
	{ "marvell,armada8k-pcie-ecam", ECAM },
	{ "socionext,synquacer-pcie-ecam", ECAM },
	{ "amazon,al-alpine-v*-pcie", DESIGNWARE_ECAM },
	{ "cavium,pci-host-octeontx-ecam", ECAM },
	{ "cavium,pci-host-thunder-ecam", ECAM },
	{ "microchip,pcie-host-1.0", PLDA },
	{ "starfive,jh7110-pcie", PLDA },
	{ "plda,*", PLDA },
	{ "sophgo,sg2042-pcie-host", CADENCE },
	{ "cdns,cdns-pcie-host", CADENCE },
	{ "ti,j721e-pcie-host", CADENCE },
	{ "ti,j7*-pcie-host", CADENCE },
	{ "ti,am64-pcie-host", CADENCE },
	{ "brcm,bcm2711-pcie", BRCMSTB },
	{ "brcm,bcm2712-pcie", BRCMSTB },
	{ "brcm,bcm4908-pcie", BRCMSTB },
	{ "brcm,bcm72*", BRCMSTB },
	{ "brcm,bcm74*", BRCMSTB },
	{ "fsl,lx2160a-pcie", MOBIVEIL },
	{ "mbvl,gpex40-pcie", MOBIVEIL },
	{ "nvidia,tegra194-pcie", DESIGNWARE },
	{ "nvidia,tegra234-pcie", DESIGNWARE },
	{ "rockchip,rk3399-pcie", OWN },
	{ "snps,dw-pcie", DESIGNWARE },
	{ "fsl,imx*-pcie", DESIGNWARE },
	{ "fsl,ls*-pcie", DESIGNWARE },
	{ "qcom,pcie-*", DESIGNWARE },
	{ "qcom,pcie*", DESIGNWARE },
	{ "rockchip,*-pcie", DESIGNWARE },
	{ "sifive,fu740-pcie", DESIGNWARE },
	{ "spacemit,k1-pcie", DESIGNWARE },
	{ "marvell,armada8k-pcie", DESIGNWARE },
	{ "amlogic,*-pcie", DESIGNWARE },
	{ "hisilicon,kirin*-pcie", DESIGNWARE },
	{ "hisilicon,hip*-pcie-ecam", DESIGNWARE_ECAM },
	{ "hisilicon,hip*-pcie-almost-ecam", DESIGNWARE_ECAM },
	{ "hisilicon,*-pcie", DESIGNWARE },
	{ "samsung,exynos*-pcie", DESIGNWARE },
	{ "socionext,uniphier-pcie", DESIGNWARE },
	{ "toshiba,visconti-pcie", DESIGNWARE },
	{ "ti,am654-pcie-rc", DESIGNWARE },
	{ "eswin,*-pcie", DESIGNWARE },
};

/* '*' stands for any characters. */
static bool like(const char *text, const char *pattern)
{
	for (; *pattern; text++, pattern++) {
		if (*pattern == '*') {
			for (; *text; text++)
				if (like(text, pattern + 1))
					return true;
			return !pattern[1];
		}
		if (*text != *pattern)
			return false;
	}
	return !*text;
}

static struct kind pcie_kind(struct dt_node node)
{
	const char *compatible;
	enum family family = OWN;

	if (dt_is_compatible(node, "pci-host-ecam-generic"))
		return families[ECAM];
	for (unsigned c = 0; family == OWN && (compatible = dt_compatible(node, c)); c++)
		for (unsigned i = 0; family == OWN && i < sizeof(pcie) / sizeof(*pcie); i++)
			if (like(compatible, pcie[i].compatible))
				family = pcie[i].family;
	if (family == DESIGNWARE && dt_string_index(node, "reg-names", "ecam") >= 0)
		family = DESIGNWARE_ECAM;
	return families[family];
}

/* ---- The rest ---- */

static const struct {
	const char *name;		/* of the node, before a number and the address */
	struct kind kind;
} named[] = {
	{ "nvme", { CLASS_NVME, "NVMe without PCIe", NULL, false } },
	{ "sata", { CLASS_SATA, "SATA", NULL, false } },
	{ "ahci", { CLASS_SATA, "SATA", NULL, false } },
	{ "ufs", { CLASS_UFS, "UFS", NULL, false } },
	{ "ufshc", { CLASS_UFS, "UFS", NULL, false } },
	{ "mmc", { CLASS_MMC, "SD/eMMC", NULL, false } },
	{ "emmc", { CLASS_MMC, "SD/eMMC", NULL, false } },
	{ "sdmmc", { CLASS_MMC, "SD/eMMC", NULL, false } },
	{ "sdhci", { CLASS_MMC, "SD/eMMC", NULL, false } },
	{ "sdhc", { CLASS_MMC, "SD/eMMC", NULL, false } },
	{ "esdhc", { CLASS_MMC, "SD/eMMC", NULL, false } },
	{ "sdhost", { CLASS_MMC, "SD/eMMC", NULL, false } },
	{ "dwmmc", { CLASS_MMC, "SD/eMMC", NULL, false } },
	{ "sd", { CLASS_MMC, "SD/eMMC", NULL, false } },
	{ "sdio", { CLASS_MMC, "SD/eMMC", NULL, false } },
	{ "usb", { CLASS_USB, "USB", NULL, false } },
	{ "dwc", { CLASS_USB, "USB", NULL, false } },
	{ "xhci", { CLASS_USB, "USB", NULL, false } },
	{ "ethernet", { CLASS_ETHERNET, "Ethernet", NULL, false } },
	{ "serial", { CLASS_UART, "UART", NULL, false } },
	{ "uart", { CLASS_UART, "UART", NULL, false } },
	{ "dma-controller", { CLASS_DMA, "DMA controller", NULL, false } },
	{ "dma", { CLASS_DMA, "DMA controller", NULL, false } },
};

static bool is_called(struct dt_node node, const char *name)
{
	const char *has = dt_name(node);
	size_t length = strlen(name);

	if (strncmp(has, name, length))
		return false;
	for (has += length; *has >= '0' && *has <= '9'; has++)
		;
	return *has == '@';
}

/* Controllers of pins, power and clocks carry the property as well: those serve no device here. */
static bool is_interrupt_controller(struct dt_node node)
{
	const char *name = dt_name(node);

	return dt_property(node, "interrupt-controller", NULL) && dt_property(node, "reg", NULL) &&
	       (strstr(name, "interrupt-controller") || strstr(name, "plic") ||
		strstr(name, "gic") || strstr(name, "intc") || strstr(name, "imsics") ||
		strstr(name, "aplic"));
}

/* Behind a controller that has its own way to name what is on it, "reg" is no register. */
static bool is_behind_controller(struct dt_node node)
{
	struct dt_node parent = dt_parent(node);
	const char *type = dt_string(parent, "device_type");

	if (!dt_exists(parent))
		return false;
	return (type && !strncmp(type, "pci", 3)) || dt_u32(parent, "#size-cells", 1) == 0;
}

/* Clocks and power around a USB controller, which is inside: not that itself. */
static bool is_wrapper(struct dt_node node)
{
	dt_for_each_child(child, node)
		if (dt_compatible(child, 0) && (is_called(child, "usb") || is_called(child, "dwc")))
			return true;
	return false;
}

struct kind kind_of(struct dt_node node)
{
	const char *type = dt_string(node, "device_type");

	if (!dt_compatible(node, 0) || is_behind_controller(node))
		return (struct kind){ CLASS_NONE, NULL, NULL, false };
	if (type && !strncmp(type, "pci", 3))
		return pcie_kind(node);
	if (dt_is_compatible(node, "virtio,mmio"))
		return (struct kind){ CLASS_VIRTIO, "virtio-mmio", NULL, false };
	if (is_interrupt_controller(node))
		return (struct kind){ CLASS_INTERRUPTS, "interrupt controller", NULL, false };
	if (dt_property(node, "reg", NULL))
		for (unsigned i = 0; i < sizeof(named) / sizeof(*named); i++)
			if (is_called(node, named[i].name) && !is_wrapper(node))
				return named[i].kind;
	return (struct kind){ CLASS_OTHER, NULL, NULL, false };
}

const char *class_name(enum node_class class)
{
	static const char *const names[] = {
		[CLASS_NONE] = "none", [CLASS_PCIE] = "pcie", [CLASS_NVME] = "nvme",
		[CLASS_SATA] = "sata", [CLASS_UFS] = "ufs", [CLASS_MMC] = "mmc",
		[CLASS_VIRTIO] = "virtio", [CLASS_USB] = "usb", [CLASS_ETHERNET] = "ethernet",
		[CLASS_UART] = "uart", [CLASS_INTERRUPTS] = "interrupts", [CLASS_DMA] = "dma",
		[CLASS_OTHER] = "other",
	};

	return names[class];
}
