/* SPDX-License-Identifier: BSD-2-Clause */
/* Admin commands (NVMe 1.4, chapter 5). */
#include "arch/host/sim.h"
#include "tests/sim/nvme_internal.h"

enum {
	DELETE_SQ = 0x00, CREATE_SQ = 0x01, GET_LOG = 0x02, DELETE_CQ = 0x04, CREATE_CQ = 0x05,
	IDENTIFY = 0x06, ABORT = 0x08, SET_FEATURES = 0x09, GET_FEATURES = 0x0a,
	DOORBELL_BUFFERS = 0x7c, FORMAT = 0x80,
};
enum { FEATURE_CACHE = 0x06, FEATURE_QUEUES = 0x07, FEATURE_TRANSITIONS = 0x0c,
	FEATURE_HMB = 0x0d };
enum { OACS_FORMAT = 1 << 1, OACS_DOORBELLS = 1 << 8, IDENTIFY_BYTES = 4096 };
enum { KELVIN = 273, ERRORS_KEPT = 2 };

static struct data data;

/* ---- Queues (5.3 to 5.6) ---- */

static bool queue_is_wrong(struct sim_nvme *s, const u8 *entry, u16 id, const char *what)
{
	u32 size = (dword(entry, 10) >> 16) + 1, most = (u32)(s->cap & 0xffff) + 1;
	u32 flags = dword(entry, 11);
	u64 base = get64(entry, 24);

	if (!id || id >= SIM_NVME_QUEUES || id > (s->granted ? s->granted : 1))
		blame(s, "%s queue %u is created; %" PRIu32 " were granted", what, id, s->granted);
	else if (size < 2 || size > most)
		blame(s, "%s queue of %" PRIu32 " entries; it has %" PRIu32, what, size, most);
	else if (base % page_bytes(s) || !base)
		blame(s, "%s queue at 0x%" PRIx64, what, base);
	else if (!(flags & 1))
		blame(s, "%s queue that is not contiguous", what);
	else if ((s->cc >> 16 & 15) != 6 || (s->cc >> 20 & 15) != 4)
		blame(s, "a queue before CC.IOSQES and IOCQES are right: 0x%" PRIx32, s->cc);
	else
		return false;
	return true;
}

static u16 create_cq(struct sim_nvme *s, const u8 *entry)
{
	u16 id = (u16)dword(entry, 10);

	if (queue_is_wrong(s, entry, id, "completion"))
		return INVALID_QUEUE;
	if (s->cq[id].exists) {
		blame(s, "completion queue %u is created twice", id);
		return INVALID_QUEUE;
	}
	s->cq[id] = (struct sim_nvme_queue){ .exists = true, .base = get64(entry, 24),
					     .size = (dword(entry, 10) >> 16) + 1, .phase = true };
	return OK;
}

static u16 create_sq(struct sim_nvme *s, const u8 *entry)
{
	u16 id = (u16)dword(entry, 10), completion = dword(entry, 11) >> 16;

	if (queue_is_wrong(s, entry, id, "submission"))
		return INVALID_QUEUE;
	if (!completion || completion >= SIM_NVME_QUEUES || !s->cq[completion].exists ||
	    s->sq[id].exists) {
		blame(s, "submission queue %u with completion queue %u", id, completion);
		return CQ_INVALID;
	}
	s->sq[id] = (struct sim_nvme_queue){
		.exists = true, .base = get64(entry, 24), .size = (dword(entry, 10) >> 16) + 1,
		.completion = completion, .awake = true,
	};
	return OK;
}

static u16 delete_sq(struct sim_nvme *s, const u8 *entry)
{
	u16 id = (u16)dword(entry, 10);

	if (!id || id >= SIM_NVME_QUEUES || !s->sq[id].exists)
		return INVALID_QUEUE;
	for (unsigned i = s->held_count; i-- > 0;)
		if (s->held[i].queue == id)
			held_drop(s, &s->held[i]);
	s->sq[id].exists = false;
	return OK;
}

static u16 delete_cq(struct sim_nvme *s, const u8 *entry)
{
	u16 id = (u16)dword(entry, 10);

	if (!id || id >= SIM_NVME_QUEUES || !s->cq[id].exists)
		return INVALID_QUEUE;
	for (unsigned i = 1; i < SIM_NVME_QUEUES; i++)
		if (s->sq[i].exists && s->sq[i].completion == id) {
			blame(s, "completion queue %u deleted before submission queue %u", id, i);
			return INVALID_DELETION;
		}
	posts_drop(s, id);
	s->cq[id].exists = false;
	return OK;
}

/* ---- Identify (5.15) ---- */

static void text(u8 *to, unsigned bytes, const char *from)
{
	memset(to, ' ', bytes);
	memcpy(to, from, strlen(from));
}

static void identify_controller(struct sim_nvme *s, u8 *c)
{
	put(c, 0, 2, 0x1234);
	put(c, 2, 2, 0x1234);
	text(c + 4, 20, "SN0123");
	text(c + 24, 40, "Simulated NVMe");
	text(c + 64, 8, "1.0");
	c[77] = s->mdts;
	put(c, 78, 2, 1);
	put(c, 80, 4, s->vs);
	put(c, 84, 4, 100000);
	put(c, 88, 4, 2000000);
	c[111] = 1;
	put(c, 256, 2, s->oacs);
	c[258] = 3;				/* four aborts at once */
	c[262] = ERRORS_KEPT - 1;
	c[263] = s->power_states;
	c[265] = s->transitions;
	put(c, 266, 2, KELVIN + 80);
	put(c, 268, 2, KELVIN + 90);
	put(c, 272, 4, s->hmpre);
	put(c, 276, 4, s->hmmin);
	c[512] = 0x66;
	c[513] = 0x44;
	put(c, 516, 4, s->nn);
	put(c, 520, 2, s->oncs);
	c[525] = s->vwc;
	put(c, 536, 4, s->sgls);
	text(c + 768, 0, "");
	memcpy(c + 768, "nqn.2026-11.example:simulated", 29);
}

static void identify_namespace(const struct sim_nvme_namespace *ns, u8 *n)
{
	put(n, 0, 8, ns->blocks);
	put(n, 8, 8, ns->blocks);
	put(n, 16, 8, ns->blocks);
	n[25] = SIM_NVME_FORMATS - 1;
	n[26] = ns->format | (ns->extended ? 1 << 4 : 0);
	n[27] = 3;
	n[28] = 0x1f;
	n[29] = ns->protection;
	n[33] = 1;				/* deallocated blocks read as zero */
	n[99] = ns->write_protected;
	memset(n + 104, (int)ns->nsid, 16);
	memset(n + 120, (int)ns->nsid, 8);
	for (unsigned i = 0; i <= n[25]; i++) {
		put(n, 128 + 4 * i, 2, sim_nvme_formats[i].metadata);
		n[128 + 4 * i + 2] = sim_nvme_formats[i].shift;
	}
}

/* Those above @after, in order (5.15.2.2). */
static void list_namespaces(struct sim_nvme *s, u32 after, u8 *to)
{
	for (unsigned n = 0; n < IDENTIFY_BYTES / 4; n++) {
		u32 best = 0;

		for (unsigned i = 0; i < SIM_NVME_NAMESPACES; i++)
			if (s->ns[i].nsid > after && (!best || s->ns[i].nsid < best))
				best = s->ns[i].nsid;
		if (!best)
			return;
		put(to, 4 * n, 4, best);
		after = best;
	}
}

static u16 identify(struct sim_nvme *s, const u8 *entry)
{
	u8 bytes[IDENTIFY_BYTES] = { 0 };
	u32 nsid = get32(entry, 4), cns = dword(entry, 10) & 0xff;
	const struct sim_nvme_namespace *ns = sim_nvme_find(s, nsid);

	if ((cns == 0 || cns == 3) && (!nsid || nsid > s->nn))
		return INVALID_NAMESPACE | SIM_NVME_DNR;
	if (cns == 0 && ns) {
		identify_namespace(ns, bytes);
	} else if (cns == 1) {
		identify_controller(s, bytes);
	} else if (cns == 2 && !s->no_list) {
		list_namespaces(s, nsid, bytes);
	} else if (cns == 3 && ns && !s->no_descriptors) {
		bytes[0] = 2;			/* NGUID */
		bytes[1] = 16;
		memset(bytes + 4, (int)nsid, 16);
	} else if (cns != 0) {
		return INVALID_FIELD | SIM_NVME_DNR;
	}
	if (!data_find(s, entry, true, true, IDENTIFY_BYTES, &data))
		return INVALID_FIELD;
	if (s->twist)
		s->twist(s, SIM_NVME_SAYS_DATA, IDENTIFY | cns << 8, bytes, sizeof bytes);
	data_put(s, &data, bytes, sizeof bytes);
	return OK;
}

/* ---- Log pages (5.14) ---- */

static u64 log_bytes(const u8 *entry)
{
	return ((u64)(dword(entry, 10) >> 16 | (dword(entry, 11) & 0xffff) << 16) + 1) * 4;
}

static u16 get_log(struct sim_nvme *s, const u8 *entry)
{
	u8 page[4096] = { 0 };
	u64 bytes = log_bytes(entry);
	u32 log = dword(entry, 10) & 0xff;

	if (bytes > sizeof page)
		return INVALID_FIELD | SIM_NVME_DNR;
	if (bytes > (log == 1 ? ERRORS_KEPT * 64 : 512))
		blame(s, "%" PRIu64 " bytes of log page %" PRIu32, bytes, log);
	if (log == 1) {
		put(page, 0, 8, 7);		/* the seventh error: queue 1, a medium's, LBA 5 */
		put(page, 8, 2, 1);
		put(page, 10, 2, 9);
		put(page, 12, 2, UNRECOVERED_READ << 1);
		put(page, 16, 8, 5);
		put(page, 24, 4, 1);
	} else if (log == 2) {
		put(page, 1, 2, KELVIN + 42);
		page[3] = 100;
		page[4] = 10;
		page[5] = 3;
		put(page, 32, 8, 1000);		/* in units of 512,000 bytes */
		put(page, 48, 8, 2000);
		put(page, 112, 8, 12);
		put(page, 128, 8, 345);
		put(page, 144, 8, s->unsafe_shutdowns);
		put(page, 176, 8, 7);
	} else {
		return INVALID_LOG | SIM_NVME_DNR;
	}
	if (!data_find(s, entry, true, true, bytes, &data))
		return INVALID_FIELD;
	if (s->twist)
		s->twist(s, SIM_NVME_SAYS_DATA, GET_LOG | log << 8, page, bytes);
	data_put(s, &data, page, bytes);
	return OK;
}

/* ---- Features (5.21) ---- */

static u16 set_host_memory(struct sim_nvme *s, const u8 *entry)
{
	u64 list = dword(entry, 13) | (u64)dword(entry, 14) << 32, pages = 0;
	u32 count = dword(entry, 15), page = page_bytes(s);

	if (!(dword(entry, 11) & 1)) {
		s->hmb_taken_back += s->hmb_count > 0;
		s->hmb_count = 0;
		return OK;
	}
	if (!s->hmpre || s->hmb_count || list % 16 || !count || count > SIM_NVME_HMB_PIECES) {
		blame(s, "a host memory buffer of %" PRIu32 " pieces, listed at 0x%" PRIx64, count,
		      list);
		return INVALID_FIELD;
	}
	for (u32 i = 0; i < count; i++) {
		u8 descriptor[16];

		memory_read(s, list + 16 * i, descriptor, sizeof descriptor);
		s->hmb[i].at = get64(descriptor, 0);
		s->hmb[i].bytes = (u64)get32(descriptor, 8) * page;
		pages += get32(descriptor, 8);
		if (s->hmb[i].at % page || !s->hmb[i].bytes) {
			blame(s, "a piece of host memory at 0x%" PRIx64, s->hmb[i].at);
			return INVALID_FIELD;
		}
	}
	if (pages != dword(entry, 12) || pages * page < (u64)s->hmmin * 4096)
		blame(s, "a host memory buffer of %" PRIu64 " pages, announced as %" PRIu32, pages,
		      dword(entry, 12));
	s->hmb_count = count;
	s->hmb_given++;
	return OK;
}

static u16 set_transitions(struct sim_nvme *s, const u8 *entry)
{
	if (!s->transitions)
		return INVALID_FIELD | SIM_NVME_DNR;
	if (!data_find(s, entry, true, false, sizeof s->transition_table, &data))
		return INVALID_FIELD;
	data_get(s, &data, s->transition_table, sizeof s->transition_table);
	s->transitions_set++;
	return OK;
}

static u16 features(struct sim_nvme *s, const u8 *entry, bool set, u32 *result)
{
	u32 value = dword(entry, 11), submission = value & 0xffff, completion = value >> 16;

	switch (dword(entry, 10) & 0xff) {
	case FEATURE_CACHE:
		if (!s->vwc)
			return INVALID_FIELD | SIM_NVME_DNR;
		if (set)
			s->cache_on = value & 1;
		*result = s->cache_on;
		return OK;
	case FEATURE_QUEUES:
		if (set && (submission == 0xffff || completion == 0xffff))
			return INVALID_FIELD | SIM_NVME_DNR;
		*result = (s->queue_pairs - 1) * 0x10001;
		s->granted = s->queue_pairs;
		return OK;
	case FEATURE_TRANSITIONS:
		return set ? set_transitions(s, entry) : INVALID_FIELD;
	case FEATURE_HMB:
		if (set)
			return set_host_memory(s, entry);
		*result = s->hmb_count > 0;
		return OK;
	}
	return INVALID_FIELD | SIM_NVME_DNR;
}

/* ---- The others ---- */

static u16 abort_command(struct sim_nvme *s, const u8 *entry, u32 *result)
{
	u16 queue = (u16)dword(entry, 10), id = dword(entry, 10) >> 16;
	struct sim_nvme_command *c = held_find(s, queue, id);

	s->abort_commands++;
	*result = 1;
	if (s->aborts == SIM_NVME_GRANTS_ABORTS && c && !c->event) {
		held_drop(s, c);
		complete(s, queue, id, ABORTED, 0);
		*result = 0;
	}
	return OK;
}

static u16 set_doorbell_buffers(struct sim_nvme *s, const u8 *entry)
{
	u64 shadow = get64(entry, 24), event = get64(entry, 32);

	if (!(s->oacs & OACS_DOORBELLS))
		return INVALID_OPCODE | SIM_NVME_DNR;
	if (shadow % page_bytes(s) || event % page_bytes(s) || !shadow || !event) {
		blame(s, "shadow doorbells at 0x%" PRIx64 " and 0x%" PRIx64, shadow, event);
		return INVALID_FIELD;
	}
	s->shadow = shadow;
	s->event = event;
	return OK;
}

static u16 format(struct sim_nvme *s, const u8 *entry)
{
	struct sim_nvme_namespace *ns = sim_nvme_find(s, get32(entry, 4));
	u32 how = dword(entry, 10), new = how & 15;
	u64 bytes;

	if (!(s->oacs & OACS_FORMAT))
		return INVALID_OPCODE | SIM_NVME_DNR;
	if (!ns)
		return INVALID_NAMESPACE | SIM_NVME_DNR;
	if (ns->write_protected)
		return WRITE_PROTECTED;
	if (new >= SIM_NVME_FORMATS)
		return INVALID_FORMAT | SIM_NVME_DNR;
	if (sim_nvme_in_flight(s) > 1)
		blame(s, "a format while other commands are in flight");
	bytes = ns->blocks << sim_nvme_formats[ns->format].shift;
	if (ns->store)
		memset(ns->store, 0, bytes);
	ns->format = (u8)new;
	ns->extended = how >> 4 & 1;
	ns->protection = how >> 5 & 7;
	ns->blocks = bytes >> sim_nvme_formats[new].shift;
	return OK;
}

u16 admin_execute(struct sim_nvme *s, const u8 *entry, u32 *result)
{
	switch (entry[0]) {
	case DELETE_SQ:
		return delete_sq(s, entry);
	case CREATE_SQ:
		return create_sq(s, entry);
	case GET_LOG:
		return get_log(s, entry);
	case DELETE_CQ:
		return delete_cq(s, entry);
	case CREATE_CQ:
		return create_cq(s, entry);
	case IDENTIFY:
		return identify(s, entry);
	case ABORT:
		return abort_command(s, entry, result);
	case SET_FEATURES:
	case GET_FEATURES:
		return features(s, entry, entry[0] == SET_FEATURES, result);
	case DOORBELL_BUFFERS:
		return set_doorbell_buffers(s, entry);
	case FORMAT:
		return format(s, entry);
	}
	return INVALID_OPCODE | SIM_NVME_DNR;
}

u64 admin_bytes(const struct sim_nvme *s, const u8 *entry, bool *to_host)
{
	(void)s;
	*to_host = true;
	if (entry[0] == IDENTIFY)
		return IDENTIFY_BYTES;
	return entry[0] == GET_LOG ? log_bytes(entry) : 0;
}
