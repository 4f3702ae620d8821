/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TEST_TLS_CLOCK_H
#define TP_TEST_TLS_CLOCK_H
/* The clock of OpenSSL and of dataplane/tls, which a test moves: hours pass at once, and none by itself that matters. Include it once a program. */
#include <time.h>

static time_t ahead;

time_t time(time_t *t)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	now.tv_sec += ahead;
	if (t)
		*t = now.tv_sec;
	return now.tv_sec;
}

#endif
