/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The start and the end of everything below the workers, in order: ask the machine, size the memory, start the EAL, make the pool, start
 * the ports.
 */
#include <errno.h>
#include <string.h>

#include <rte_eal.h>

#include "setup.h"
#include "xdp.h"

static struct {
	struct tp_dataplane_spec spec; /* with arrays of our own */
	struct tp_port_spec ports[TP_MAX_PORTS];
	int cpus[TP_MAX_WORKERS];
} dataplane;

const struct tp_dataplane_spec *tp_dataplane(void)
{
	return &dataplane.spec;
}

static void dataplane_copy(const struct tp_dataplane_spec *spec)
{
	dataplane.spec = *spec;
	memcpy(dataplane.ports, spec->ports, spec->n_ports * sizeof(dataplane.ports[0]));
	for (unsigned int i = 0; i < spec->n_workers; i++)
		dataplane.cpus[i] = spec->worker_cpus ? spec->worker_cpus[i] : -1;
	dataplane.spec.ports = dataplane.ports;
	dataplane.spec.worker_cpus = dataplane.cpus;
}

/* Numbers of the configuration that cannot work, before DPDK says so in its own way. */
static int dataplane_check(const struct tp_dataplane_spec *spec, const struct tp_memory *memory, char *err, size_t err_len)
{
	if (spec->mbufs > 0 && spec->mbufs < memory->mbufs_least)
		return tp_setup_fail(err, err_len, EINVAL, "%u packet buffers are too few: the queues and workers need at least %u",
		        spec->mbufs, memory->mbufs_least);
	if (spec->memory_mb > 0 && spec->memory_mb < memory->eal_mb)
		return tp_setup_fail(err, err_len, EINVAL, "%u MB of memory are too few: the configuration needs %u MB",
		        spec->memory_mb, memory->eal_mb);
	return 0;
}

static int dataplane_start_eal(const struct tp_host *host, const struct tp_memory *memory, char *err, size_t err_len)
{
	const struct tp_dataplane_spec *spec = &dataplane.spec;
	struct tp_eal_args args;
	int rc;

	rc = tp_eal_args_build(spec, host, spec->memory_mb ? spec->memory_mb : memory->eal_mb, &args, err, err_len);
	if (rc == 0)
		rc = tp_eal_start(spec, &args, err, err_len);
	tp_eal_args_free(&args);
	return rc;
}

int tp_dataplane_init(const struct tp_dataplane_spec *spec, char *err, size_t err_len)
{
	struct tp_memory memory;
	struct tp_host host;
	int rc;

	rc = tp_host_read(spec, &host, err, err_len);
	if (rc < 0)
		return rc;
	tp_memory_size(spec, &host, &memory);
	rc = dataplane_check(spec, &memory, err, err_len);
	if (rc == 0)
		rc = tp_host_claim(spec, err, err_len);
	if (rc < 0)
		return rc;
	dataplane_copy(spec);
	rc = dataplane_start_eal(&host, &memory, err, err_len);
	if (rc < 0)
		return rc;
	tp_xdp_libraries_log(tp_eal_log);
	if (host.root) /* the EAL has made sure that nobody else has this name */
		tp_xdp_guard_clean(spec->file_prefix ? spec->file_prefix : "turnpike");
	rc = tp_pool_create(&dataplane.spec, memory.mbufs, err, err_len);
	if (rc < 0)
		goto fail_pool;
	for (unsigned int i = 0; i < spec->n_ports; i++) {
		rc = tp_port_start(&dataplane.spec, &host, i, err, err_len);
		if (rc < 0)
			goto fail_port;
	}
	tp_eal_log_open();
	return 0;

fail_port:
	tp_ports_stop();
	tp_pool_free();
fail_pool:
	rte_eal_cleanup();
	return rc;
}

void tp_dataplane_fini(void)
{
	tp_ports_stop();
	tp_pool_free();
	rte_eal_cleanup();
}
