/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tools/port-check/port_check.h"

enum { BLOB_MAX_BYTES = 16 << 20, BOARD_TIMEOUT_S = 20 };

/* How it ends: also the worst of many. */
enum { BAD_FILE = 1, BAD_USE = 2, CRASH = 3 };

static struct {
	enum output { TEXT, JSON, SKELETON, TABLE } output;
	bool all;
	struct range memory;
} how;

static const char usage[] =
	"port-check: what Plinth would make of a board, from its device tree alone.\n"
	"\n"
	"    make port-check DTB=board.dtb      or the source, board.dts\n"
	"        ALL=1                          every node, not only those that matter for "
	"booting\n"
	"        MEMORY=0x40000000,0x80000000   where the firmware fills the memory in: start, "
	"bytes\n"
	"        JSON=1                         for scripts\n"
	"        SKELETON=1                     a file for boards/ to start from\n"
	"    make port-check-all                a line for each board of the Linux tree\n"
	"\n"
	"The program itself: build/host/port-check [--all] [--memory START,BYTES]\n"
	"    [--json | --skeleton | --table] board.dtb...\n"
	"What it says, and what to do then: docs/porting.md.\n";

/* A probe that is given up in the middle has memory that nobody can find any more. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

static void *read_all(FILE *file, size_t *bytes)
{
	size_t room = 1 << 16, got;
	char *data = malloc(room);

	for (*bytes = 0; data && (got = fread(data + *bytes, 1, room - *bytes, file)); ) {
		*bytes += got;
		if (*bytes == room && room < BLOB_MAX_BYTES)
			data = realloc(data, room *= 2);
	}
	return data;
}

/* NULL, with *reason in words. */
static const void *read_blob(const char *name, size_t *bytes, const char **reason)
{
	FILE *file = fopen(name, "rb");
	void *data;

	if (!file) {
		*reason = strerror(errno);
		return NULL;
	}
	data = read_all(file, bytes);
	if (!data || ferror(file)) {
		*reason = strerror(errno);
		free(data);
		data = NULL;
	}
	fclose(file);
	return data;
}

/* DT 5.2; what dt_open says of anything else is about addresses. NULL: it begins like a tree. */
static const char *kind_of_file(const void *data, size_t bytes)
{
	static const char source[] = "/dts-v1/", magic[] = "\xd0\x0d\xfe\xed";

	if (bytes >= 4 && !memcmp(data, magic, 4))
		return NULL;
	if (bytes >= sizeof(source) && !memcmp(data, source, sizeof(source) - 1))
		return "it is the source of a device tree: name it *.dts, and make port-check "
		       "DTB= compiles it with dtc";
	return "it is no device tree: it does not begin with the bytes d0 0d fe ed";
}

/* NULL, or what is wrong with the file. */
static const char *open_board(const char *name)
{
	const char *reason;
	size_t bytes;
	const void *blob = read_blob(name, &bytes, &reason);

	if (!blob)
		return reason;
	reason = kind_of_file(blob, bytes);
	if (reason || dt_open(blob, bytes, &reason))
		return reason;
	return how.memory.bytes ? memory_add(how.memory) : NULL;
}

static void print_error(const char *name, const char *error)
{
	if (how.output == TABLE)
		print_table_error(name, error);
	else
		fprintf(stderr, "port-check: %s: %s.\n", name, error);
	if (how.output == JSON)
		print_json_error(name, error);
}

static int check(const char *name)
{
	struct facts f = { .file = name };
	const char *error = open_board(name);

	if (!error) {
		facts_collect(&f);
		error = f.cpu.reason;
	}
	if (error)
		print_error(name, error);
	else if (how.output == JSON)
		print_json(&f);
	else if (how.output == SKELETON)
		print_skeleton(&f);
	else if (how.output == TABLE)
		print_table_row(&f);
	else
		print_text(&f, how.all);
	fflush(stdout);
	return error ? BAD_FILE : 0;
}

/* Each of many gets a process: each is a start, and one that crashes or hangs is alone. */
static int check_apart(const char *name)
{
	pid_t child;
	int status;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		alarm(BOARD_TIMEOUT_S);
		_exit(check(name));
	}
	if (child < 0 || waitpid(child, &status, 0) != child) {
		perror("port-check: fork");
		return BAD_USE;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) <= BAD_FILE)
		return WEXITSTATUS(status);
	fprintf(stderr, "port-check: %s: %s\n", name,
		WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ?
		"was not done in time" : "this crashed port-check itself");
	return CRASH;
}

static void progress(int done, int total)
{
	if (isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO))
		fprintf(stderr, "\r  CHECK   [%-20.*s] %d of %d boards%s", 20 * done / total,
			"####################", done, total, done < total ? "" : "\n");
}

static int check_many(char **names, int count)
{
	int worst = 0;

	if (how.output == TABLE)
		print_table_head();
	for (int i = 0; i < count; i++) {
		int result;

		if (how.output == JSON)
			printf("%s\n", i ? "," : "[");
		result = check_apart(names[i]);
		worst = result > worst ? result : worst;
		progress(i + 1, count);
	}
	if (how.output == JSON)
		printf("]\n");
	return worst;
}

static bool memory_parse(const char *text, struct range *memory)
{
	char *end;

	memory->start = strtoull(text, &end, 0);
	if (*end++ != ',')
		return false;
	memory->bytes = strtoull(end, &end, 0);
	return !*end && memory->bytes && memory->bytes - 1 <= UINT64_MAX - memory->start;
}

static int use(const char *error)
{
	fputs(usage, error ? stderr : stdout);
	if (error)
		fprintf(stderr, "\nport-check: %s.\n", error);
	return error ? BAD_USE : 0;
}

int main(int count, char **words)
{
	static const struct option options[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, JSON },
		{ "memory", required_argument, NULL, 'm' },
		{ "skeleton", no_argument, NULL, SKELETON },
		{ "table", no_argument, NULL, TABLE },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(count, words, "h", options, NULL)) != -1) {
		if (option == 'h')
			return use(NULL);
		if (option == '?')
			return BAD_USE;
		if (option == 'm' && !memory_parse(optarg, &how.memory))
			return use("--memory wants START,BYTES, such as 0x40000000,0x80000000");
		if (option == 'a')
			how.all = true;
		else if (option != 'm')
			how.output = option;
	}
	words += optind;
	count -= optind;
	if (!count)
		return use("which board? Name its device tree");
	return count == 1 && how.output != TABLE ? check(*words) : check_many(words, count);
}
