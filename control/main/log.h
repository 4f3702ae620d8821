/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_LOG_H
#define TP_LOG_H

/* One line on standard error, with the time in front. Control thread. */
void tp_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
