/* SPDX-License-Identifier: BSD-2-Clause */
/* A file for boards/, filled in as far as the tree goes. */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include "tools/port-check/port_check.h"

/* Where a UART takes the byte to send, of those whose first register it is not. */
static const struct {
	const char *compatible;
	unsigned offset;
} transmit[] = {
	{ "fsl,imx6q-uart", 0x40 },
	{ "fsl,imx21-uart", 0x40 },
	{ "cdns,uart-r1p12", 0x30 },
	{ "xlnx,xuartps", 0x30 },
	{ "fsl,imx7ulp-lpuart", 0x1c },
	{ "fsl,imx8qxp-lpuart", 0x1c },
	{ "samsung,exynos4210-uart", 0x20 },
	{ "renesas,scif", 0x0c },
	{ "amlogic,meson-gx-uart", 0x00 },
};

static bool transmit_register(const struct node_facts *n, u64 *address)
{
	*address = n->address + dt_u32(n->node, "reg-offset", 0);
	if (n->binding == WOULD_BIND)
		return true;
	for (unsigned i = 0; i < sizeof(transmit) / sizeof(*transmit); i++)
		if (dt_is_compatible(n->node, transmit[i].compatible)) {
			*address = n->address + transmit[i].offset;
			return true;
		}
	return false;
}

/* "starfive,visionfive-2" as an identifier: the name of the file, too. */
static void symbol_of(const char *compatible, char *to, size_t bytes)
{
	size_t n = 0;

	for (; *compatible && n < bytes - 1; compatible++)
		to[n++] = isalnum((unsigned char)*compatible) ? *compatible : '_';
	to[n] = '\0';
}

static void print_string(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
	putchar('"');
}

static void print_early_uart(const struct facts *f, const char *symbol)
{
	const struct node_facts *n = f->console.node;
	u64 address;

	if (!n || n->reg_error || !transmit_register(n, &address))
		return;
	printf("/* %s: what goes wrong before the tree is read is said here. */\n"
	       "EARLY_UART(%s_uart) = { .transmit = 0x%" PRIx64 ", .io_width = %u };\n\n",
	       n->compatible, symbol, address, dt_u32(n->node, "reg-io-width", 4));
}

void print_skeleton(const struct facts *f)
{
	const char *compatible = dt_compatible(dt_root(), 0);
	bool early = f->cpu.isa == ISA_AARCH64;		/* elsewhere the firmware prints */
	char symbol[64];

	symbol_of(compatible ? compatible : "some_board", symbol, sizeof(symbol));
	printf("/* SPDX-License-Identifier: BSD-2-Clause */\n"
	       "/* %s. boards/%s.c, from its device tree. */\n",
	       *f->model ? f->model : "A board", symbol);
	if (early)
		printf("#include \"arch/arch.h\"\n");
	printf("#include \"lib/board.h\"\n\n");
	if (early)
		print_early_uart(f, symbol);
	printf("BOARD(%s) = {\n\t.name = ", symbol);
	print_string(*f->model ? f->model : "some board");
	printf(",\n\t.compatible = (const char *const[]){ ");
	print_string(compatible ? compatible : "vendor,board");
	printf(", NULL },\n};\n");
}
