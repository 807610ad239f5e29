/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything this project needs from a CPU architecture.
 *
 * arch/riscv64 and arch/aarch64 implement it on hardware. arch/host implements it on a
 * workstation, where MMIO lands in simulated devices. Above arch/ no other name of an
 * architecture, its firmware or its registers appears.
 */
#pragma once
#include "arch/types.h"

/* ---- MMIO: one access of exactly this width, ordered against all before and after it ---- */

static inline u8 arch_mmio_read8(uintptr_t addr);
static inline u16 arch_mmio_read16(uintptr_t addr);
static inline u32 arch_mmio_read32(uintptr_t addr);
static inline u64 arch_mmio_read64(uintptr_t addr);
static inline void arch_mmio_write8(uintptr_t addr, u8 value);
static inline void arch_mmio_write16(uintptr_t addr, u16 value);
static inline void arch_mmio_write32(uintptr_t addr, u32 value);
static inline void arch_mmio_write64(uintptr_t addr, u64 value);

/* ---- Order memory accesses as a DMA master sees them. For lib/dma.c and lib/cache.c. ---- */

static inline void arch_dma_wmb(void);	/* stores before, stores after */
static inline void arch_dma_rmb(void);	/* loads before, loads and stores after */
static inline void arch_dma_mb(void);	/* all before, all after: store then load too */

/* ---- Time ---- */

static inline u64 arch_ticks(void);	/* since some moment before we started; never goes back */
u64 arch_ticks_per_second(void);	/* valid after arch_describe() */
static inline void arch_relax(void);	/* one turn of a polling loop */
/* Called in each of those, unless NULL; lib/dma_oracle.c provides it. */
extern void (*arch_turn_hook)(void);

/* ---- The CPU, as the device tree and its own registers describe it ---- */

/*
 * How arch reads the tree without knowing lib: the value of a property of the boot CPU's node
 * (or, where it has none, of /cpus), and of the first enabled node compatible with a string.
 * NULL when there is no such node or property. @bytes is set when the result is not NULL.
 */
struct arch_tree {
	const void *(*cpu_property)(const char *name, u32 *bytes);
	const void *(*compatible_property)(const char *compatible, const char *name, u32 *bytes);
};

/* Once, as soon as the tree can be read: timer frequency, cache back-end, firmware interface. */
int arch_describe(const struct arch_tree *tree);

const char *arch_cpu_name(void);	/* "Cortex-A53 r0p4", "rv64imafdch_...": for the summary */
const char *arch_cpu_mode(void);	/* "S-mode under OpenSBI 1.1", "EL2 under PSCI 1.1" */
u64 arch_cpu_id(void);			/* hart id or MPIDR affinity: "reg" of its node */

/* Of /chosen, where what is booted may look for the boot CPU's id; NULL: nobody does. */
extern const char *const arch_boot_cpu_property;

/* From the CPU's own source of random numbers. false: it has none, or nothing comes of it now. */
bool arch_random(u64 *value);

/* ---- Data caches, by virtual address, to the point of coherency. Complete on return. ---- */

/*
 * The back-end is chosen at run time by arch_describe. Ranges need no alignment: every line that
 * holds a byte of [start, start + bytes) is covered. invalidate wants whole lines (asserted):
 * what shares a line with something else would be lost.
 */
const char *arch_cache_backend(void);	/* "dc by VA", "Zicbom", "T-Head CMO"; NULL: none */
size_t arch_cache_line_bytes(void);	/* the largest of caches on the way; >= 64 where unknown */
void arch_cache_clean(const void *start, size_t bytes);
void arch_cache_invalidate(void *start, size_t bytes);
void arch_cache_flush(const void *start, size_t bytes);		/* clean and invalidate */
void arch_cache_sync_code(const void *start, size_t bytes);	/* what was written can be run */
bool arch_dma_coherent(void);		/* do devices see our caches, if the tree does not say? */

/* ---- Address space: identity mapped, 4 KiB pages at the finest (arch/pagetable.h) ---- */

enum { ARCH_PAGE_BYTES = 4096 };

enum arch_map_kind {
	ARCH_MAP_NONE,		/* no access */
	ARCH_MAP_DATA,		/* RAM: cacheable, read-write, no execute */
	ARCH_MAP_RODATA,	/* RAM: cacheable, read-only, no execute */
	ARCH_MAP_TEXT,		/* RAM: cacheable, read-only, execute */
	ARCH_MAP_UNCACHED,	/* RAM: not cached, read-write, no execute */
	ARCH_MAP_DEVICE,	/* strongly ordered, no gathering, no speculation */
};

/*
 * Map [start, start + bytes), page-aligned, at its own address; replaces what was mapped there.
 * 0; -EINVAL: not aligned; -ENOMEM: no page for a table; -ERANGE: beyond what an identity
 * mapping reaches; -ENOTSUP: the CPU has no such kind (uncached without Svpbmt). Going from a
 * cached kind to ARCH_MAP_UNCACHED cleans and invalidates the range.
 */
int arch_map(u64 start, u64 bytes, enum arch_map_kind kind);

/*
 * A device's registers, wherever they are: the address to use them at, 0 if there is none to give.
 * Mapped by whole pages; mapping the same registers again is cheap. Physical addresses that the
 * identity mapping does not reach get an address from a window.
 */
uintptr_t arch_map_device(u64 physical, u64 bytes);

/*
 * Begin a fresh set of tables, with pages from @page (zeroed by the caller, mapped now and after;
 * NULL: none left). arch_map then fills the new set, until arch_tables_use makes it the live one;
 * after that arch_map changes the live set and takes further pages from the same source.
 */
int arch_tables_begin(void *(*page)(void));
void arch_tables_use(void);

/* ---- Faults ---- */

enum arch_fault_kind {
	ARCH_FAULT_READ, ARCH_FAULT_WRITE, ARCH_FAULT_EXECUTE,	/* of an address */
	ARCH_FAULT_MISALIGNED,		/* an access that this memory allows only aligned */
	ARCH_FAULT_BUS,			/* mapped, but nothing answered (or it refused) */
	ARCH_FAULT_INSTRUCTION,		/* undefined, or not allowed here */
	ARCH_FAULT_BREAKPOINT,
	ARCH_FAULT_OTHER,
};

struct arch_fault {
	enum arch_fault_kind kind;
	const char *what;		/* the architecture's own name for the cause, in words */
	u64 code;			/* its number (scause, ESR) */
	u64 pc, sp, fp;
	u64 address;			/* what was accessed, where address_valid */
	bool address_valid;
	u64 registers[32];		/* named by arch_register_name */
	unsigned register_count;
};

const char *arch_register_name(unsigned index);

/*
 * Call function(argument). 0, or -EFAULT if it faulted: then it was abandoned in the middle, and
 * *fault (may be NULL) says what happened. Nests. For probing addresses somebody typed.
 */
int arch_catch(void (*function)(void *), void *argument, struct arch_fault *fault);

/*
 * The caller of the function whose frame is at @fp. false at the end of the chain. *pc: a place in
 * that function, or 0 at the first step.
 */
bool arch_unwind(uintptr_t *pc, uintptr_t *fp, uintptr_t stack_low, uintptr_t stack_high);

/* ---- Firmware ---- */

/* A console that works before, or without, a driver; NULL where the firmware offers none. */
struct arch_console {
	const char *name;			/* "SBI debug console" */
	void (*write)(const char *text, size_t bytes);
	int (*read)(void);			/* a byte, or -EAGAIN */
};
const struct arch_console *arch_firmware_console(void);

/*
 * Say something before any console exists: the firmware's console, or every early UART of the
 * boards in this image. Slow (waits instead of asking a status register), works from the first
 * instruction of C on, with the MMU off too.
 */
void arch_early_write(const char *text, size_t bytes);

/* Where a board's UART takes a byte to send, and how wide a store it wants. Plain numbers only. */
struct arch_early_uart {
	u64 transmit;			/* physical address of the transmit register */
	u64 io_width;			/* bytes: 1, 2 or 4 */
};
#define EARLY_UART(symbol) \
	static const struct arch_early_uart symbol \
		__attribute__((used, retain, section("early_uarts"), aligned(8)))

/* both return only if there is no way: -ENOTSUP, or what refused */
int arch_reset(void);
int arch_power_off(void);
_Noreturn void arch_stop(void);		/* for good: interrupts off, asleep */

/* ---- Start: who calls whom ---- */

struct arch_boot {
	u64 tree;			/* physical address of the device tree, as given to us */
	u64 cpu;			/* hart id, or MPIDR affinity */
	u64 load_address;		/* where the image was put at first */
	u64 start_ticks;		/* arch_ticks() at our first instruction or soon after */
	struct range nest;		/* after arch_move: our memory; the image lies at its top */
	u64 tree_bytes;			/* after arch_move: checked, and copied into the nest */
	u64 given_tree;			/* after arch_move: where it was */
};

/* lib/start.c provides these two; arch calls them with the MMU on, relocated, traps installed. */
_Noreturn void start(const struct arch_boot *boot);
_Noreturn void start_moved(const struct arch_boot *boot);

/* Bytes the image takes in memory, and the alignment it wants. */
u64 arch_image_bytes(void);

/*
 * Copy the image (as loaded: .data must be untouched so far) to the top end of boot->nest, which
 * is mapped ARCH_MAP_DATA, and go on there in start_moved(). Everything else of this copy of the
 * image is forgotten.
 */
_Noreturn void arch_move(const struct arch_boot *boot);

/* The running image, page-aligned, for W^X and for reports. */
struct arch_image {
	struct range text, rodata, data;	/* data: with bss; */
	struct range stack_guard, trap_guard;	/* in data: a page below each stack, unmapped */
	struct range stack;
};
void arch_image(struct arch_image *image);

/* lib/trap.c provides this: called on the trap stack for each fault that nobody catches. */
_Noreturn void trap(const struct arch_fault *fault);

/* ---- The next stage ---- */

/* A Linux Image header of this architecture (Documentation/arch/{arm64,riscv}/boot*). */
struct arch_linux_image {
	u64 text_offset;		/* from an aligned base to the entry point */
	u64 image_bytes;		/* memory it needs from its first byte on, bss included */
	u64 base_align;			/* of (load address - text_offset) */
};

/* What UEFI calls this architecture, and its number in a PE header (UEFI 2.10, 2.1.1, 3.5.1.1). */
extern const char arch_efi_name[];		/* "aa64" */
extern const u16 arch_pe_machine, arch_elf_machine;	/* the latter: System V ABI, e_machine */

/* 0; -ENOEXEC: not such an image, with @reason in words (wrong architecture, big-endian, ...). */
int arch_linux_image_parse(const void *header, size_t bytes, struct arch_linux_image *image,
			   const char **reason);

/*
 * Leave for @entry as the Linux boot protocol asks: interrupts off, data cleaned and invalidated
 * (the caller says which ranges it wrote: @written, @count), MMU and caches off, code caches
 * invalidated, boot CPU id and @tree in the registers.
 */
_Noreturn void arch_enter(u64 entry, u64 tree, const struct range *written, size_t count);

#include "arch_inline.h"		/* from arch/$(ISA) */
