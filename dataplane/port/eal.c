/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The EAL: its arguments, made from the specification, and its log.
 *
 * Lcore 0 is the control thread, lcores 1 to n are the workers; --lcores maps them to CPUs, so there may be more workers than CPUs. An
 * lcore without a CPU of its own may run on all that this process may use.
 *
 * DPDK's log is kept in a small buffer while things start. If all goes well nobody sees it; if not, its last line goes into the
 * sentence for the user.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>

#include "setup.h"

/* ---- arguments -------------------------------------------------------------------------------------------------------------- */
__attribute__((format(printf, 2, 3))) static int eal_add(struct tp_eal_args *args, const char *format, ...)
{
	va_list ap;
	int n;

	if (args->argc >= TP_EAL_ARGS_MAX)
		return -E2BIG;
	va_start(ap, format);
	n = vasprintf(&args->argv[args->argc], format, ap);
	va_end(ap);
	if (n < 0) {
		args->argv[args->argc] = NULL;
		return -ENOMEM;
	}
	args->argc++;
	return 0;
}

/* "(0,1,3)" */
static void eal_print_cpus(FILE *out, const cpu_set_t *cpus)
{
	const char *separator = "(";

	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET(cpu, cpus)) {
			fprintf(out, "%s%d", separator, cpu);
			separator = ",";
		}
	}
	fputc(')', out);
}

static void eal_print_lcore(FILE *out, unsigned int lcore, int cpu, const cpu_set_t *any)
{
	fprintf(out, "%s%u@", lcore ? "," : "", lcore);
	if (cpu >= 0)
		fprintf(out, "%d", cpu);
	else
		eal_print_cpus(out, any);
}

static int eal_add_lcores(const struct tp_dataplane_spec *spec, const struct tp_host *host, struct tp_eal_args *args)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int rc;

	if (out == NULL)
		return -ENOMEM;
	eal_print_lcore(out, 0, spec->control_cpu, &host->cpus);
	for (unsigned int i = 0; i < spec->n_workers; i++)
		eal_print_lcore(out, i + 1, spec->worker_cpus ? spec->worker_cpus[i] : -1, &host->cpus);
	rc = fclose(out) == 0 ? eal_add(args, "--lcores=%s", text) : -ENOMEM;
	free(text);
	return rc ? rc : eal_add(args, "--main-lcore=0");
}

static int eal_add_memory(const struct tp_dataplane_spec *spec, uint32_t memory_mb, struct tp_eal_args *args)
{
	bool pci = false;
	int rc;

	for (unsigned int i = 0; i < spec->n_ports; i++)
		pci |= spec->ports[i].type == TP_PORT_PCI;
	rc = eal_add(args, "-m%u", memory_mb);
	if (rc == 0)
		rc = spec->hugepages ? eal_add(args, "--in-memory") : eal_add(args, "--no-huge");
	/* A PCI device behind no IOMMU needs physical addresses: then DPDK chooses. It cannot without hugepages. */
	if (rc == 0 && !(pci && spec->hugepages))
		rc = eal_add(args, "--iova-mode=va");
	if (rc == 0 && !pci)
		rc = eal_add(args, "--no-pci");
	return rc;
}

static int eal_add_log_level(const char *level, struct tp_eal_args *args)
{
	int rc = eal_add(args, "--log-level=%s", level);

	/* The global level only hides; what a library does not say by itself it must be told to. */
	if (rc == 0 && (strcmp(level, "info") == 0 || strcmp(level, "debug") == 0))
		rc = eal_add(args, "--log-level=*:%s", level);
	return rc;
}

static int eal_add_ports(
        const struct tp_dataplane_spec *spec, const struct tp_host *host, struct tp_eal_args *args, char *err, size_t err_len)
{
	char device[512];
	int rc;

	for (unsigned int i = 0; i < spec->n_ports; i++) {
		rc = tp_device_args(spec, host, i, device, sizeof(device));
		if (rc < 0)
			return tp_setup_fail(err, err_len, -rc,
			        "port '%s': device name '%s' is too long, expected at most 400 characters", spec->ports[i].name,
			        spec->ports[i].device);
		rc = spec->ports[i].type == TP_PORT_PCI ? eal_add(args, "-a%s", device) : eal_add(args, "--vdev=%s", device);
		if (rc < 0)
			return tp_setup_fail(err, err_len, -rc, "out of memory");
	}
	return 0;
}

int tp_eal_args_build(const struct tp_dataplane_spec *spec, const struct tp_host *host, uint32_t memory_mb,
        struct tp_eal_args *args, char *err, size_t err_len)
{
	int rc;

	memset(args, 0, sizeof(*args));
	args->memory_mb = memory_mb;
	rc = eal_add(args, "turnpiked");
	if (rc == 0)
		rc = eal_add_lcores(spec, host, args);
	if (rc == 0)
		rc = eal_add_memory(spec, memory_mb, args);
	if (rc == 0 && spec->file_prefix)
		rc = eal_add(args, "--file-prefix=%s", spec->file_prefix);
	/* An ordinary user may not write to the run-time folder. */
	if (rc == 0 && !host->root)
		rc = eal_add(args, "--no-shconf");
	if (rc == 0 && !host->root)
		rc = eal_add(args, "--no-telemetry");
	if (rc == 0)
		rc = eal_add_log_level(spec->eal_log_level ? spec->eal_log_level : "error", args);
	if (rc < 0)
		return tp_setup_fail(err, err_len, -rc, "out of memory");
	return eal_add_ports(spec, host, args, err, err_len);
}

void tp_eal_args_free(struct tp_eal_args *args)
{
	for (int i = 0; i < args->argc; i++)
		free(args->argv[i]);
	args->argc = 0;
}

/* ---- log -------------------------------------------------------------------------------------------------------------------- */
static struct {
	char text[4096]; /* NUL-terminated: the last that was written */
	size_t used;
	char last[256]; /* what tp_eal_said() returned */
} eal_log;

/* Keeps the tail: what does not fit pushes out the older half. */
static ssize_t eal_log_write(void *cookie, const char *data, size_t n)
{
	size_t room = sizeof(eal_log.text) - 1, half = room / 2, take = RTE_MIN(n, half);

	(void)cookie;
	if (eal_log.used + take > room) {
		memmove(eal_log.text, eal_log.text + eal_log.used - half, half);
		eal_log.used = half;
	}
	memcpy(eal_log.text + eal_log.used, data + n - take, take);
	eal_log.used += take;
	eal_log.text[eal_log.used] = '\0';
	return (ssize_t)n;
}

static void eal_log_keep(void)
{
	FILE *stream = fopencookie(NULL, "w", (cookie_io_functions_t){.write = eal_log_write});

	if (stream == NULL)
		return;
	setvbuf(stream, NULL, _IONBF, 0);
	rte_openlog_stream(stream);
}

const char *tp_eal_said(void)
{
	size_t end = eal_log.used, start;

	while (end > 0 && (eal_log.text[end - 1] == '\n' || eal_log.text[end - 1] == ' '))
		end--;
	for (start = end; start > 0 && eal_log.text[start - 1] != '\n'; start--)
		;
	snprintf(eal_log.last, sizeof(eal_log.last), "%.*s", (int)(end - start), eal_log.text + start);
	return eal_log.last;
}

void tp_eal_log(const char *text)
{
	rte_log(RTE_LOG_WARNING, RTE_LOGTYPE_USER1, "%s", text);
}

void tp_eal_log_open(void)
{
	rte_openlog_stream(stderr);
}

/* ---- start ------------------------------------------------------------------------------------------------------------------ */
static int eal_explain(const struct tp_dataplane_spec *spec, const struct tp_eal_args *args, int code, char *err, size_t err_len)
{
	if (strstr(eal_log.text, "Is another primary process running"))
		return tp_setup_fail(err, err_len, EADDRINUSE,
		        "another turnpiked already runs under the name '%s'; stop it or give this one another name",
		        spec->file_prefix ? spec->file_prefix : "rte");
	/* "Cannot get hugepage information" where there are none, "Cannot init memory" where they are too few. */
	if (spec->hugepages && (strstr(eal_log.text, "hugepage") || strstr(eal_log.text, "Cannot init memory")))
		return tp_setup_fail(err, err_len, ENOMEM,
		        "memory.hugepages is true, and %u MiB of free hugepages were not found; reserve them in "
		        "/proc/sys/vm/nr_hugepages (2 MiB each), or configure memory.hugepages: auto (DPDK says: %s)",
		        args->memory_mb, tp_eal_said());
	return tp_setup_fail(
	        err, err_len, code ? code : EIO, "DPDK did not start: %s (DPDK says: %s)", strerror(code), tp_eal_said());
}

int tp_eal_start(const struct tp_dataplane_spec *spec, const struct tp_eal_args *args, char *err, size_t err_len)
{
	char *argv[TP_EAL_ARGS_MAX + 1];

	/* The EAL reorders the vector it is given. */
	memcpy(argv, args->argv, sizeof(argv));
	eal_log_keep();
	rte_errno = 0;
	if (rte_eal_init(args->argc, argv) < 0)
		return eal_explain(spec, args, rte_errno, err, err_len);
	return 0;
}
