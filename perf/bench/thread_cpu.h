/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_PERF_THREAD_CPU_H
#define TP_PERF_THREAD_CPU_H
/*
 * CPU time between two moments, of the process (getrusage) and of each of its threads (/proc/self/task/N/schedstat). A thread that ended in
 * between is missing from the list, not from the sum.
 */
struct thread_cpu_thread {
	char name[16];
	int tid;
	double ns;
};

struct thread_cpu {
	double process_ns, wall_ns;
	unsigned int n;
	struct thread_cpu_thread threads[64];
};

void thread_cpu_take(struct thread_cpu *cpu);
/* Prints one line on the standard output: nanoseconds of each thread divided by `records`, as "name ns, name ns; wall ns". */
void thread_cpu_print(const struct thread_cpu *from, const struct thread_cpu *to, double records);

#endif
