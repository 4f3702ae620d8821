/* SPDX-License-Identifier: BSD-3-Clause */
#include "setup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void setup_say(const struct tp_setup_frame *frame, const char *what)
{
	if (frame->stage)
		frame->stage(frame->ctx, what);
}

/* ---- what was reserved at start -------------------------------------------------------------------------------------------------- */
static bool setup_listener_fits(
        const struct tp_dataplane_spec *start, const struct tp_mqtt_listener *l, const char *path, FILE *out)
{
	const char *why = NULL;

	if (l->retired)
		return true;
	if (start->tcp.connections == 0)
		why = "there was no MQTT listener at the start, so nothing is reserved for connections";
	else if ((uint64_t)l->max_packet * 3 / 2 > start->mqtt.assembly_octets)
		why = "max_packet is larger than memory.mqtt_assembly_bytes was made for at the start";
	else if (l->in_flight > start->mqtt.waiters)
		why = "in_flight is larger than memory.mqtt_waiters at the start";
	else if (l->connect_rate_prefix && start->mqtt.prefixes == 0)
		why = "no listener had connect_rate_prefix at the start, and memory.mqtt_prefixes was 0, so no prefixes are kept";
	if (why)
		fprintf(out, "%s: mqtt[%s]: %s: this needs a restart\n", path, l->name, why);
	return why == NULL;
}

static bool setup_fits(const struct tp_conf *next, const struct tp_conf *start, FILE *out)
{
	bool ok = true;

	for (unsigned int i = 0; i < next->plan.n_mqtt_listeners; i++)
		ok &= setup_listener_fits(&start->dataplane, &next->plan.mqtt_listeners[i], next->path, out);
	return ok;
}

/* The sink has opened what the first configuration uses. */
static bool setup_topics_known(const struct tp_setup *next, const struct tp_plan_spec *now, FILE *out)
{
	for (unsigned int t = now->n_topics; t < next->conf.plan.n_topics; t++)
		fprintf(out, "%s: records would go to the topic '%s', which the sink has not opened: this needs a restart\n",
		        next->conf.path, next->conf.plan.topics[t].name);
	return next->conf.plan.n_topics == now->n_topics;
}

/* ---- steps ----------------------------------------------------------------------------------------------------------------------- */
static int setup_number(struct tp_setup *next, const struct tp_setup_frame *frame, FILE *out)
{
	char err[1024] = "";
	int rc = 0;

	if (frame->sink)
		rc = tp_conf_sink(&next->conf, frame->sink, err, sizeof(err));
	if (rc == 0)
		rc = tp_conf_carry(&next->conf, tp_plan_spec(frame->now->plan), frame->deserted, frame->start->dataplane.n_sources,
		        err, sizeof(err));
	if (rc)
		fprintf(out, "%s: %s\n", next->conf.path, err);
	if (rc == 0 &&
	        (!setup_fits(&next->conf, frame->start, out) || !setup_topics_known(next, tp_plan_spec(frame->now->plan), out)))
		rc = -ENOTSUP;
	next->conf.dataplane = frame->start->dataplane;
	next->conf.hugepages_auto = frame->start->hugepages_auto;
	next->conf.stop_asked = frame->start->stop_asked;
	return rc;
}

static int setup_plan(struct tp_setup *next, unsigned int n_workers, FILE *out)
{
	char err[1024] = "";
	int rc;

	next->conf.plan.patterns = next->patterns ? next->patterns->db : NULL;
	rc = tp_plan_build(&next->conf.plan, &next->plan, err, sizeof(err));
	if (rc == 0)
		rc = tp_worker_view_new(next->plan, n_workers, &next->view);
	if (rc)
		fprintf(out, "%s: %s\n", next->conf.path, err[0] ? err : "out of memory for the plan");
	return rc;
}

static bool setup_http(struct tp_setup *next, const struct tp_setup_frame *frame, FILE *out)
{
	char err[1024] = "";

	if (!frame->http || tp_http_read(&next->conf, &next->http, err, sizeof(err)) == 0)
		return true;
	fprintf(out, "%s\n", err);
	return false;
}

int tp_setup_build(struct tp_setup *next, const struct tp_setup_frame *frame, FILE *out)
{
	int rc = setup_number(next, frame, out);

	if (rc)
		return rc;
	setup_say(frame, "reading certificates and users");
	if (!tp_credentials_load(&next->conf, next->users, out) || !setup_http(next, frame, out))
		return -EINVAL;
	setup_say(frame, "compiling lists and rules");
	rc = tp_patterns_get(&next->conf, frame->now->patterns, &next->patterns, out);
	if (rc)
		return rc;
	setup_say(frame, "making the plan");
	return setup_plan(next, frame->start->dataplane.n_workers, out);
}

void tp_setup_free(struct tp_setup *setup)
{
	if (!setup)
		return;
	tp_worker_view_free(setup->view);
	tp_plan_free(setup->plan);
	tp_patterns_put(setup->patterns);
	tp_credentials_free(&setup->conf, setup->users);
	tp_http_free(setup->http);
	if (!setup->conf_stays)
		tp_conf_free(&setup->conf);
	free(setup);
}
