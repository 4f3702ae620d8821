/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a CONNECT to its CONNACK. What the packet says is checked and kept; then user and password are checked off the packet path, then the device and
 * its source are looked up, then the home of the client identifier is asked. Each step may end in a refusal; meanwhile the session holds.
 */
#include "state.h"

/* Beside mqtt_connect_refused, where nothing else tells of the reason. */
static void accept_count(struct mqtt_gateway *g, uint8_t reason)
{
	gw_count(g, 0, TP_C_mqtt_connect_refused, 1);
	switch (reason) {
	case MQTT_NOT_AUTHORIZED:
		gw_count(g, 0, TP_C_mqtt_connect_device, 1);
		break;
	case MQTT_UNSUPPORTED_VERSION:
		gw_count(g, 0, TP_C_mqtt_connect_version, 1);
		break;
	case MQTT_BAD_CLIENT_ID:
		gw_count(g, 0, TP_C_mqtt_connect_client_id, 1);
		break;
	case MQTT_QUOTA:
		gw_count(g, 0, TP_C_mqtt_connect_memory, 1);
		break;
	default:
		break;
	}
}

void gw_accept_refuse(struct mqtt_gateway *g, struct mqtt_session *s, uint8_t reason)
{
	struct mqtt_connack connack = {.version = s->version, .reason = reason};
	uint8_t out[MQTT_CONNACK_ROOM];

	accept_count(g, reason);
	/* What 3.1.1 has no return code for is "server unavailable". */
	if (s->version != MQTT_5 && (reason == MQTT_QUOTA || reason == MQTT_SHUTTING_DOWN || reason == MQTT_BUSY))
		connack.reason = MQTT_UNAVAILABLE;
	if (s->version != MQTT_5 && reason == MQTT_BAD_TOPIC)
		connack.reason = MQTT_NOT_AUTHORIZED;
	gw_send(g, s, out, (uint32_t)(mqtt_connack_write(out, &connack) - out));
	gw_session_close(g, s, MQTT_GONE_REFUSED, 0);
}

static void accept_malformed(struct mqtt_gateway *g, struct mqtt_session *s, const struct mqtt_connect *c, uint8_t reason)
{
	if (reason == MQTT_UNSUPPORTED_VERSION) {
		s->version = c->version > MQTT_5 ? MQTT_5 : MQTT_3_1_1;
		gw_accept_refuse(g, s, reason);
	} else if (reason == MQTT_BAD_CLIENT_ID) {
		s->version = c->version;
		gw_accept_refuse(g, s, reason);
	} else if (c->version == MQTT_5) {
		s->version = MQTT_5;
		gw_count(g, 0, TP_C_mqtt_protocol_error, 1);
		gw_accept_refuse(g, s, reason);
	} else {
		gw_session_fault(g, s, reason);
	}
}

static bool accept_version(const struct tp_mqtt_listener *l, uint8_t version)
{
	uint8_t bit = version == MQTT_5 ? TP_MQTT_5 : version == MQTT_3_1_1 ? TP_MQTT_3_1_1 : TP_MQTT_3_1;

	return (l->versions & bit) != 0;
}

/* Whether it could be right at all. */
static bool accept_login_fits(const struct mqtt_connect *c)
{
	return c->has_password && c->user.n <= TP_MQTT_USER_MAX && c->password.n <= TP_MQTT_PASSWORD_MAX;
}

/* 0, or the reason to refuse what the packet says. */
static uint8_t accept_check(struct mqtt_gateway *g, struct mqtt_session *s, const struct mqtt_connect *c)
{
	const struct tp_mqtt_listener *l = gw_spec(g, s);

	if (!accept_version(l, c->version))
		return MQTT_UNSUPPORTED_VERSION;
	if (!gw_rate_ok(g, s)) {
		gw_count(g, 0, TP_C_mqtt_connect_rate, 1);
		return MQTT_BUSY;
	}
	if (c->version == MQTT_5 && MQTT_HAS(&c->properties, MQTT_P_AUTHENTICATION_METHOD))
		return MQTT_BAD_METHOD; /* MQTT-4.12.0-1 */
	if (c->client_id.n > TP_MQTT_CLIENT_ID_MAX)
		return MQTT_BAD_CLIENT_ID;
	if (c->client_id.n == 0 && c->version != MQTT_5 && (!c->clean || c->version == MQTT_3_1))
		return MQTT_BAD_CLIENT_ID; /* MQTT-3.1.3-8 of 3.1.1 */
	if (c->has_user ? l->check_users && !accept_login_fits(c) : !l->anonymous) {
		gw_count(g, 0, TP_C_mqtt_bad_login, 1);
		return MQTT_BAD_LOGIN;
	}
	return 0;
}

static void accept_times(struct mqtt_gateway *g, struct mqtt_session *s, const struct mqtt_connect *c)
{
	const struct tp_mqtt_listener *l = gw_spec(g, s);
	uint32_t expiry = c->version == MQTT_5 ? c->properties.session_expiry : c->clean ? 0 : l->expiry_max;

	s->expiry_s = expiry < l->expiry_max ? expiry : l->expiry_max;
	s->expiry_told = s->expiry_s != expiry;
	s->keep_alive = c->keep_alive;
	if (l->keep_alive_max && (c->keep_alive == 0 || c->keep_alive > l->keep_alive_max))
		s->keep_alive = l->keep_alive_max;
	s->keep_alive_told = s->keep_alive != c->keep_alive;
}

/* Keeps of the packet what is needed after it. */
static uint8_t accept_keep(struct mqtt_gateway *g, struct mqtt_session *s, const struct mqtt_connect *c)
{
	s->version = c->version;
	s->clean = c->clean;
	s->assigned = c->client_id.n == 0;
	s->client_id = s->assigned ? gw_identity_assign(g) : gw_arena_text(&g->arena, c->client_id);
	if (c->has_user)
		s->user = gw_arena_text(&g->arena, c->user);
	if (s->client_id == 0 || (c->has_user && s->user == 0))
		return MQTT_QUOTA;
	if (c->version == MQTT_5 && MQTT_HAS(&c->properties, MQTT_P_MAXIMUM_PACKET_SIZE))
		s->max_packet = c->properties.maximum_packet_size;
	accept_times(g, s, c);
	return c->has_will ? gw_will_keep(g, s, c) : 0;
}

static void accept_login(struct mqtt_gateway *g, struct mqtt_session *s, const struct mqtt_connect *c)
{
	const struct mqtt_login login = {
	        .ticket = gw_index(g, s),
	        .listener = s->listener,
	        .user = gw_text(&g->arena, s->user),
	        .password = c->password,
	        .client_id = gw_text(&g->arena, s->client_id),
	};

	s->state = GW_LOGIN;
	s->login = true;
	gw_session_arm(g, s);
	gw_hold(g, s, GW_HOLD_VERDICT);
	if (g->host.login(g->host.ctx, &login) != 0) {
		s->login = false;
		gw_accept_refuse(g, s, MQTT_BUSY);
	}
}

void gw_accept(struct mqtt_gateway *g, struct mqtt_session *s, const struct mqtt_fixed *f, const uint8_t *body)
{
	struct mqtt_connect c = {.version = 0};
	struct mqtt_fault fault;
	uint8_t reason;

	if (mqtt_connect_read(f->flags, body, f->length, &c, &fault) != 0) {
		accept_malformed(g, s, &c, (uint8_t)fault.reason);
		return;
	}
	s->version = c.version;
	reason = accept_check(g, s, &c);
	if (reason == 0)
		reason = accept_keep(g, s, &c);
	if (reason)
		gw_accept_refuse(g, s, reason);
	else if (c.has_user && gw_spec(g, s)->check_users)
		accept_login(g, s, &c);
	else
		gw_accept_identity(g, s);
}

void mqtt_login_done(struct mqtt_gateway *g, uint32_t ticket, bool ok, uint64_t now_us)
{
	struct mqtt_session *s = ticket < g->session_fresh ? &g->sessions[ticket] : NULL;

	g->now_us = now_us;
	if (s == NULL || !s->login)
		return;
	s->login = false;
	if (s->state != GW_LOGIN) {
		gw_session_settle(g, s);
		return;
	}
	s->busy++;
	if (!ok) {
		gw_count(g, 0, TP_C_mqtt_bad_login, 1);
		gw_accept_refuse(g, s, MQTT_BAD_LOGIN);
	} else {
		gw_accept_identity(g, s);
	}
	s->busy--;
	if (s->state == GW_UP && s->hold == GW_HOLD_NOT)
		gw_go_on(g, s);
	gw_session_settle(g, s);
}

void gw_accept_identity(struct mqtt_gateway *g, struct mqtt_session *s)
{
	uint8_t reason = gw_identity(g, s);

	if (reason == 0)
		gw_will_refused(g, s, &reason);
	if (reason) {
		gw_accept_refuse(g, s, reason);
		return;
	}
	s->state = GW_CLAIM;
	s->claim = true;
	gw_hold(g, s, GW_HOLD_VERDICT);
	gw_session_arm(g, s);
	if (gw_claim(g, s, false) != 0) {
		s->claim = false;
		gw_accept_refuse(g, s, MQTT_BUSY);
	}
}

static void accept_event(struct mqtt_gateway *g, struct mqtt_session *s)
{
	const struct mqtt_event event = {
	        .connected = true,
	        .source = s->source,
	        .listener = gw_spec(g, s),
	        .device = gw_text(&g->arena, s->device),
	        .client_id = gw_text(&g->arena, s->client_id),
	        .user = gw_text(&g->arena, s->user),
	        .conn = s->conn,
	        .version = s->version,
	        .session_present = s->present,
	        .clean = s->clean,
	        .keep_alive = s->keep_alive,
	};

	g->host.event(g->host.ctx, &event);
}

void gw_accept_granted(struct mqtt_gateway *g, struct mqtt_session *s, bool present)
{
	struct mqtt_connack connack = {
	        .session_present = present,
	        .has_server_keep_alive = s->keep_alive_told,
	        .server_keep_alive = s->keep_alive,
	        .has_session_expiry = s->expiry_told,
	        .session_expiry = s->expiry_s,
	        .receive_maximum = gw_in_flight(g, s),
	        .topic_alias_maximum = s->alias_max,
	        .maximum_packet_size = s->max_taken,
	        .assigned_client_id = s->assigned ? gw_text(&g->arena, s->client_id) : (struct tp_slice){0},
	};

	uint8_t out[MQTT_CONNACK_ROOM];
	uint32_t n;

	connack.version = s->version;
	n = (uint32_t)(mqtt_connack_write(out, &connack) - out);
	if (n > s->max_packet) { /* MQTT-3.1.2-24, and nothing may come before a CONNACK (MQTT-3.2.0-1) */
		gw_count(g, 0, TP_C_mqtt_connect_refused, 1);
		gw_session_close(g, s, MQTT_GONE_REFUSED, 0);
		return;
	}
	s->state = GW_UP;
	s->present = present;
	s->release_state = true;
	s->connected_us = g->now_us;
	s->active = gw_tick_of(g, g->now_us);
	gw_session_arm(g, s);
	gw_count(g, 0, TP_C_mqtt_connected, 1);
	accept_event(g, s);
	gw_send(g, s, out, n);
	gw_unreserve(g, s);
	if (s->state == GW_UP)
		gw_go_on(g, s);
}
