/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernels, configurations, UKIs and trees that are broken (tests/boot/broken): each is refused with
 * its sentence, and nothing that is somebody's has been written to.
 */
#define _GNU_SOURCE
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "arch/aarch64/linux_image.h"
#include "arch/riscv64/linux_image.h"
#include "tests/boot/booting.h"

enum { OURS_AT = SIM_RAM_AT + (8 << 20), OURS_BYTES = 64 * 1024, OURS = 0xa5 };

static unsigned cases, wrong;

static int parse_aarch64(const void *header, size_t bytes, struct arch_linux_image *image,
			 const char **reason)
{
	unsigned page_kib;

	return aarch64_image_parse(header, bytes, image, &page_kib, reason);
}

/* Text of the notes, and of what was said since the console was cleared. */
static bool said(const char *sentence)
{
	for (const struct boot_note *n = booting.notes; n; n = n->next)
		if (strstr(n->text, sentence))
			return true;
	return strstr(sim_console_text, sentence);
}

static void check_ours(const char *id)
{
	const u8 *ours = (const u8 *)(uintptr_t)OURS_AT;

	for (unsigned i = 0; i < OURS_BYTES; i++)
		if (ours[i] != OURS)
			fail_msg("%s: memory of somebody else has been overwritten", id);
}

/* @line: "id sentence", or "id sentence boots". */
static void check_case(const char *volume, char *line)
{
	static const char boots[] = " boots";
	u64 free_before = memory_free();
	char *sentence = strchr(line, ' ');
	bool entered = false, should = false;
	struct boot_entry *e;

	assert_non_null(sentence);
	*sentence++ = '\0';
	if (strlen(sentence) > strlen(boots) &&
	    !strcmp(sentence + strlen(sentence) - strlen(boots), boots)) {
		should = true;
		sentence[strlen(sentence) - strlen(boots)] = '\0';
	}
	e = !strcmp(line, "-") ? booting.preferred : booting_entry(line);
	sim_console_clear();
	if (e)
		entered = booting_try(e) == SIM_ENTERED;
	if (!said(sentence) || entered != should) {
		print_error("%s, %s: it should say \"%s\"; it %s, and says \"%s\"\n", volume, line,
			    sentence, entered ? "boots" : "does not boot", sim_console_text);
		wrong++;
	}
	if (!entered)
		assert_int_equal(memory_free(), free_before);
	check_ours(line);
	cases++;
}

static void check_volume(const char *expectations)
{
	char folder[128], *line = NULL;
	FILE *file = fopen(expectations, "r");
	size_t room = 0;

	assert_non_null(file);
	snprintf(folder, sizeof(folder), "%.*s", (int)strlen(expectations) - 7, expectations);
	booting_find(folder);
	while (getline(&line, &room, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		check_case(strrchr(folder, '/') + 1, line);
	}
	free(line);
	fclose(file);
	boot_forget(&booting);
	sim_disk_end(&booting_disk);
}

static void check_all(const char *arch, const char *volumes)
{
	char pattern[128];
	glob_t found;

	shell("/usr/bin/python3 tests/boot/broken/cases.py %s 0x7e57 $DIR 0x%x", arch,
	      SIM_RAM_AT + (16 << 20));
	snprintf(pattern, sizeof(pattern), "%s/%s.expect", getenv("DIR"), volumes);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	cases = wrong = 0;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		sim_ram(SIM_RAM_AT, BOOTING_RAM);
		assert_int_equal(memory_claim(OURS_AT, OURS_BYTES, MEMORY_PLINTH, "somebody"), 0);
		memset((void *)(uintptr_t)OURS_AT, OURS, OURS_BYTES);
		check_volume(found.gl_pathv[i]);
	}
	globfree(&found);
	assert_int_equal(wrong, 0);
}

static void each_is_refused_with_its_sentence(void **state)
{
	(void)state;
	sim.linux_parse = parse_aarch64;
	check_all("aarch64", "*");
	assert_in_range(cases, 140, 1000);
}

static void on_the_other_architecture_too(void **state)
{
	(void)state;
	sim.linux_parse = riscv64_image_parse;
	check_all("riscv64", "kernels");
	assert_in_range(cases, 55, 1000);
}

/* What takes too many bytes to be kept. */
static void larger_than_memory(void **state)
{
	(void)state;
	sim.linux_parse = parse_aarch64;
	shell("/usr/bin/python3 - <<'END'\n"
	      "import os, sys\n"
	      "sys.path.insert(0, 'tests/boot/broken')\n"
	      "import cases\n"
	      "good = cases.image('aarch64')\n"
	      "labels = ''\n"
	      "for name in ('gzip', 'xz', 'zstd', 'lz4'):\n"
	      "    data = cases.PACKERS[name](good + bytes(80 << 20))\n"
	      "    labels += f'label {name}\\nlinux /{name}\\n'\n"
	      "    open(f\"{os.environ['DIR']}/{name}\", 'wb').write(data)\n"
	      "labels += 'label initrd\\nlinux /k\\ninitrd /i\\n'\n"
	      "labels += 'label two\\nlinux /k\\ninitrd /h,/h\\n'\n"
	      "os.mkdir(os.environ['DIR'] + '/extlinux')\n"
	      "open(os.environ['DIR'] + '/extlinux/extlinux.conf', 'w').write(labels)\n"
	      "open(os.environ['DIR'] + '/k', 'wb').write(good)\n"
	      "END\n"
	      "truncate -s 64M $DIR/i; truncate -s 30M $DIR/h");
	booting_find(getenv("DIR"));
	for (unsigned i = 0; i < 4; i++) {
		static const char *const packers[] = { "gzip", "xz", "zstd", "lz4" };
		char line[128];

		snprintf(line, sizeof(line), "%s /%s: more comes out than there is room for",
			 packers[i], packers[i]);
		check_case("large", line);
	}
	check_case("large", (char []){ "initrd there is no place for the initrd (64 MiB) in free "
				       "memory, whose largest piece has " });
	check_case("large", (char []){ "two there is no place for the initrd (60 MiB) in free" });
}

static int begin(void **state)
{
	booting_begin(state);
	assert_int_equal(memory_claim(OURS_AT, OURS_BYTES, MEMORY_PLINTH, "somebody"), 0);
	memset((void *)(uintptr_t)OURS_AT, OURS, OURS_BYTES);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_is_refused_with_its_sentence, booting_begin,
						booting_end),
		cmocka_unit_test_setup_teardown(on_the_other_architecture_too, booting_begin,
						booting_end),
		cmocka_unit_test_setup_teardown(larger_than_memory, begin, booting_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
