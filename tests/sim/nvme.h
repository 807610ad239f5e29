/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An NVMe controller (NVMe 1.4) as a PCI function. It sees memory as the oracle's devices do, fails
 * the test when a driver does what the standard forbids, and does everything wrong on request.
 *
 * It gets on by steps: at each access to its registers, each turn of a polling loop and, under the
 * oracle, between any two things the driver does. What it holds back it keeps writing to, as a
 * drive may that is in the middle of a transfer: memory that is returned too early is hit.
 */
#pragma once
#include "tests/sim/pci.h"

enum {
	SIM_NVME_NAMESPACES = 8, SIM_NVME_QUEUES = 8, SIM_NVME_HELD = 256, SIM_NVME_POSTS = 512,
	SIM_NVME_FAULTS = 8, SIM_NVME_HMB_PIECES = 64, SIM_NVME_ANY = -1, SIM_NVME_HOOKED = 4,
	SIM_NVME_CLASS = 0x010802, SIM_NVME_PAGE = 4096,
};
#define SIM_NVME_NEVER UINT64_MAX

/* Which LBA formats all namespaces have: bytes of data and of metadata. */
enum {
	SIM_NVME_512, SIM_NVME_512_8, SIM_NVME_4096, SIM_NVME_4096_8, SIM_NVME_4096_64,
	SIM_NVME_FORMATS
};
struct sim_nvme_format { u8 shift; u16 metadata; };
extern const struct sim_nvme_format sim_nvme_formats[SIM_NVME_FORMATS];

struct sim_nvme_namespace {
	u32 nsid;
	u64 blocks;
	u8 format, protection;		/* of sim_nvme_formats; type of protection information */
	bool extended;			/* metadata follows each block */
	bool write_protected;
	/*
	 * Its contents, and what is only in the volatile cache so far (a byte a block, may be
	 * NULL). Without a store it holds sim_nvme_pattern, and what is written must be that.
	 */
	u8 *store, *cached;
	u64 bad_lba;			/* its medium is damaged there, unless it is 0 */
};

/* What befalls commands. */
enum sim_nvme_trouble {
	SIM_NVME_FINE,
	SIM_NVME_LOST,			/* held until it is aborted, or the controller reset */
	SIM_NVME_LATE,			/* held for so long, then executed */
	SIM_NVME_UNREPORTED,		/* executed; nobody is told */
	SIM_NVME_STATUS,		/* not executed, but this status */
	SIM_NVME_TWICE,			/* completed once more, so much later (0: at once) */
	SIM_NVME_BAD_ID,		/* completed under the command_id @value */
	SIM_NVME_BAD_QUEUE,		/* as one of queue @value */
	SIM_NVME_BAD_HEAD,		/* with the head @value */
	SIM_NVME_BAD_PHASE,		/* with the other phase */
	SIM_NVME_FATAL,			/* the controller's end: CSTS.CFS */
	SIM_NVME_VANISH,		/* it is pulled */
};

struct sim_nvme_fault {
	enum sim_nvme_trouble trouble;
	bool admin;
	int opcode;			/* or SIM_NVME_ANY */
	unsigned skip, count;		/* so many such are spared, then so many meet it (0: one) */
	u16 value;			/* a status: code, type << 8, SIM_NVME_DNR */
	u64 delay_us;
};

enum { SIM_NVME_DNR = 1 << 14 };

/* What it says: a register at an offset, data for an admin opcode, an entry of a queue. */
enum sim_nvme_says { SIM_NVME_SAYS_REGISTER, SIM_NVME_SAYS_DATA, SIM_NVME_SAYS_COMPLETION };

struct sim_nvme_queue {
	bool exists;
	u64 base;
	u32 size;
	u16 head, tail;			/* of a submission queue: what was fetched, what was rung */
	u16 completion;			/* a submission queue's */
	bool phase;
	bool awake;			/* it looks at its shadow doorbell by itself ... */
	unsigned patience;		/* ... so many times more, in vain */
	u8 in_flight[65536 / 8];	/* command identifiers */
};

struct sim_nvme_command {
	u8 entry[64];
	u16 queue;
	bool event;			/* a request for an event: waits without fault */
	u64 due_us;
};

struct sim_nvme_post {
	u16 queue;			/* of submission */
	u16 id, status, said_queue, said_head;
	bool lies_head, wrong_phase;
	u32 result;
	u64 due_us;
};

struct sim_nvme {
	struct sim_pci_function *function;

	/* ---- What it is; sim_nvme_begin sets a usual one ---- */
	u64 cap;
	u32 vs;
	u8 mdts, power_states;
	bool transitions;		/* autonomous ones: it has the feature */
	u16 oacs, oncs;
	u32 sgls, hmpre, hmmin;
	bool vwc;
	unsigned queue_pairs;		/* it grants */
	struct sim_nvme_namespace ns[SIM_NVME_NAMESPACES];
	u32 nn;
	bool no_list, no_descriptors;	/* identify with CNS 02h, 03h is unknown to it */

	/* ---- What it does ---- */
	u64 ready_us, disable_us, shutdown_us;	/* how long it takes */
	u64 blind_us;			/* so long it cannot be looked at after CC.EN has changed */
	bool fatal_stays;		/* CSTS.CFS is there after a reset, too */
	struct sim_nvme_fault faults[SIM_NVME_FAULTS];
	enum { SIM_NVME_GRANTS_ABORTS, SIM_NVME_REFUSES_ABORTS } aborts;
	u64 fatal_at, vanishes_at;	/* the access to its registers with this number; 0: none */
	u64 shuffle;			/* a seed: commands are executed in any order; 0: in turn */
	bool torn;			/* under the oracle: a phase is there before the rest */
	bool tolerant;			/* a driver that was lied to may do anything */
	/* Lies; @which is the offset, the opcode and CNS or log page << 8, or the queue. */
	void (*twist)(struct sim_nvme *s, enum sim_nvme_says what, u64 which, void *bytes,
		      size_t count);

	/* ---- How it stands ---- */
	u32 cc, csts, aqa, intms;
	bool left_unseen;		/* admin completions, when it was disabled last */
	u64 asq, acq;
	u64 change_us;			/* when RDY or SHST changes */
	u64 blind_until_us;
	struct sim_nvme_queue sq[SIM_NVME_QUEUES], cq[SIM_NVME_QUEUES];
	struct sim_nvme_command held[SIM_NVME_HELD];
	struct sim_nvme_post posts[SIM_NVME_POSTS];
	unsigned held_count, post_count;
	bool half_posted;		/* the first post's phase is out */
	u64 shadow, event;		/* shadow doorbells and EventIdx; 0: none */
	u32 granted;			/* I/O queues by set features; 0: not asked */
	u8 transition_table[256];	/* as last set */
	bool cache_on, shut_down;
	struct sim_nvme_piece { u64 at; u64 bytes; } hmb[SIM_NVME_HMB_PIECES];
	unsigned hmb_count;
	u64 random;

	/* ---- What happened ---- */
	u64 accesses, commands, sq_rings, cq_rings, sgl_commands, prp_lists;
	u32 resets, shutdowns, unsafe_shutdowns, abort_commands, hmb_given, hmb_taken_back;
	u32 transitions_set;
	u64 blocks_read, blocks_written;
	unsigned opcodes[2][256];	/* admin, I/O */
};

/* A usual one, at @slot behind @bridge, freshly powered on, with one namespace without a store. */
void sim_nvme_begin(struct sim_nvme *s, struct sim_pci *pci, struct sim_pci_function *bridge,
		    unsigned slot);

/* From now on it gets on by itself; NULL: none does any more. */
void sim_nvme_hook(struct sim_nvme *s);
void sim_nvme_step(struct sim_nvme *s);

/* Its power fails, and comes back. */
void sim_nvme_power_cycle(struct sim_nvme *s);

struct sim_nvme_namespace *sim_nvme_find(struct sim_nvme *s, u32 nsid);	/* NULL: none */
u32 sim_nvme_block_bytes(const struct sim_nvme_namespace *ns);

/* What a namespace without a store holds, from this byte of it on; a byte of it. */
void sim_nvme_patterns(u8 *to, u32 nsid, u64 at, size_t bytes);
u8 sim_nvme_pattern(u32 nsid, u64 at);

/* How many blocks a loss of power would lose now. */
u64 sim_nvme_unsafe_blocks(const struct sim_nvme_namespace *ns);

/* Commands that the driver still waits for. */
unsigned sim_nvme_in_flight(const struct sim_nvme *s);
