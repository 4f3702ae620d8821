/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A line is written and remembered under one lock, so that what is shown later stands in the order in which it was written. The ring is memory of
 * the program: nothing is allocated, and it works before anything else does.
 */
#include "tp_log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static char log_ring[TP_LOG_LINES][TP_LOG_LINE]; /* line n stands at n % TP_LOG_LINES */
static uint64_t log_last;

static int log_time(char *text, size_t len)
{
	struct timespec now;
	struct tm utc;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	return snprintf(text, len, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ ", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
	        utc.tm_hour, utc.tm_min, utc.tm_sec, now.tv_nsec / 1000000);
}

/* JOURNAL_STREAM names device and inode of what the service manager connected; standard error may be something else by now. */
static bool log_find_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 && fstat(STDERR_FILENO, &st) == 0 &&
	       st.st_dev == device && st.st_ino == inode;
}

/* Under the lock. */
static bool log_to_journal(void)
{
	static int journal = -1;

	if (journal < 0)
		journal = log_find_journal();
	return journal;
}

/* timed: the line with its time, which the journal keeps itself. In one call, so that lines of others do not come between. */
static void log_write(enum tp_log_level level, const char *timed, int time_len)
{
	if (log_to_journal())
		fprintf(stderr, "<%d>%s\n", level, timed + time_len);
	else
		fprintf(stderr, "%s\n", timed);
}

static void log_line(enum tp_log_level level, const char *fmt, va_list args)
{
	char text[TP_LOG_LINE];
	int used = log_time(text, sizeof(text));

	vsnprintf(text + used, sizeof(text) - (size_t)used, fmt, args);
	pthread_mutex_lock(&log_lock);
	log_last++;
	memcpy(log_ring[log_last % TP_LOG_LINES], text, strlen(text) + 1);
	log_write(level, text, used);
	pthread_mutex_unlock(&log_lock);
}

void tp_log(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_line(TP_LOG_INFO, fmt, args);
	va_end(args);
}

void tp_log_at(enum tp_log_level level, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_line(level, fmt, args);
	va_end(args);
}

void tp_log_unkept(enum tp_log_level level, const char *lines)
{
	size_t n;

	pthread_mutex_lock(&log_lock);
	for (; *lines; lines += n + (lines[n] == '\n')) {
		n = strcspn(lines, "\n");
		if (log_to_journal())
			fprintf(stderr, "<%d>%.*s\n", level, (int)n, lines);
		else
			fprintf(stderr, "%.*s\n", (int)n, lines);
	}
	pthread_mutex_unlock(&log_lock);
}

void tp_log_unkept_open(struct tp_log_unkept *lines)
{
	*lines = (struct tp_log_unkept){0};
	lines->out = open_memstream(&lines->text, &lines->n);
	if (!lines->out)
		lines->out = stderr;
}

void tp_log_unkept_close(struct tp_log_unkept *lines, enum tp_log_level level)
{
	if (lines->out == stderr)
		return;
	if (fclose(lines->out) == 0)
		tp_log_unkept(level, lines->text);
	else
		tp_log_at(level, "no memory for the lines that stand here otherwise");
	free(lines->text);
}

uint64_t tp_log_line(uint64_t number, char *text)
{
	pthread_mutex_lock(&log_lock);
	if (log_last >= TP_LOG_LINES && number <= log_last - TP_LOG_LINES)
		number = log_last - TP_LOG_LINES + 1;
	if (number == 0)
		number = 1;
	if (number > log_last)
		number = 0;
	else
		memcpy(text, log_ring[number % TP_LOG_LINES], TP_LOG_LINE);
	pthread_mutex_unlock(&log_lock);
	return number;
}

uint64_t tp_log_last(void)
{
	uint64_t last;

	pthread_mutex_lock(&log_lock);
	last = log_last;
	pthread_mutex_unlock(&log_lock);
	return last;
}
