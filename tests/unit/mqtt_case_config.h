/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TEST_MQTT_CASE_CONFIG_H
#define TP_TEST_MQTT_CASE_CONFIG_H
/* The lines of a case that configure: listener, gateway, routes, patterns, users and devices. They stand before what happens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "mqtt_case_host.h"

static struct case_run run;
static struct {
	const char *file;
	unsigned int line;
} at;

#define CASE_FAIL(...)                                                                                                             \
	do {                                                                                                                       \
		print_error("%s:%u (%s): ", at.file, at.line, run.mode.name);                                                      \
		fail_msg(__VA_ARGS__);                                                                                             \
	} while (0)

/* ---- what configures ------------------------------------------------------------------------------------------------------ */
static char *keep_string(const char *p, size_t n)
{
	if (run.n_strings == sizeof(run.strings) / sizeof(run.strings[0]))
		CASE_FAIL("too many strings");
	return run.strings[run.n_strings++] = strndup(p, n);
}

/* The quoted text at *s, which is moved behind it. */
static char *quoted(char **s)
{
	char *from = strchr(*s, '"'), *to = from ? strchr(from + 1, '"') : NULL;

	if (to == NULL)
		CASE_FAIL("a quoted text is missing");
	*s = to + 1 + strspn(to + 1, " ");
	return keep_string(from + 1, (size_t)(to - from - 1));
}

static void set_versions(const char *value)
{
	run.listener.versions = 0;
	if (strstr(value, "3.1,") || strcmp(value, "3.1") == 0)
		run.listener.versions |= TP_MQTT_3_1;
	if (strstr(value, "3.1.1"))
		run.listener.versions |= TP_MQTT_3_1_1;
	if (strstr(value, "5"))
		run.listener.versions |= TP_MQTT_5;
}

static void set_listener(const char *key, const char *value)
{
	struct tp_mqtt_listener *l = &run.listener;
	unsigned long v = strtoul(value, NULL, 10);

	if (strcmp(key, "identity") == 0)
		l->identity = value[1] == 's'   ? TP_MQTT_IDENTITY_USER
		              : value[1] == 'e' ? TP_MQTT_IDENTITY_CERTIFICATE
		                                : TP_MQTT_IDENTITY_CLIENT_ID;
	else if (strcmp(key, "versions") == 0)
		set_versions(value);
	else if (strcmp(key, "anonymous") == 0)
		l->anonymous = value[0] == 'y';
	else if (strcmp(key, "check_users") == 0)
		l->check_users = value[0] == 'y';
	else if (strcmp(key, "subscribe") == 0)
		l->subscribe = value[0] == 'c' ? TP_MQTT_SUBSCRIBE_CLOSE : TP_MQTT_SUBSCRIBE_REFUSE;
	else if (strcmp(key, "unmapped") == 0)
		l->unmapped = value[0] == 'r' ? -1 : (int32_t)v;
	else if (strcmp(key, "unknown_source") == 0)
		l->unknown_source = (uint16_t)v;
	else if (strcmp(key, "max_packet") == 0)
		l->max_packet = (uint32_t)v;
	else if (strcmp(key, "in_flight") == 0)
		l->in_flight = (uint16_t)v;
	else if (strcmp(key, "alias_max") == 0)
		l->alias_max = (uint16_t)v;
	else if (strcmp(key, "keep_alive_max") == 0)
		l->keep_alive_max = (uint16_t)v;
	else if (strcmp(key, "expiry_max") == 0)
		l->expiry_max = (uint32_t)v;
	else if (strcmp(key, "connect_timeout_ms") == 0)
		l->connect_timeout_ms = (uint32_t)v;
	else if (strcmp(key, "connect_rate") == 0)
		l->connect_rate = (uint32_t)v;
	else if (strcmp(key, "connect_rate_prefix") == 0)
		l->connect_rate_prefix = (uint32_t)v;
	else
		CASE_FAIL("listener has no \"%s\"", key);
}

static void set_gateway(const char *key, const char *value)
{
	unsigned long v = strtoul(value, NULL, 10);

	if (strcmp(key, "connections") == 0)
		run.spec.connections = (uint32_t)v;
	else if (strcmp(key, "clients") == 0)
		run.spec.clients = (uint32_t)v;
	else if (strcmp(key, "waiters") == 0)
		run.spec.waiters = (uint32_t)v;
	else if (strcmp(key, "window") == 0)
		run.spec.window = (uint16_t)v;
	else if (strcmp(key, "octets") == 0)
		run.spec.assembly_octets = v;
	else
		CASE_FAIL("gateway has no \"%s\"", key);
}

static void set_route(const char *key, const char *value)
{
	struct tp_mqtt_route *r = &run.routes[run.listener.n_routes - 1];
	unsigned long v = strtoul(value, NULL, 10);

	if (strcmp(key, "listener") == 0)
		r->listener = (uint16_t)v;
	else if (strcmp(key, "site") == 0)
		r->site_level = (uint8_t)v;
	else if (strcmp(key, "lane") == 0)
		r->lane_level = (uint8_t)v;
	else if (strcmp(key, "slow") == 0)
		r->slow = value[0] == 's' ? TP_MQTT_SHED : TP_MQTT_HOLD;
	else if (strcmp(key, "properties") == 0)
		r->keep_properties = value[0] == 'y';
	else
		CASE_FAIL("route has no \"%s\"", key);
}

/* key=value key=value */
static void settings(char *s, void (*set)(const char *, const char *))
{
	char *save, *value;

	if (run.gateways[0])
		CASE_FAIL("this must stand before what happens");
	for (char *word = strtok_r(s, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		value = strchr(word, '=');
		if (value == NULL)
			CASE_FAIL("\"%s\" has no value", word);
		*value = 0;
		set(word, value + 1);
	}
}

static void do_listener(char *s)
{
	settings(s, set_listener);
}

static void do_gateway(char *s)
{
	settings(s, set_gateway);
}

static void do_route(char *s)
{
	if (run.listener.n_routes == CASE_ROUTES)
		CASE_FAIL("too many routes");
	run.routes[run.listener.n_routes++].filter = quoted(&s);
	settings(s, set_route);
}

static void do_may(char *s)
{
	if (run.listener.n_may_publish == CASE_ROUTES)
		CASE_FAIL("too many patterns");
	run.may[run.listener.n_may_publish++] = quoted(&s);
}

static void do_user(char *s)
{
	if (run.n_users == 8)
		CASE_FAIL("too many users");
	snprintf(run.users[run.n_users][0], sizeof(run.users[0][0]), "%s", quoted(&s));
	snprintf(run.users[run.n_users++][1], sizeof(run.users[0][1]), "%s", quoted(&s));
}

static void do_known(char *s)
{
	if (run.n_known == 8)
		CASE_FAIL("too many devices");
	snprintf(run.known[run.n_known++], sizeof(run.known[0]), "%s", quoted(&s));
}

#endif
