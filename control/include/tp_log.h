/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_LOG_H
#define TP_LOG_H
/*
 * What turnpiked says: one line each on standard error, and the last TP_LOG_LINES of them in memory, so that `turnpikectl log` can show them. Where
 * standard error is the journal the level stands in front, as in sd-daemon(3), since the journal keeps the time itself; else the time.
 *
 * Control, admin and their helpers, any of them at any time; never a worker: it locks and writes.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TP_LOG_LINES 1024 /* kept */
#define TP_LOG_LINE  2048 /* octets of one, the time and the NUL included; longer lines are cut */

/* As in syslog(3). */
enum tp_log_level { TP_LOG_ERROR = 3, TP_LOG_WARNING = 4, TP_LOG_NOTICE = 5, TP_LOG_INFO = 6 };

/* tp_log() is of level TP_LOG_INFO. */
void tp_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void tp_log_at(enum tp_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Lines that are not kept, because they may quote a file with secrets: mistakes of a configuration and of what it names. They have no time in front, and where standard
 * error is the journal the level stands in front of each.
 */
void tp_log_unkept(enum tp_log_level level, const char *lines);

/* The same for who writes to a stream: what was written to `out` goes out with tp_log_unkept_close(). */
struct tp_log_unkept {
	FILE *out; /* standard error itself where there was no memory */
	char *text;
	size_t n;
};
void tp_log_unkept_open(struct tp_log_unkept *lines);
void tp_log_unkept_close(struct tp_log_unkept *lines, enum tp_log_level level);

/*
 * The first kept line whose number is at least `number`: copies it into text (TP_LOG_LINE octets) and returns its number, or 0 where there is
 * none. Lines are numbered from 1; a number that is larger than the one asked for says how many are no longer kept.
 */
uint64_t tp_log_line(uint64_t number, char *text);
/* The number of the last line, 0 before the first. */
uint64_t tp_log_last(void);

#endif
