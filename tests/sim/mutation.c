/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "tests/sim/child.h"
#include "tests/sim/mutation.h"

enum { CHILD_SECONDS = 120 };

/* Nothing by chance, so that what is not handed over never arrives; and much of it. */
static const struct dma_oracle_settings settings[] = {
	{ .seed = 1, .line_bytes = 64, .rate = 0 },
	{ .seed = 2, .line_bytes = 64, .rate = 4 },
	{ .seed = 3, .line_bytes = 128, .rate = 16 },
	{ .seed = 4, .line_bytes = 32, .rate = 16 },
};
enum { SETTINGS = sizeof settings / sizeof *settings };

struct run {
	CMUnitTestFunction suite;
	const struct dma_oracle_settings *settings;
};

static void under_the_oracle(void **state)
{
	const struct run *run = *state;
	const char *reason;

	alarm(CHILD_SECONDS);
	if (dma_oracle_begin(run->settings, &reason))
		fail_msg("%s", reason);
	run->suite(state);
	assert_int_equal(dma_leaks(), 0);
	assert_int_equal(dma_oracle_counters.lost, 0);
}

/* Does the suite fail, in a process of its own and in silence? */
static bool fails(struct run run)
{
	const struct CMUnitTest tests[] = {
		{ "suite", under_the_oracle, NULL, NULL, &run },
	};
	pid_t child;
	int status;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
			abort();
		_exit(cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status != 0;
}

static bool first_of_its_line(const struct dma_site *this)
{
	table_for_each(dma_sites, struct dma_site, site) {
		if (site == this)
			return true;
		if (site->line == this->line && !strcmp(site->file, this->file))
			return false;
	}
	return true;
}

static bool is_seen(const struct dma_site *site, CMUnitTestFunction suite)
{
	bool seen = false;

	dma_site_switch(site->file, site->line, true);
	for (unsigned i = 0; i < SETTINGS && !seen; i++)
		seen = fails((struct run){ suite, &settings[i] });
	dma_site_switch(site->file, site->line, false);
	if (!seen)
		print_message("%s:%u: nobody sees it when this dma_%s has no effect\n", site->file,
			      site->line, dma_site_kind_name(site->kind));
	return seen;
}

unsigned mutation_survivors(const char *file, CMUnitTestFunction suite, bool fences,
			    unsigned *sites)
{
	unsigned survivors = 0;

	*sites = 0;
	for (unsigned i = 0; i < SETTINGS; i++) {
		struct run run = { suite, &settings[i] };

		print_message("%s: the oracle, seed %u, %zu-byte lines, rate %u\n", file,
			      (unsigned)settings[i].seed, settings[i].line_bytes, settings[i].rate);
		in_child(under_the_oracle, &run);
	}
	table_for_each(dma_sites, struct dma_site, site) {
		if (strcmp(site->file, file) || site->kind == DMA_SITE_ALLOC ||
		    (site->kind == DMA_SITE_FENCE) != fences || !first_of_its_line(site))
			continue;
		(*sites)++;
		survivors += !is_seen(site, suite);
	}
	return survivors;
}

static void none_survives(const char *file, CMUnitTestFunction suite, bool fences)
{
	unsigned sites, survivors = mutation_survivors(file, suite, fences, &sites);

	if (!sites)
		fail_msg("%s: nothing of the kind", file);
	if (survivors)
		fail_msg("%s: %u of %u survive their absence", file, survivors, sites);
	print_message("%s: the absence of each of %u %s is seen\n", file, sites,
		      fences ? "fences" : "hand-overs");
}

void mutation_test(const char *file, CMUnitTestFunction suite)
{
	none_survives(file, suite, false);
}

void mutation_test_fences(const char *file, CMUnitTestFunction suite)
{
	none_survives(file, suite, true);
}
