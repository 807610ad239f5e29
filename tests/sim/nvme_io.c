/* SPDX-License-Identifier: BSD-2-Clause */
/* I/O commands (NVMe 1.4, chapter 6), and what namespaces hold. */
#include "arch/host/sim.h"
#include "tests/sim/nvme_internal.h"

enum { FLUSH = 0x00, WRITE = 0x01, READ = 0x02, COMPARE = 0x05, WRITE_ZEROES = 0x08, DSM = 0x09 };
enum { ONCS_COMPARE = 1 << 0, ONCS_DSM = 1 << 2, ONCS_WRITE_ZEROES = 1 << 3 };
enum { FUA = 1 << 30, PRACT = 1 << 29, PRCHK_REFERENCE = 1 << 26, DSM_DEALLOCATE = 1 << 2 };
enum { BLOCK_MAX = 4096 };
#define ALL_NAMESPACES 0xffffffffu

static struct data data;

struct sim_nvme_namespace *sim_nvme_find(struct sim_nvme *s, u32 nsid)
{
	for (unsigned i = 0; nsid && i < SIM_NVME_NAMESPACES; i++)
		if (s->ns[i].nsid == nsid)
			return &s->ns[i];
	return NULL;
}

u32 sim_nvme_block_bytes(const struct sim_nvme_namespace *ns)
{
	return 1u << sim_nvme_formats[ns->format].shift;
}

/* Each word is another one, wherever it is. */
void sim_nvme_patterns(u8 *to, u32 nsid, u64 at, size_t bytes)
{
	while (bytes) {
		u64 word = (at / 8 * 2 + 1) * 0x9e3779b97f4a7c15 ^ nsid;
		size_t skip = at % 8, n = bytes < 8 - skip ? bytes : 8 - skip;

		memcpy(to, (u8 *)&word + skip, n);
		to += n;
		at += n;
		bytes -= n;
	}
}

u8 sim_nvme_pattern(u32 nsid, u64 at)
{
	u8 byte;

	sim_nvme_patterns(&byte, nsid, at, 1);
	return byte;
}

u64 sim_nvme_unsafe_blocks(const struct sim_nvme_namespace *ns)
{
	u64 count = 0;

	for (u64 i = 0; ns->cached && i < ns->blocks; i++)
		count += ns->cached[i];
	return count;
}

/* ---- What a command is about ---- */

static u64 first_block(const u8 *entry)
{
	return get64(entry, 40);
}

static u32 block_count(const u8 *entry)
{
	return (dword(entry, 12) & 0xffff) + 1;
}

/*
 * Metadata moves with the data (extended blocks), or to where MPTR says; but of formats whose
 * metadata is protection information alone, nothing moves where the controller makes and checks it
 * (PRACT; 8.3.1.3).
 */
static u32 metadata_bytes(const struct sim_nvme_namespace *ns, const u8 *entry)
{
	u32 bytes = sim_nvme_formats[ns->format].metadata;

	return ns->protection && bytes == 8 && dword(entry, 12) & PRACT ? 0 : bytes;
}

u64 io_bytes(struct sim_nvme *s, const u8 *entry, bool *to_host)
{
	const struct sim_nvme_namespace *ns = sim_nvme_find(s, get32(entry, 4));

	*to_host = entry[0] == READ;
	if (entry[0] == DSM)
		return 16 * ((dword(entry, 10) & 0xff) + 1);
	if (!ns || (entry[0] != READ && entry[0] != WRITE && entry[0] != COMPARE))
		return 0;
	return (u64)block_count(entry) * (sim_nvme_block_bytes(ns) +
					  (ns->extended ? metadata_bytes(ns, entry) : 0));
}

static u16 range_status(const struct sim_nvme_namespace *ns, u64 lba, u64 blocks)
{
	return lba > ns->blocks || blocks > ns->blocks - lba ? LBA_OUT_OF_RANGE | SIM_NVME_DNR : OK;
}

static bool has_bad_block(const struct sim_nvme_namespace *ns, u64 lba, u64 blocks)
{
	return ns->bad_lba && ns->bad_lba >= lba && ns->bad_lba - lba < blocks;
}

/* ---- Blocks ---- */

static void block_get(const struct sim_nvme_namespace *ns, u64 lba, u8 *to)
{
	u32 bytes = sim_nvme_block_bytes(ns);

	if (ns->store)
		memcpy(to, ns->store + lba * bytes, bytes);
	else
		sim_nvme_patterns(to, ns->nsid, lba * bytes, bytes);
}

/* false: it is not what a namespace without a store holds. */
static bool block_put(struct sim_nvme_namespace *ns, u64 lba, const u8 *from, bool cached)
{
	u32 bytes = sim_nvme_block_bytes(ns);
	u8 old[BLOCK_MAX];

	if (ns->cached)
		ns->cached[lba] = cached;
	if (ns->store) {
		memcpy(ns->store + lba * bytes, from, bytes);
		return true;
	}
	block_get(ns, lba, old);
	return !memcmp(old, from, bytes);
}

/* ---- Commands ---- */

static u16 flush(struct sim_nvme *s, u32 nsid)
{
	if (nsid != ALL_NAMESPACES && !sim_nvme_find(s, nsid))
		return INVALID_NAMESPACE | SIM_NVME_DNR;
	for (unsigned i = 0; i < SIM_NVME_NAMESPACES; i++)
		if (s->ns[i].cached && (nsid == ALL_NAMESPACES || s->ns[i].nsid == nsid))
			memset(s->ns[i].cached, 0, s->ns[i].blocks);
	return OK;
}

/* Up to the first block that differs, or is bad. */
static u16 move(struct sim_nvme *s, struct sim_nvme_namespace *ns, const u8 *entry, u32 metadata)
{
	u8 block[BLOCK_MAX], old[BLOCK_MAX], extra[64] = { 0 };
	u32 bytes = sim_nvme_block_bytes(ns);
	bool cached = s->vwc && s->cache_on && !(dword(entry, 12) & FUA);
	u64 lba = first_block(entry);

	for (u32 n = block_count(entry); n; n--, lba++) {
		if (ns->bad_lba && lba == ns->bad_lba)
			return entry[0] == WRITE ? WRITE_FAULT : UNRECOVERED_READ;
		block_get(ns, lba, old);
		if (entry[0] == READ) {
			data_put(s, &data, old, bytes);
			data_put(s, &data, extra, metadata);
			s->blocks_read++;
			continue;
		}
		data_get(s, &data, block, bytes);
		data_get(s, &data, extra, metadata);
		if (entry[0] == COMPARE && memcmp(block, old, bytes))
			return COMPARE_FAILURE;
		if (entry[0] == WRITE && !block_put(ns, lba, block, cached))
			blame(s, "block %" PRIu64 " written with other data than it holds", lba);
		s->blocks_written += entry[0] == WRITE;
	}
	return OK;
}

/* Type 1: the first reference tag is the lower half of the first LBA (8.3.1.5). */
static bool tag_is_wrong(const struct sim_nvme_namespace *ns, const u8 *entry)
{
	return ns->protection == 1 && dword(entry, 12) & (PRACT | PRCHK_REFERENCE) &&
		(entry[0] == WRITE || dword(entry, 12) & PRCHK_REFERENCE) &&
		dword(entry, 14) != (u32)first_block(entry);
}

static u16 transfer(struct sim_nvme *s, struct sim_nvme_namespace *ns, const u8 *entry)
{
	u32 metadata = metadata_bytes(ns, entry);
	bool to_host;
	u64 bytes = io_bytes(s, entry, &to_host);
	u16 status = range_status(ns, first_block(entry), block_count(entry));

	if (entry[0] == COMPARE && !(s->oncs & ONCS_COMPARE))
		return INVALID_OPCODE | SIM_NVME_DNR;
	if (status)
		return status;
	if (tag_is_wrong(ns, entry))
		return INVALID_PROTECTION | SIM_NVME_DNR;
	if (s->mdts && s->mdts < 32 && bytes > 1ull << (12 + (s->cap >> 48 & 15) + s->mdts)) {
		blame(s, "a transfer of 0x%" PRIx64 " bytes, MDTS is %u", bytes, s->mdts);
		return INVALID_FIELD | SIM_NVME_DNR;
	}
	if (entry[0] == WRITE && ns->write_protected)
		return WRITE_PROTECTED;
	if (metadata && !ns->extended) {
		u8 extra[64];
		u64 at = get64(entry, 16);

		for (u32 i = 0; i < block_count(entry); i++, at += metadata) {
			if (to_host)
				memory_write(s, at, memset(extra, 0, sizeof extra), metadata);
			else
				memory_read(s, at, extra, metadata);
		}
		metadata = 0;
	}
	if (!data_find(s, entry, false, to_host, bytes, &data))
		return DATA_TRANSFER_ERROR;
	return move(s, ns, entry, metadata);
}

static u16 zero(struct sim_nvme *s, struct sim_nvme_namespace *ns, u64 lba, u64 blocks, bool cached)
{
	static const u8 zeroes[BLOCK_MAX];
	u16 status = range_status(ns, lba, blocks);

	if (status)
		return status;
	if (ns->write_protected)
		return WRITE_PROTECTED;
	if (has_bad_block(ns, lba, blocks))
		return WRITE_FAULT;
	for (; ns->store && blocks; blocks--)
		block_put(ns, lba++, zeroes, s->vwc && cached);
	return OK;
}

static u16 deallocate(struct sim_nvme *s, struct sim_nvme_namespace *ns, const u8 *entry)
{
	u8 ranges[256][16];
	u32 count = (dword(entry, 10) & 0xff) + 1;
	u16 status = OK;

	if (!(s->oncs & ONCS_DSM))
		return INVALID_OPCODE | SIM_NVME_DNR;
	if (!data_find(s, entry, false, false, count * sizeof *ranges, &data))
		return DATA_TRANSFER_ERROR;
	data_get(s, &data, ranges[0], count * sizeof *ranges);
	for (u32 i = 0; !status && dword(entry, 11) & DSM_DEALLOCATE && i < count; i++)
		status = zero(s, ns, get64(ranges[i], 8), get32(ranges[i], 4), false);
	return status;
}

u16 io_execute(struct sim_nvme *s, const u8 *entry)
{
	struct sim_nvme_namespace *ns = sim_nvme_find(s, get32(entry, 4));

	if (s->csts & CSTS_SHST)
		blame(s, "an I/O command after the shutdown began");
	if (entry[0] == FLUSH)
		return flush(s, get32(entry, 4));
	if (!ns)
		return INVALID_NAMESPACE | SIM_NVME_DNR;
	switch (entry[0]) {
	case READ:
	case WRITE:
	case COMPARE:
		return transfer(s, ns, entry);
	case WRITE_ZEROES:
		if (!(s->oncs & ONCS_WRITE_ZEROES))
			return INVALID_OPCODE | SIM_NVME_DNR;
		return zero(s, ns, first_block(entry), block_count(entry),
			    !(dword(entry, 12) & FUA));
	case DSM:
		return deallocate(s, ns, entry);
	}
	return INVALID_OPCODE | SIM_NVME_DNR;
}
