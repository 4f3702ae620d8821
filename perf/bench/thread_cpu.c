/* SPDX-License-Identifier: BSD-3-Clause */
/* CPU time by thread, for benchmarks. */
#include "thread_cpu.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define LEAST_NS 5 /* a record; threads below are left out */

static int thread_cpu_line(int tid, const char *file, char *line, int len)
{
	char path[64];
	FILE *in;
	int got;

	snprintf(path, sizeof(path), "/proc/self/task/%d/%s", tid, file);
	in = fopen(path, "r");
	if (!in)
		return 0;
	got = fgets(line, len, in) != NULL;
	fclose(in);
	line[strcspn(line, "\n")] = '\0';
	return got;
}

static int thread_cpu_one(int tid, struct thread_cpu_thread *t)
{
	char line[128];

	t->tid = tid;
	if (!thread_cpu_line(tid, "schedstat", line, sizeof(line)))
		return 0;
	t->ns = strtod(line, NULL);
	return thread_cpu_line(tid, "comm", t->name, sizeof(t->name));
}

void thread_cpu_take(struct thread_cpu *cpu)
{
	DIR *tasks = opendir("/proc/self/task");
	const struct dirent *e;
	struct timespec wall;
	struct rusage u;

	cpu->n = 0;
	while (tasks && cpu->n < sizeof(cpu->threads) / sizeof(cpu->threads[0]) && (e = readdir(tasks)) != NULL)
		if (e->d_name[0] != '.' && thread_cpu_one(atoi(e->d_name), &cpu->threads[cpu->n]))
			cpu->n++;
	if (tasks)
		closedir(tasks);
	getrusage(RUSAGE_SELF, &u);
	cpu->process_ns =
	        (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e9 + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e3;
	clock_gettime(CLOCK_MONOTONIC, &wall);
	cpu->wall_ns = (double)wall.tv_sec * 1e9 + (double)wall.tv_nsec;
}

static double thread_cpu_before(const struct thread_cpu *from, int tid)
{
	for (unsigned int i = 0; i < from->n; i++)
		if (from->threads[i].tid == tid)
			return from->threads[i].ns;
	return 0;
}

void thread_cpu_print(const struct thread_cpu *from, const struct thread_cpu *to, double records)
{
	const char *separator = "";

	for (unsigned int i = 0; i < to->n; i++) {
		double ns = (to->threads[i].ns - thread_cpu_before(from, to->threads[i].tid)) / records;

		if (ns < LEAST_NS)
			continue;
		printf("%s%s %.0f", separator, to->threads[i].name, ns);
		separator = ", ";
	}
	printf("; wall %.0f\n", (to->wall_ns - from->wall_ns) / records);
}
