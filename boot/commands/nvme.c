/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "boot/commands/blk.h"
#include "boot/monitor/line.h"
#include "boot/monitor/words.h"
#include "drivers/nvme/nvme.h"
#include "lib/command.h"
#include "lib/console.h"

enum { CLASS = 0x010802, ERRORS_SHOWN = 16, FORMATS_MAX = 64 };
enum { KELVIN = 273, DATA_UNIT_BYTES = 512000, FORMAT_TIMEOUT_US = 1800 * 1000 * 1000 };

/* ---- Which there are ---- */

static void print_namespaces(const struct nvme_controller *c)
{
	char size[SIZE_TEXT_BYTES];

	for (const struct nvme_namespace *n = c->namespaces; n; n = n->next)
		console_print("  %s: %s, blocks of %u%s\n", n->block.name,
			      size_text(n->block.limits.block_count << n->block_shift, size),
			      n->block.limits.block_size,
			      n->block.limits.read_only ? ", read-only" : "");
}

static void print_controller(const struct nvme_controller *c)
{
	console_print("%s: %s, firmware %s, serial %s, %s\n", c->name, c->model, c->firmware,
		      c->serial, c->device->name);
	if (c->dead)
		console_print("  not usable: %s\n", c->dead);
}

static int list(void)
{
	unsigned count = 0;

	for (struct nvme_controller *c = nvme_first(); c; c = c->next, count++) {
		print_controller(c);
		print_namespaces(c);
	}
	for (struct device *dev = device_first(); dev; dev = dev->next)
		if (dev->id.bus == BUS_PCI && dev->id.class_code == CLASS && !dev->driver) {
			console_print("%s: not usable: %s\n", dev->name, dev->reason);
			count++;
		}
	if (!count)
		console_print("There is no NVMe controller; `pci` lists what there is.\n");
	return 0;
}

/* ---- One of them ---- */

static void print_queue(const char *name, const struct nvme_queue *q)
{
	console_print("  %s queues of %u, %u in flight at most: %" PRIu64 " commands, %" PRIu64
		      " + %" PRIu64 " doorbell rings, %" PRIu64 " completions refused\n", name,
		      q->entries, q->slots, q->counters.commands, q->counters.tail_bells,
		      q->counters.head_bells, q->counters.refused);
}

static int details(struct nvme_controller *c)
{
	char size[SIZE_TEXT_BYTES], memory[SIZE_TEXT_BYTES];

	print_controller(c);
	console_print("  NVMe %u.%u, at most %s a command, data by %s\n", c->version >> 16,
		      c->version >> 8 & 0xff, size_text(c->max_transfer, size),
		      c->sgls ? "SGL" : "PRP");
	console_print("  write cache: %s; shadow doorbells: %s; memory of ours: %s\n",
		      c->volatile_cache ? "volatile" : "none", c->io.shadow ? "yes" : "no",
		      c->host_memory.cpu ? size_text(c->host_memory.bytes, memory) : "none");
	print_queue("admin", &c->admin);
	print_queue("I/O", &c->io);
	console_print("  resets: %" PRIu32 "\n", c->resets);
	print_namespaces(c);
	return 0;
}

/* A refusal, or no answer, in words. */
static int explain(const struct nvme_controller *c, int result)
{
	if (result)
		console_print("%s: %s\n", c->name, c->dead ? c->dead : nvme_words(result));
	return result > 0 ? -EIO : result;
}

static int get_log(struct nvme_controller *c, enum nvme_log log, void *page, size_t bytes)
{
	struct nvme_command command = {
		.opcode = NVME_GET_LOG_PAGE,
		.nsid = le32_put(UINT32_MAX),
		.cdw10 = le32_put((u32)(bytes / 4 - 1) << 16 | log),
	};

	return explain(c, nvme_ask(c, &command, page, bytes, 0, NULL));
}

static void print_warnings(unsigned bits)
{
	static const char *const words[] = {
		"spare space runs out", "its temperature is out of range",
		"its reliability is degraded", "it is read-only now",
		"its memory backup has failed", "its persistent memory is read-only",
	};

	for (unsigned i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (bits >> i & 1)
			console_print("  warning: %s\n", words[i]);
}

static int health(struct nvme_controller *c)
{
	struct nvme_smart s;
	char read[SIZE_TEXT_BYTES], written[SIZE_TEXT_BYTES];
	int error = get_log(c, NVME_LOG_SMART, &s, sizeof(s));

	if (error)
		return error;
	print_warnings(s.critical_warning);
	console_print("  %d degrees Celsius; spare %u %% (at least %u %%), worn %u %%\n",
		      load_le16(s.temperature) - KELVIN, s.spare, s.spare_threshold, s.used);
	console_print("  read %s, written %s, in %" PRIu64 " and %" PRIu64 " commands\n",
		      size_text(le64_get(s.units_read[0]) * DATA_UNIT_BYTES, read),
		      size_text(le64_get(s.units_written[0]) * DATA_UNIT_BYTES, written),
		      le64_get(s.reads[0]), le64_get(s.writes[0]));
	console_print("  on for %" PRIu64 " hours, %" PRIu64 " power cycles, %" PRIu64
		      " unsafe shutdowns, %" PRIu64 " media errors, %" PRIu64 " errors in all\n",
		      le64_get(s.power_on_hours[0]), le64_get(s.power_cycles[0]),
		      le64_get(s.unsafe_shutdowns[0]), le64_get(s.media_errors[0]),
		      le64_get(s.error_entries[0]));
	return 0;
}

/* What it says of itself or of a namespace, for the caller to free; NULL with an error. */
static void *identify(struct nvme_controller *c, enum nvme_cns cns, u32 nsid, int *error)
{
	struct nvme_command command = {
		.opcode = NVME_IDENTIFY,
		.nsid = le32_put(nsid),
		.cdw10 = le32_put(cns),
	};
	void *page = malloc(NVME_IDENTIFY_BYTES);

	*error = page ? explain(c, nvme_ask(c, &command, page, NVME_IDENTIFY_BYTES, 0, NULL)) :
			-ENOMEM;
	if (!*error)
		return page;
	free(page);
	return NULL;
}

/* Of more than it keeps, it says nothing. */
static int errors(struct nvme_controller *c)
{
	struct nvme_error_entry entries[ERRORS_SHOWN];
	unsigned kept = 0, count = 0;
	int error;
	struct nvme_id_controller *id = identify(c, NVME_CNS_CONTROLLER, 0, &error);

	if (id)
		kept = id->elpe < ERRORS_SHOWN ? id->elpe + 1u : ERRORS_SHOWN;
	free(id);
	if (!error)
		error = get_log(c, NVME_LOG_ERROR, entries, kept * sizeof(*entries));
	for (unsigned i = 0; !error && i < kept; i++) {
		const struct nvme_error_entry *e = &entries[i];

		if (!le64_get(e->count))
			continue;
		count++;
		console_print("  %" PRIu64 ": %s, queue %u, namespace %" PRIu32 ", lba %" PRIu64
			      "\n", le64_get(e->count),
			      nvme_status_words(le16_get(e->status) >> 1), le16_get(e->sqid),
			      le32_get(e->nsid), le64_get(e->lba));
	}
	if (!error && !count)
		console_print("  none\n");
	return error;
}

/* ---- Format ---- */

static struct nvme_controller *find(const char *name)
{
	struct nvme_controller *c = nvme_first();

	while (c && strcmp(c->name, name))
		c = c->next;
	return c;
}

/* "nvme0n1": also one that is no disk, since nothing can be done with its format. */
static struct nvme_controller *find_namespace(const char *name, u32 *id)
{
	for (struct nvme_controller *c = nvme_first(); c; c = c->next) {
		size_t n = strlen(c->name);
		char *end;

		if (strncmp(name, c->name, n) || name[n] != 'n')
			continue;
		*id = (u32)strtoul(name + n + 1, &end, 10);
		if (*id && !*end)
			return c;
	}
	return NULL;
}

/* Data blocks of @bytes and nothing else. Its index; or it says which there are. */
static int choose_format(const struct nvme_id_namespace *id, u64 bytes)
{
	unsigned last = id->nlbaf < FORMATS_MAX ? id->nlbaf : FORMATS_MAX - 1;

	for (unsigned i = 0; i <= last; i++)
		if (id->lbaf[i].lbads < 32 && 1ull << id->lbaf[i].lbads == bytes &&
		    !le16_get(id->lbaf[i].ms))
			return (int)i;
	console_print("There is no such format; without metadata there are blocks of");
	for (unsigned i = 0; i <= last; i++)
		if (id->lbaf[i].lbads && id->lbaf[i].lbads < 32 && !le16_get(id->lbaf[i].ms))
			console_print(" %llu", 1ull << id->lbaf[i].lbads);
	console_print(".\n");
	return -ENOTSUP;
}

/* What is in use has the old size of blocks, so all of it goes, and comes back. */
static int search_again(struct nvme_controller *c)
{
	while (c->namespaces)
		nvme_namespace_remove(c->namespaces, -ENXIO, "it was formatted");
	return c->dead ? -ENODEV : explain(c, nvme_namespaces_add(c));
}

static int format(struct nvme_controller *c, u32 nsid, unsigned index)
{
	struct nvme_command command = {
		.opcode = NVME_FORMAT,
		.nsid = le32_put(nsid),
		/* the upper two bits of the index: NVMe 2.0 */
		.cdw10 = le32_put((index & 0xf) | (index >> 4 & 3) << 12),
	};
	int error = explain(c, nvme_ask(c, &command, NULL, 0, FORMAT_TIMEOUT_US, NULL));
	int again = search_again(c);

	return error ? error : again;
}

/* Its index, of namespace @nsid. */
static int ask_for_format(struct nvme_controller *c, u32 nsid, u64 bytes)
{
	int index;
	struct nvme_id_namespace *id = identify(c, NVME_CNS_NAMESPACE, nsid, &index);

	if (id)
		index = choose_format(id, bytes);
	free(id);
	return index;
}

static int run_format(int argc, char **argv)
{
	struct nvme_controller *c;
	u32 nsid;
	u64 bytes;
	int index;

	if (argc < 2)
		return -EINVAL;
	if (number_parse_size(argv[1], &bytes))
		return -EINVAL;
	c = find_namespace(argv[0], &nsid);
	if (!c) {
		console_print("There is no namespace \"%s\"; `nvme` lists them.\n", argv[0]);
		return -ENOENT;
	}
	index = ask_for_format(c, nsid, bytes);
	if (index < 0)
		return index;
	if (!blk_may_write(argv[0], &argc, argv, "erases everything"))
		return -ECANCELED;
	return argc == 2 ? format(c, nsid, (unsigned)index) : -EINVAL;
}

/* ---- The command ---- */

static int run(int argc, char **argv)
{
	struct nvme_controller *c;

	if (argc == 1)
		return list();
	if (!strcmp(argv[1], "format"))
		return run_format(argc - 2, argv + 2);
	c = find(argv[1]);
	if (!c) {
		console_print("There is no controller \"%s\"; `nvme` lists them.\n", argv[1]);
		return -ENOENT;
	}
	if (argc == 2)
		return details(c);
	if (argc == 3 && !strcmp(argv[2], "health"))
		return health(c);
	if (argc == 3 && !strcmp(argv[2], "errors"))
		return errors(c);
	return -EINVAL;
}

static void complete(struct line_completion *c, size_t from)
{
	static const char *const words[] = { "format", "health", "errors" };

	for (unsigned i = 0; i < sizeof(words) / sizeof(*words); i++)
		line_offer(c, words[i], ' ');
	for (struct nvme_controller *n = nvme_first(); n; n = n->next)
		line_offer(c, n->name, ' ');
	(void)from;
}

COMMAND(nvme) = {
	.name = "nvme",
	.arguments = "[<controller> [health|errors]]|[format <namespace> <block bytes> [-f]]",
	.summary = "NVMe controllers, one in detail, its health; format a namespace",
	.details = "format erases all that the namespace has; it asks before, but for -f.",
	.run = run,
	.complete = complete,
};
