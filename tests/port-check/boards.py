# SPDX-License-Identifier: BSD-2-Clause
"""
What is known of some boards, so what port-check must find out. The trees are Linux's, or in dts/
where Linux 6.1 had none.

dma: path of the node -> coherency, and the windows on memory, (bus address, CPU's, bytes), that
the tree gives it; [] is all of memory.
"""
from dataclasses import dataclass, field

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


@dataclass
class Board:
    tree: str
    cpu: str
    cache: str              # how caches are operated by address; None: not at all
    console: tuple          # node, and the driver; None: nothing drives it
    pcie: set = field(default_factory=set)      # kinds of the hosts that are enabled
    ecam: dict = field(default_factory=dict)    # host that would bind -> buses
    dma: dict = field(default_factory=dict)
    ram: int = None         # bytes; None: the firmware says
    load: int = None        # where U-Boot is to load the image; None: no matter


ALL = []
DW, ECAM, PLDA = "PCIe: DesignWare", "PCIe: true ECAM", "PCIe: PLDA"

BOARDS = [
    # ---- coherent ----
    Board("visionfive2", "sifive,u74-mc", None, ("/soc/serial@10000000", "ns16550"), {PLDA},
          dma={"/soc/pcie@940000000": ("coherent", ALL), "/soc/mmc@16010000": ("coherent", ALL)},
          ram=8 * GIB, load=0x40200000),
    Board("riscv/sifive/hifive-unmatched-a00", "sifive,bullet0", None,
          ("/soc/serial@10010000", "sifive_uart"), {DW},
          dma={"/soc/pcie@e00000000": ("coherent", ALL)}, ram=16 * GIB, load=0x80200000),
    Board("riscv/microchip/mpfs-icicle-kit", "sifive,u54-mc", None,
          ("/soc/serial@20100000", "ns16550"), {PLDA},
          dma={"/soc/mmc@20008000": ("coherent", ALL),
               "/pcie@3000000000": ("coherent", [(0, 0, 4 * GIB)])}, ram=2 * GIB),
    Board("arm64/marvell/armada-8040-mcbin", "arm,cortex-a72", "dc by VA",
          ("/ap806/config-space@f0000000/serial@512000", "ns16550"), {DW},
          dma={"/cp0/pcie@f2600000": ("coherent", ALL),
               "/cp0/config-space@f2000000/sata@540000": ("coherent", ALL)}, ram=2 * GIB),
    Board("arm64/freescale/fsl-lx2160a-honeycomb", "arm,cortex-a72", "dc by VA",
          ("/soc/serial@21c0000", "pl011"),
          dma={"/soc/sata@3200000": ("coherent", [(0, 0, 1 << 48)]),
               "/soc/usb@3100000": ("maintained", [(0, 0, 1 << 48)])}, ram=2 * GIB),
    Board("jetson-orin", "arm,cortex-a78", "dc by VA", (None, None),
          {"PCIe: DesignWare with an ECAM window"},
          dma={"/bus@0/pcie@141a0000": ("coherent", [(0, 0, 512 * GIB)])}),
    Board("arm64/amd/amd-overdrive-rev-b1", "arm,cortex-a57", "dc by VA",
          ("/smb/serial@e1010000", "pl011"), {ECAM}, {"/smb/pcie@f0000000": 128},
          dma={"/smb/pcie@f0000000": ("coherent", [(0, 0, 1 << 40)])}),
    Board("arm64/arm/juno-r1", "arm,cortex-a57", "dc by VA", ("/serial@7ff80000", "pl011"),
          {ECAM}, {"/pcie@40000000": 256},
          dma={"/pcie@40000000": ("coherent", [(0x80000000, 0x80000000, 2 * GIB),
                                               (0x800000000, 0x800000000, 8 * GIB)]),
               "/usb@7ffc0000": ("maintained", ALL)}, ram=8 * GIB - 16 * MIB),

    # ---- not coherent, standard operations ----
    Board("bananapi-f3", "spacemit,x60", "Zicbom", ("/soc/serial@d4017000", "ns16550"), {DW},
          dma={"/soc/storage-bus/mmc@d4281000": ("maintained", [(0, 0, 2 * GIB)]),
               "/soc/pcie-bus/pcie@ca800000":
               ("maintained", [(0, 0, 2 * GIB), (0xb8000000, 0x138000000, 0x348000000)])},
          ram=4 * GIB, load=0x200000),
    Board("arm64/freescale/imx8mp-evk", "arm,cortex-a53", "dc by VA",
          ("/soc@0/bus@30800000/serial@30890000", None), {DW},
          dma={"/soc@0/bus@30800000/mmc@30b50000": ("maintained", ALL),
               "/soc@0/usb@32f10108/usb@38200000":
               ("maintained", [(0x40000000, 0x40000000, 3 * GIB)])},
          ram=6 * GIB, load=0x42000000),
    Board("rock-5b", "arm,cortex-a55", "dc by VA", ("/serial@feb50000", "ns16550"), {DW},
          dma={"/pcie@fe150000": ("maintained", ALL),
               "/interrupt-controller@fe600000/msi-controller@fe640000": ("maintained", ALL)}),
    Board("arm64/broadcom/bcm2711-rpi-4-b", "arm,cortex-a72", "dc by VA",
          ("/soc/serial@7e215040", "ns16550"), {"PCIe: Broadcom STB"},
          dma={"/scb/pcie@7d500000": ("maintained", [(0, 0, 3 * GIB)]),
               "/soc/mmc@7e300000": ("maintained", [(0xc0000000, 0, GIB)])}),
    Board("raspberrypi5", "arm,cortex-a76", "dc by VA",
          ("/soc@107c000000/serial@7d001000", "pl011"),
          {"PCIe: Broadcom STB"},
          dma={"/axi/pcie@1000110000": ("maintained", [(0x1000000000, 0, 64 * GIB)]),
               "/soc@107c000000/mmc@fff000": ("maintained", [(0, 0, 2 * GIB)])}, ram=2 * GIB),
    Board("arm64/nvidia/tegra210-p3450-0000", "arm,cortex-a57", "dc by VA",
          ("/serial@70006000", "ns16550"), {"PCIe: the vendor's own"},
          dma={"/pcie@1003000": ("maintained", ALL)}, ram=4 * GIB),

    # ---- not coherent, the vendor's operations, or none ----
    Board("licheepi4a", "thead,c910", "T-Head CMO", ("/soc/serial@ffe7014000", "ns16550"),
          dma={"/soc/mmc@ffe7080000": ("maintained", ALL),
               "/soc/dma-controller@ffefc00000": ("maintained", ALL)}, ram=8 * GIB),
    Board("pioneer", "thead,c920", "T-Head CMO", ("/soc/serial@7040000000", "ns16550"),
          {"PCIe: Cadence"}, dma={"/soc/pcie@7060000000": ("maintained", ALL)}, ram=128 * GIB),
    Board("megrez", "sifive,p550", None, ("/soc/serial@50900000", "ns16550"),
          dma={"/soc/sata@50420000": ("unusable", ALL), "/soc/mmc@50450000": ("coherent", ALL)},
          ram=16 * GIB),
]
