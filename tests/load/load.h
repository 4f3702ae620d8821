/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_LOAD_H
#define TP_LOAD_H
/* What the programs that make load share: the clock, and room for as many files as they have clients. */
#include <errno.h>
#include <stdint.h>
#include <sys/resource.h>
#include <time.h>

#define LOAD_SPARE_FDS 64 /* beside those of clients */

static inline int64_t load_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* As many open files as may be. 0; -EMFILE where that is not enough for so many clients; -errno. */
static inline int load_files(uint32_t clients)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_max < clients + LOAD_SPARE_FDS)
		return -EMFILE;
	files.rlim_cur = files.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &files) == 0 ? 0 : -errno;
}

#endif
