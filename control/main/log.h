/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_LOG_H
#define TP_LOG_H

/* As in syslog(3). */
enum tp_log_level { TP_LOG_ERROR = 3, TP_LOG_WARNING = 4, TP_LOG_INFO = 6 };

/*
 * One line on standard error. Where that is the journal, with the level in front as in sd-daemon(3), since the journal keeps the time itself; else with the
 * time in front. tp_log() is of level TP_LOG_INFO. Control thread.
 */
void tp_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void tp_log_at(enum tp_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
