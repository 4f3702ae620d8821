/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ctrl-C while turnpiked is followed. A stream that has a summary says so; then the first SIGINT or SIGTERM shuts our side of the connection down, turnpiked sends the rest,
 * and the second one ends turnpikectl as ever. A thread waits for them, so that no signal comes between the octets of a line.
 */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli.h"

/* Those that would end turnpikectl: a shell has its background jobs ignore SIGINT. */
static void stop_signals(sigset_t *set)
{
	static const int signals[] = {SIGINT, SIGTERM};
	struct sigaction now;

	sigemptyset(set);
	for (unsigned int i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigaction(signals[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaddset(set, signals[i]);
}

static void *stop_wait(void *arg)
{
	sigset_t set;
	int which;

	stop_signals(&set);
	if (sigwait(&set, &which) == 0)
		shutdown((int)(intptr_t)arg, SHUT_WR);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	for (;;)
		pause();
	return NULL;
}

void cli_stop_by_signal(int fd)
{
	static bool waits;
	pthread_t thread;
	sigset_t set;

	if (waits)
		return;
	stop_signals(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	waits = pthread_create(&thread, NULL, stop_wait, (void *)(intptr_t)fd) == 0;
	if (!waits) /* then the first one ends it */
		pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
