/* SPDX-License-Identifier: BSD-3-Clause */
/* The admin thread as a step of the daemon's life, what it is told of control, and the list of its services. */
#include "tp_admin.h"

#include "daemon.h"
#include "tp_clock.h"
#include "tp_log.h"
#include "tp_view.h"

#define ADMIN_PULSE_MS 50

/* A service is a line here. */
static const struct tp_service *const admin_services[] = {
        &tp_sampler,
        &tp_control_socket,
        &tp_http,
        NULL,
};

static unsigned int admin_devices(const struct tp_plan_spec *spec)
{
	unsigned int n = 0;

	for (unsigned int s = 1; s < spec->n_sources; s++)
		n += !spec->sources[s].retired;
	return n;
}

static bool admin_is_covert(const struct tp_pattern_spec *patterns)
{
	bool covert = false;

	for (unsigned int i = 0; patterns && i < patterns->n_lists; i++)
		covert |= patterns->lists[i].covert;
	for (unsigned int i = 0; patterns && i < patterns->n_rules; i++)
		covert |= patterns->rules[i].covert;
	return covert;
}

/* A configuration without covert lists does not forget: sums since the start still hold their alerts. */
void tp_daemon_view(struct tp_daemon *d)
{
	struct tp_view view = {.conf = &d->now->conf,
	        .spec = d->spec,
	        .devices = admin_devices(d->spec),
	        .covert = d->covert || admin_is_covert(d->now->conf.patterns),
	        .started_us = d->started_us,
	        .configured_us = tp_clock_us(CLOCK_REALTIME)};

	d->covert = view.covert;
	view.generation = ++d->generation;
	tp_view_set(&view);
}

void tp_daemon_pulse(struct tp_daemon *d, enum tp_life life)
{
	struct tp_pulse pulse = {.at_ms = tp_clock_ms(CLOCK_MONOTONIC), .life = life, .sink.reachable = -1};

	if (d->sink) {
		pulse.outstanding = d->ops->outstanding(d->sink);
		pulse.sink_busy = d->ops->busy(d->sink);
	}
	if (d->sink && d->ops->state)
		d->ops->state(d->sink, &pulse.sink);
	if (d->login)
		tp_login_stats(d->login, &pulse.login);
	d->next_pulse_ms = pulse.at_ms + ADMIN_PULSE_MS;
	tp_pulse_set(&pulse);
}

int tp_daemon_admin(struct tp_daemon *d)
{
	char err[1024] = "";

	d->started_us = tp_clock_us(CLOCK_REALTIME);
	tp_daemon_view(d);
	tp_daemon_pulse(d, TP_LIFE_STARTING);
	if (d->command_line.replay || tp_admin_start(admin_services, &d->conf, err, sizeof(err)) == 0)
		return TP_EXIT_OK;
	tp_log_at(TP_LOG_ERROR, "%s", err);
	return TP_EXIT_FAILED;
}

void tp_daemon_unadmin(struct tp_daemon *d)
{
	(void)d;
	tp_admin_stop();
}
