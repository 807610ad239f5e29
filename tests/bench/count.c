/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A plugin for QEMU's TCG that counts the instructions a loader takes, from its own first one to
 * the first one of the kernel it loads. Arguments, as name=value:
 *
 *   start  address of the loader's first instruction
 *   stop   the kernel's first bytes, in hexadecimal: two instructions, wherever they are
 *   relax  bytes of the instruction that is executed in each turn of a polling loop
 *   out    file to write when the kernel is entered: "ns N", the time from first to first; and
 *          "A I X W", in order of translation, for the I instructions at A: executed X times to
 *          some purpose, and W times waiting
 *   count  off: the time alone, which counting would stretch
 *
 * Waiting is what is executed between a turn of a polling loop and the next, if that is little:
 * nothing came that there was something to do about.
 *
 * For machines with one CPU. A block of instructions that is left in its middle by an exception
 * counts as whole.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * What is used of QEMU's plugin interface. Debian has no package with the header. QEMU 7.2 knows
 * version 1 of it and none later, QEMU 10 version 4 and the few before that do not count here.
 */
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info;

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t index);
void *qemu_plugin_insn_haddr(const struct qemu_plugin_insn *);
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t plugin,
					   void (*)(uint64_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *, void (*)(unsigned, void *),
					  int registers, void *data);
int qemu_plugin_n_vcpus(void) __attribute__((weak));	/* gone from version 3 on */

int qemu_plugin_version;
int qemu_plugin_install(uint64_t plugin, const struct qemu_info *, int count, char **arguments);

enum { TURN_MAX = 500 };	/* instructions: one in which nothing was done takes about 100 */

struct block {
	struct block *next;
	uint64_t address, instructions, executions, waits;
	bool relaxes;
};

static struct block *first, **last = &first;
static uint64_t start_address;
struct pattern {
	uint8_t bytes[8];
	size_t size;
};

static struct pattern stop, relax;
static const char *out;
static bool counts = true, counting;
static struct timespec begun;
/* What was executed since the last turn began, as long as it is little. */
static struct block *turn[TURN_MAX];
static unsigned turn_blocks;
static uint64_t turn_instructions;

/* QEMU asks for the version when it has loaded us, and for nothing before that. */
__attribute__((constructor)) static void choose_version(void)
{
	qemu_plugin_version = qemu_plugin_n_vcpus ? 1 : 4;
}

static int64_t ns_since(const struct timespec *then)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - then->tv_sec) * INT64_C(1000000000) + now.tv_nsec - then->tv_nsec;
}

static void at_start(unsigned cpu, void *data)
{
	(void)cpu;
	(void)data;
	if (counting || !out)
		return;
	counting = true;
	clock_gettime(CLOCK_MONOTONIC, &begun);
}

static void turn_ends(bool waited)
{
	for (unsigned i = 0; i < turn_blocks; i++)
		if (waited)
			turn[i]->waits++;
		else
			turn[i]->executions++;
	turn_blocks = 0;
}

/* The file appears whole: somebody waits for it. */
static void at_stop(unsigned cpu, void *data)
{
	int64_t ns = ns_since(&begun);
	char new[4096];
	FILE *file;

	(void)cpu;
	(void)data;
	if (!counting)
		return;
	counting = false;
	turn_ends(false);
	snprintf(new, sizeof(new), "%s.new", out);
	file = fopen(new, "w");
	if (!file) {
		perror(new);
		exit(1);
	}
	fprintf(file, "ns %" PRId64 "\n", ns);
	for (const struct block *b = first; b; b = b->next)
		if (b->executions || b->waits)
			fprintf(file, "%" PRIx64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
				b->address, b->instructions, b->executions, b->waits);
	if (fclose(file) || rename(new, out)) {
		perror(out);
		exit(1);
	}
	out = NULL;
}

static void at_block(unsigned cpu, void *data)
{
	struct block *b = data;

	(void)cpu;
	if (!counting)
		return;
	turn_instructions += b->instructions;
	if (turn_instructions <= TURN_MAX) {
		turn[turn_blocks++] = b;
	} else {
		turn_ends(false);
		b->executions++;
	}
	if (b->relaxes) {
		turn_ends(true);	/* those that are left: it was little */
		turn_instructions = 0;
	}
}

static bool is(const struct pattern *p, const struct qemu_plugin_insn *instruction)
{
	const void *bytes = qemu_plugin_insn_haddr(instruction);

	return p->size && bytes && !memcmp(bytes, p->bytes, p->size);
}

static struct block *block_add(const struct qemu_plugin_tb *tb)
{
	struct block *b = calloc(1, sizeof(*b));

	if (!b)
		abort();
	b->address = qemu_plugin_tb_vaddr(tb);
	b->instructions = qemu_plugin_tb_n_insns(tb);
	for (size_t i = 0; i < b->instructions; i++)
		b->relaxes |= is(&relax, qemu_plugin_tb_get_insn(tb, i));
	*last = b;
	last = &b->next;
	return b;
}

/* The callbacks of a block run in the order in which they were registered. */
static void translated(uint64_t plugin, struct qemu_plugin_tb *tb)
{
	(void)plugin;
	if (!out)
		return;
	if (qemu_plugin_tb_vaddr(tb) == start_address)
		qemu_plugin_register_vcpu_tb_exec_cb(tb, at_start, 0, NULL);
	if (is(&stop, qemu_plugin_tb_get_insn(tb, 0)))
		qemu_plugin_register_vcpu_tb_exec_cb(tb, at_stop, 0, NULL);
	if (counts)
		qemu_plugin_register_vcpu_tb_exec_cb(tb, at_block, 0, block_add(tb));
}

static void pattern(struct pattern *p, const char *hex)
{
	while (p->size < sizeof(p->bytes) && sscanf(hex, "%2hhx", p->bytes + p->size) == 1) {
		p->size++;
		hex += 2;
	}
}

static bool argument(const char *word)
{
	const char *value = strchr(word, '=');

	if (!value++)
		return false;
	if (!strncmp(word, "start=", 6)) {
		start_address = strtoull(value, NULL, 0);
	} else if (!strncmp(word, "stop=", 5)) {
		pattern(&stop, value);
	} else if (!strncmp(word, "relax=", 6)) {
		pattern(&relax, value);
	} else if (!strncmp(word, "out=", 4)) {
		out = strdup(value);
	} else if (!strncmp(word, "count=", 6)) {
		counts = !strcmp(value, "on");
	} else {
		return false;
	}
	return true;
}

int qemu_plugin_install(uint64_t plugin, const struct qemu_info *info, int count, char **arguments)
{
	(void)info;
	for (int i = 0; i < count; i++)
		if (!argument(arguments[i])) {
			fprintf(stderr, "count: what is %s?\n", arguments[i]);
			return 1;
		}
	if (!out || !stop.size) {
		fprintf(stderr, "count: start=, stop= and out= are needed\n");
		return 1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(plugin, translated);
	return 0;
}
