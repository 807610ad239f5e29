/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The layout of an image, for both architectures and both linkers.
 *
 * In the flat file, each part beginning on a page of its own so that it can be protected as a
 * whole:
 *
 *   image_start          text: first the Linux Image header and the entry code (.head.text)
 *   rodata_start         constants; tables of pointers, constant once they are relocated
 *   data_start           variables; the initial thread-local variables
 *   relocation_table     the pointers in all this (arch/relocate.h), and ...
 *   symbol_table         ... functions' names for backtraces (lib/symbols.h): last, so that
 *                        nothing in the file moves when these tables grow
 *   image_file_end       here the file ends
 *
 * and in memory behind it, not in the file, undefined at entry:
 *
 *   bss_start, bss_end   variables that begin as zero; the entry code clears them
 *   stacks               the stack of the traps and the stack, a guard page below each, not cleared
 *   image_end
 *
 * The image moves: the linker lists the addresses that lie in it in .rela.dyn, which stays out of
 * the flat file; tools/relocations makes the table that goes into it (arch/relocate.h). The sizes
 * for the Image header must not become such entries: riscv64 writes
 * `.quad image_end - image_start`; aarch64, whose assembler wants one symbol, `.long image_bytes`
 * (.quad would be listed).
 */
#define PAGE_BYTES		4096
#define STACK_BYTES		(64 * 1024)
#define TRAP_STACK_BYTES	(16 * 1024)

/*
 * A table that the linker collects (lib/table.h). A new table wants a line here.
 */
#define TABLE(name) \
	. = ALIGN(8); \
	__start_##name = .; \
	KEEP(*(name)) \
	__stop_##name = .;

ENTRY(_start)

PHDRS
{
	text PT_LOAD FLAGS(5);		/* read, execute */
	rodata PT_LOAD FLAGS(4);	/* read (relocated once, before it is protected) */
	data PT_LOAD FLAGS(6);		/* read, write */
	tls PT_TLS FLAGS(4);
	stack PT_GNU_STACK FLAGS(6);
}

SECTIONS
{
	. = LINK_BASE;
	image_start = .;

	.text : {
		KEEP(*(.head.text))
		*(.text .text.*)
		text_end = .;
		. = ALIGN(PAGE_BYTES);
	} :text

	rodata_start = .;
	.rodata : {
		*(.rodata .rodata.* .srodata .srodata.*)
		. = ALIGN(8);
		__start_early_uarts = .;
		KEEP(*(early_uarts))
		__stop_early_uarts = .;
	} :rodata
	.data.rel.ro : ALIGN(8) {
		*(.data.rel.ro .data.rel.ro.*)
		*(.got .got.plt)
		TABLE(boards)
		TABLE(drivers)
		TABLE(commands)
		TABLE(dma_sites)
		. = ALIGN(PAGE_BYTES);
	} :rodata
	rodata_end = .;

	data_start = .;
	.data : ALIGN(PAGE_BYTES) {
		*(.data .data.* .sdata .sdata.*)
	} :data

	/*
	 * Each thread has a copy of this; we have one thread, and this is its copy. With what
	 * begins as zero (errno). Linkers let thread-local zeros lie over what follows, so that
	 * begins behind.
	 */
	.tdata : ALIGN(16) {
		tls_start = .;
		*(.tdata .tdata.*)
		*(.tbss .tbss.*)
		tls_end = .;
	} :data :tls
	. = tls_end;

	relocation_table : ALIGN(8) {
		__start_relocation_table = .;
		KEEP(*(relocation_table))
		__stop_relocation_table = .;
	} :data
	symbol_table : ALIGN(8) {
		__start_symbol_table = .;
		KEEP(*(symbol_table))
		__stop_symbol_table = .;
		. = ALIGN(16);
	} :data
	image_file_end = .;

	.rela.dyn : ALIGN(8) {
		*(.rela*)		/* a table's are called .relaboards */
	} :data

	.bss (NOLOAD) : ALIGN(PAGE_BYTES) {
		bss_start = .;
		*(.bss .bss.* .sbss .sbss.*)
		. = ALIGN(PAGE_BYTES);
		bss_end = .;
	} :data
	.stacks (NOLOAD) : ALIGN(PAGE_BYTES) {
		trap_guard = .;
		. += PAGE_BYTES;
		trap_stack = .;
		. += TRAP_STACK_BYTES;
		trap_stack_top = .;
		stack_guard = .;
		. += PAGE_BYTES;
		stack = .;
		. += STACK_BYTES;
		stack_top = .;
	} :data
	image_end = .;

	image_bytes = ABSOLUTE(image_end - image_start);
	image_file_bytes = ABSOLUTE(image_file_end - image_start);

	.comment 0 : { *(.comment) }
	.debug_abbrev 0 : { *(.debug_abbrev) }
	.debug_addr 0 : { *(.debug_addr) }
	.debug_aranges 0 : { *(.debug_aranges) }
	.debug_frame 0 : { *(.debug_frame) }
	.debug_info 0 : { *(.debug_info) }
	.debug_line 0 : { *(.debug_line) }
	.debug_line_str 0 : { *(.debug_line_str) }
	.debug_loc 0 : { *(.debug_loc) }
	.debug_loclists 0 : { *(.debug_loclists) }
	.debug_ranges 0 : { *(.debug_ranges) }
	.debug_rnglists 0 : { *(.debug_rnglists) }
	.debug_str 0 : { *(.debug_str) }
	.debug_str_offsets 0 : { *(.debug_str_offsets) }
	.riscv.attributes 0 : { *(.riscv.attributes) }
	.symtab 0 : { *(.symtab) }
	.strtab 0 : { *(.strtab) }
	.shstrtab 0 : { *(.shstrtab) }

	/* The dynamic linker is us, and needs none of this. */
	/DISCARD/ : {
		*(.interp .dynamic .dynsym .dynstr .hash .gnu.hash)
		*(.eh_frame .eh_frame_hdr .note .note.*)
		*(.init .fini .init_array .fini_array .preinit_array .ctors .dtors)
	}
}
