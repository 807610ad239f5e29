/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A test in a process of its own, for code that keeps what it learnt for good (the console, the
 * list of devices). Include after <cmocka.h>.
 */
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* The test fails here if it fails there; *state there is @argument. Only child_memory is shared. */
static inline void in_child(CMUnitTestFunction test, void *argument)
{
	const struct CMUnitTest tests[] = {
		{ "in a process of its own", test, NULL, NULL, argument },
	};
	FILE *output = tmpfile();
	pid_t child;
	int status, c;

	assert_non_null(output);
	fflush(NULL);
	child = fork();
	if (child == 0) {
		dup2(fileno(output), 1);
		dup2(fileno(output), 2);
		status = cmocka_run_group_tests(tests, NULL, NULL);
		fflush(NULL);
		_exit(status ? 1 : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	rewind(output);
	while (status && (c = getc(output)) != EOF)
		putc(c, stderr);
	fclose(output);
	if (status)
		fail_msg("it failed in its own process (wait status 0x%x)", status);
}

static inline void child_test(void **state)
{
	in_child((CMUnitTestFunction)*state, NULL);
}

/* An entry for a table of tests: the whole test, after @setup, in a process of its own. */
#define CHILD_TEST(function, setup)	{ #function, child_test, setup, NULL, (void *)(function) }

/* Zeroed memory that a child shares with us. */
static inline void *child_memory(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		abort();
	return memory;
}
