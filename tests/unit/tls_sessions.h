/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TEST_TLS_SESSIONS_H
#define TP_TEST_TLS_SESSIONS_H
/* One context for all tests of a program, and sessions of both versions from it. Include after cmocka.h. */
#include "tls_rig.h"

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
#define VERSIONS (sizeof(versions) / sizeof(versions[0]))

static struct tls_context *context;

static int setup(void **state)
{
	(void)state;
	context = rig_context();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tls_context_free(context);
	return 0;
}

static struct rig *rig_of(int version)
{
	return rig_new(context, &(struct rig_client){.version = version});
}

static struct rig *rig_open(int version)
{
	struct rig *r = rig_of(version);

	rig_run(r);
	assert_int_equal(tls_state(r->server), TLS_OPEN);
	return r;
}

#endif
