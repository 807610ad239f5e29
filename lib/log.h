/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What happened, for people: kept in a ring in memory from the first line on, shown on the
 * console up to the chosen level. What is logged before there is a console is shown when one comes.
 */
#pragma once
#include "arch/types.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* One line each, without the newline. Cut at LOG_LINE_BYTES. */
enum { LOG_LINE_BYTES = 256 };
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define log_error(...)		log_line(LOG_ERROR, __VA_ARGS__)
#define log_warning(...)	log_line(LOG_WARNING, __VA_ARGS__)
#define log_info(...)		log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...)		log_line(LOG_DEBUG, __VA_ARGS__)

void log_set_level(enum log_level shown);		/* on the console; the ring keeps all */
enum log_level log_get_level(void);
const char *log_level_name(enum log_level level);
int log_level_parse(const char *word, enum log_level *level);	/* "error" ... "debug"; -EINVAL */

/* The kept lines, oldest first. @each gets the text without newline; time in us since start. */
void log_walk(void (*each)(void *context, enum log_level level, u64 time_us, const char *text),
	      void *context);

/* The lines not shown so far, up to the chosen level; they then count as shown. */
void log_show(void (*write)(const char *text, size_t bytes));

/*
 * The reason to stop, in words, with a backtrace: on the console, or on the early one after the
 * lines that nobody saw yet. Then the end that the option plinth.crash chooses: stop, or reset.
 */
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));
