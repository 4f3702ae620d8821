/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TEST_MQTT_TALK_H
#define TP_TEST_MQTT_TALK_H
/*
 * A whole conversation from octets that mean steps: connections that come and go on several workers, messages whose records end in any order and
 * any way, notes, time, room and verdicts. What must hold whatever the octets are:
 *
 *   acknowledgements leave in the order of the PUBLISHes of their connection, one each
 *   what is acknowledged as good has become a record that ended well
 *   one CONNACK comes first, and at most one connection has a client identifier
 *   messages, waiters, sessions and memory balance in the end (rig_stop)
 */
#include "mqtt_packets.h"

#define TALK_PUBLISHES 512

struct talk_conn {
	uint8_t version;
	bool raw; /* got octets that are not known to be packets */
	struct {
		uint16_t id;
		uint8_t qos;
	} publish[TALK_PUBLISHES];
	uint32_t n, answered;
	uint32_t open; /* PUBRECs without PUBREL */
	bool connack;
};

static struct talk {
	const uint8_t *p;
	size_t n;
	struct talk_conn conns[RIG_CONNS];
	uint64_t digest;
} talk;

static inline unsigned int talk_octet(void)
{
	if (talk.n == 0)
		return 0;
	talk.n--;
	return *talk.p++;
}

static inline void talk_digest(const void *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		talk.digest = (talk.digest ^ ((const uint8_t *)p)[i]) * UINT64_C(0x100000001b3);
}

/* Something with that identifier on behalf of that device became a record and ended well. */
static inline void talk_ended_well(uint16_t id, uint8_t qos)
{
	for (unsigned int i = 0; i < rig.n_messages; i++)
		if (rig.messages[i].packet_id == id && rig.messages[i].qos == qos && rig.messages[i].ok)
			return;
	RIG_CHECK(!"acknowledged and no record ended well");
}

static inline void talk_answers(struct rig_conn *c)
{
	struct talk_conn *t = &talk.conns[rig_index(c)];
	const uint8_t *body;
	uint32_t n;
	uint8_t first;

	while ((first = rig_answer(c, &body, &n)) != 0) {
		RIG_CHECK(t->connack != (first == 0x20));
		t->connack = true;
		if (t->raw || (first != 0x40 && first != 0x50))
			continue;
		RIG_CHECK(t->answered < t->n);
		RIG_CHECK(t->publish[t->answered].id == (body[0] << 8 | body[1]));
		RIG_CHECK(t->publish[t->answered].qos == (first == 0x50 ? 2 : 1));
		if (n == 2 || body[2] == 0)
			talk_ended_well(t->publish[t->answered].id, t->publish[t->answered].qos);
		t->answered++;
		if (first == 0x50 && (n == 2 || body[2] == 0)) {
			t->open++;
			if (body[1] % 8) {
				rig_ack_give(c, 0x62, body[1]);
				t->open--;
			}
		}
	}
}

static inline void talk_look(void)
{
	for (unsigned int i = 0; i < RIG_CONNS; i++)
		if (rig.conns[i].used)
			talk_answers(&rig.conns[i]);
}

static inline struct rig_conn *talk_conn(void)
{
	struct rig_conn *c = &rig.conns[talk_octet() % 8];

	return c->used && !c->closing ? c : NULL;
}

static inline void talk_connect(void)
{
	static const char *const ids[] = {"a", "b", "c", ""};
	unsigned int how = talk_octet();
	struct rig_connect k = {
	        .version = (uint8_t)(3 + how % 3),
	        .clean = how & 8,
	        .id = ids[how >> 4 & 3],
	        .keep_alive = how & 64 ? 3 : 0,
	        .expiry = how & 128 ? 10 : 0,
	};
	struct rig_conn *c = rig_open(talk_octet() % rig.workers);
	unsigned int will = talk_octet();

	if (c == NULL)
		return;
	if (rig_index(c) >= 8) {
		rig_gone(c, MQTT_GONE_CLOSED);
		return;
	}
	talk.conns[rig_index(c)] = (struct talk_conn){.version = k.version};
	if (will & 1) {
		k.will_topic = "exact";
		k.will = "will";
		k.will_delay = will & 2 ? will >> 4 : 0;
	}
	if ((will & 12) == 12) {
		k.user = "user";
		k.password = "password";
	}
	rig_connect(c, &k);
}

static inline void talk_publish(void)
{
	static const char *const topics[] = {"exact", "plates/x/1", "shed/1", "exact", "plates/x/1", "shed/1", "exact", "nowhere"};
	struct rig_conn *c = talk_conn();
	unsigned int how = talk_octet(), id = 1 + talk_octet() % 32, qos = how % 3;
	struct talk_conn *t;
	char payload[16];

	if (c == NULL || c->in_n > RIG_OCTETS / 2)
		return;
	t = &talk.conns[rig_index(c)];
	snprintf(payload, sizeof(payload), "p%u", id);
	if (qos && (t->n == TALK_PUBLISHES ||
	                   (t->version == 5 && how < 250 && t->n - t->answered + t->open >= rig_listener.in_flight)))
		return;
	if (qos) {
		t->publish[t->n].id = (uint16_t)id;
		t->publish[t->n++].qos = (uint8_t)qos;
	}
	rig_publish_give(c, t->version, qos << 1 | (qos && how & 64 ? 8 : 0), id, topics[how >> 2 & 7], payload);
}

static inline void talk_packet(void)
{
	static const uint8_t packets[][8] = {{2, 0xc0, 0}, {2, 0xe0, 0}, {7, 0x82, 5, 0, 1, 0, 0, 0}, {2, 0xf0, 0}};
	struct rig_conn *c = talk_conn();
	unsigned int how = talk_octet();

	if (c == NULL)
		return;
	if (how & 1)
		rig_ack_give(c, 0x62, 1 + (how >> 1) % 32);
	else
		rig_give(c, packets[how >> 1 & 3] + 1, packets[how >> 1 & 3][0]);
}

static inline void talk_raw(void)
{
	struct rig_conn *c = talk_conn();
	uint8_t octets[64];
	uint32_t n = talk_octet() % sizeof(octets);

	for (uint32_t i = 0; i < n; i++)
		octets[i] = (uint8_t)talk_octet();
	if (c == NULL || n == 0)
		return;
	talk.conns[rig_index(c)].raw = true;
	rig_give(c, octets, n);
}

static inline void talk_end(void)
{
	unsigned int how = talk_octet(), open = 0, skip;

	for (unsigned int i = 0; i < rig.n_messages; i++)
		open += !rig.messages[i].ended;
	skip = open ? (how >> 3) % open : 0;
	for (unsigned int i = 0; i < rig.n_messages; i++)
		if (!rig.messages[i].ended && skip-- == 0) {
			rig_end(i, how & 7);
			return;
		}
}

static inline void talk_gone(void)
{
	struct rig_conn *c = &rig.conns[talk_octet() % 8];

	if (!c->used)
		return;
	talk_answers(c);
	talk_digest(c->out, c->out_n);
	rig_gone(c, MQTT_GONE_RESET);
}

static inline void talk_half(void)
{
	struct rig_conn *c = talk_conn();

	/* TCP says so only when everything before was taken. */
	if (c && c->in_at == c->in_n)
		mqtt_ended(rig.g[c->worker], c->s, rig.now_us);
}

static inline void talk_room(void)
{
	unsigned int how = talk_octet();

	rig.room = how & 3 ? -1 : (int64_t)(how >> 2 & 3);
	rig.immediate = how & 128;
	for (unsigned int i = 0; i < rig.workers; i++)
		mqtt_room(rig.g[i], rig.now_us);
}

static inline void talk_verdict(void)
{
	unsigned int how = talk_octet();

	if (rig.n_logins == 0)
		return;
	rig.n_logins--;
	mqtt_login_done(rig.g[rig.login_worker[rig.n_logins]], rig.logins[rig.n_logins], how % 4, rig.now_us);
}

static inline void talk_pass(void)
{
	rig_pass(talk_octet() * UINT64_C(10000));
}

static inline void talk_note_room(void)
{
	rig.note_room = talk_octet() % 8;
}

static inline void talk_deliver(void)
{
	rig_deliver(talk_octet() % rig.workers, talk_octet() % rig.workers);
}

static inline void talk_step(void)
{
	static void (*const steps[32])(void) = {talk_connect, talk_connect, talk_connect, talk_packet, talk_packet, talk_packet,
	        talk_raw, talk_gone, talk_half, talk_pass, talk_room, talk_room, talk_verdict, talk_note_room, talk_deliver,
	        talk_deliver, rig_deliver_all, rig_deliver_all, talk_end, talk_end, talk_end, talk_end, rig_flush, rig_flush,
	        rig_flush};
	void (*step)(void) = steps[talk_octet() % 32];

	if (step)
		step();
	else
		talk_publish();
}

/* chunk: octets given at once, 0: all. Returns a digest of everything that was handed over and answered. */
static inline uint64_t talk_run(const uint8_t *p, size_t n, uint32_t chunk)
{
	talk = (struct talk){.p = p, .n = n, .digest = UINT64_C(0xcbf29ce484222325)};
	rig_defaults();
	rig_listener.expiry_max = 30;
	rig_listener.check_users = true;
	rig_listener.in_flight = (uint16_t)(1 + talk_octet() % 32);
	rig_spec.waiters = 4 + talk_octet() % 32;
	rig_start(1 + talk_octet() % 3);
	rig.chunk = chunk;
	while (talk.n && rig.n_messages < RIG_MESSAGES - 1024) {
		talk_step();
		talk_look();
	}
	rig.immediate = false;
	for (unsigned int i = 0; i < rig.n_messages; i++)
		talk_digest(&rig.messages[i].topic, sizeof(rig.messages[i].topic) + sizeof(rig.messages[i].device));
	for (unsigned int i = 0; i < RIG_CONNS; i++)
		if (rig.conns[i].used)
			talk_digest(rig.conns[i].out, rig.conns[i].out_n);
	rig_stop();
	rig.chunk = 0;
	return talk.digest;
}

#endif
