/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The j2735 decoder against bad input and at its edges. Values of well-formed input are compared by j2735_expected_test.py.
 * Every datagram lies against a PROT_NONE page.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "guard.h"
#include "tp_decoder.h"

#define MAX_DATAGRAM 65507
#define ARRIVAL      INT64_C(1694629907250000) /* 2023-09-13 18:31:47.25 UTC */
#define MINUTE       INT64_C(60000000)

struct sample {
	uint8_t *bytes;
	size_t n;
};

static struct guard guard;
static uint8_t memory[4 << 20];
static struct tp_record rec;
static struct tp_verdict verdict;
static struct sample *samples;
static size_t n_samples;

static size_t from_hex(const char *hex, uint8_t *out)
{
	size_t n = 0;
	unsigned int octet;

	for (; *hex; hex++) {
		if (*hex == ' ')
			continue;
		if (!isxdigit((unsigned char)hex[0]) || !isxdigit((unsigned char)hex[1]) || sscanf(hex, "%2x", &octet) != 1)
			break;
		out[n++] = (uint8_t)octet;
		hex++;
	}
	return n;
}

static int decode_with(const void *bytes, size_t n, size_t arena_size)
{
	struct tp_arena arena = {memory, memory + arena_size};
	int ret;

	memset(&rec, 0xa5, sizeof(rec)); /* what is not written shows */
	rec.flags = 0;
	rec.result = 0;
	rec.received_at = ARRIVAL;
	rec.payload = (struct tp_slice){guard_put(&guard, bytes, n), (uint32_t)n};
	memset(&verdict, 0xff, sizeof(verdict));
	ret = tp_decoder_by_name("j2735")->decode(&rec, &arena, &verdict);
	if (ret != 1)
		assert_ptr_equal(arena.next, memory); /* nothing of a datagram that was given up stays */
	return ret;
}

/* Decodes and checks what holds of every answer. */
static int decode(const void *bytes, size_t n)
{
	int ret = decode_with(bytes, n, sizeof(memory));
	enum tp_counter_class class;

	if (ret == 1) {
		assert_true(rec.kind == TP_KIND_bsm || rec.kind == TP_KIND_spat || rec.kind == TP_KIND_v2x_message);
		assert_true(rec.trailing < n);
		assert_int_equal(rec.flags, rec.trailing ? TP_FLAG_TRAILING_BYTES : 0);
		assert_true(rec.has_device_time <= 1);
		return ret;
	}
	assert_int_equal(ret, TP_DECODE_REJECTED);
	assert_true(verdict.reason < TP_COUNTER_COUNT);
	assert_true(verdict.stage < TP_STAGE_COUNT);
	class = tp_counter_descs[verdict.reason].class;
	assert_true(class == TP_CLASS_MALFORMED || class == TP_CLASS_REFUSED_BY_DECODER);
	assert_true(verdict.offset <= n);
	return ret;
}

static int decode_hex(const char *hex)
{
	static uint8_t bytes[MAX_DATAGRAM];

	return decode(bytes, from_hex(hex, bytes));
}

static void assert_rejected(const char *hex, enum tp_stage stage, enum tp_counter reason, uint32_t offset)
{
	assert_int_equal(decode_hex(hex), TP_DECODE_REJECTED);
	assert_string_equal(tp_counter_descs[verdict.reason].name, tp_counter_descs[reason].name);
	assert_string_equal(tp_stage_names[verdict.stage], tp_stage_names[stage]);
	assert_int_equal(verdict.offset, offset);
}

/* ---- samples --------------------------------------------------------------------------------------------------------------- */
static void samples_add(const char *line)
{
	static uint8_t bytes[MAX_DATAGRAM];
	size_t n = from_hex(line, bytes);

	if (n == 0)
		return;
	samples = realloc(samples, (n_samples + 1) * sizeof(*samples));
	samples[n_samples].bytes = malloc(n);
	samples[n_samples].n = n;
	memcpy(samples[n_samples++].bytes, bytes, n);
}

static void samples_read(const char *path)
{
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t size = 0;

	if (!f)
		return;
	while (getline(&line, &size, f) > 0)
		samples_add(line);
	free(line);
	fclose(f);
}

static int setup(void **state)
{
	const char *shared = getenv("TP_SHARED");
	char pattern[4096];
	glob_t found;

	(void)state;
	guard = guard_new(65536);
	if (!shared)
		return 0;
	snprintf(pattern, sizeof(pattern), "%s/data/j2735/*.hex", shared);
	if (glob(pattern, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			samples_read(found.gl_pathv[i]);
	globfree(&found);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_samples; i++)
		free(samples[i].bytes);
	free(samples);
	return 0;
}

static int32_t frame_end(void)
{
	if (rec.kind == TP_KIND_bsm)
		return rec.bsm.frame_offset + rec.bsm.frame_len;
	if (rec.kind == TP_KIND_spat)
		return rec.spat.frame_offset + rec.spat.frame_len;
	return rec.v2x_message.frame_offset + rec.v2x_message.frame_len;
}

static void test_every_truncation(void **state)
{
	(void)state;
	if (!n_samples)
		skip();
	for (size_t i = 0; i < n_samples; i++) {
		size_t end = decode(samples[i].bytes, samples[i].n) == 1 ? (size_t)frame_end() : 0;

		for (size_t n = 0; n < samples[i].n; n++) {
			int ret = decode(samples[i].bytes, n);

			if (n < end)
				assert_int_equal(ret, TP_DECODE_REJECTED);
		}
	}
}

static void test_random_changes(void **state)
{
	uint64_t x = UINT64_C(0x9e3779b97f4a7c15);
	size_t chosen = 200, changes = 10000, accepted = 0;

	(void)state;
	if (!n_samples)
		skip();
	for (size_t i = 0; i < chosen; i++) {
		struct sample *s = &samples[i * n_samples / chosen];

		for (size_t k = 0; k < changes; k++) {
			uint8_t *at, old;

			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			at = &s->bytes[(x >> 32) % s->n];
			old = *at;
			*at ^= (uint8_t)(1 + x % 255);
			accepted += decode(s->bytes, s->n) == 1;
			*at = old;
		}
	}
	assert_in_range(accepted, 1, chosen * changes - 1); /* some are caught, some only change a value */
}

/* ---- lengths --------------------------------------------------------------------------------------------------------------- */
static void test_empty(void **state)
{
	(void)state;
	assert_rejected("", TP_STAGE_envelope, TP_C_empty, 0);
}

static void test_longest(void **state)
{
	static uint8_t bytes[MAX_DATAGRAM];

	(void)state;
	assert_int_equal(decode(bytes, sizeof(bytes)), TP_DECODE_REJECTED);
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(decode(bytes, sizeof(bytes)), TP_DECODE_REJECTED);
	/* a TollUsage of the greatest length a frame can have, and the rest of the datagram behind it */
	memset(bytes, 0, sizeof(bytes));
	from_hex("0026 bfff", bytes);
	assert_int_equal(decode(bytes, sizeof(bytes)), 1);
	assert_int_equal(rec.v2x_message.frame_len, 4 + 0x3fff);
	assert_int_equal(rec.trailing, MAX_DATAGRAM - 4 - 0x3fff);
	from_hex("0026 c400", bytes); /* fragmented */
	assert_int_equal(decode(bytes, sizeof(bytes)), TP_DECODE_REJECTED);
	assert_int_equal(verdict.reason, TP_C_bad_length);
	assert_int_equal(verdict.offset, 2);
}

/* ---- envelopes ------------------------------------------------------------------------------------------------------------- */
/* id 0, secMark 15416, everything but the transmission unavailable, 200 cm by 500 cm: 40 octets */
#define BSM "00142500400000000f0e35a4e900eb49d20000007fffffff8ffff080fdfa1fa1007fff0000640fa0"

static void assert_bsm_at(const char *hex, int32_t offset, uint8_t security, uint32_t trailing)
{
	assert_int_equal(decode_hex(hex), 1);
	assert_int_equal(rec.kind, TP_KIND_bsm);
	assert_int_equal(rec.bsm.frame_offset, offset);
	assert_int_equal(rec.bsm.frame_len, 40);
	assert_int_equal(rec.bsm.security, security);
	assert_int_equal(rec.bsm.sec_mark, 15416);
	assert_int_equal(rec.trailing, trailing);
}

static void test_envelopes(void **state)
{
	(void)state;
	assert_bsm_at(BSM, 0, TP_v2x_security_none, 0);
	assert_int_equal(rec.bsm.has & TP_HAS(bsm, psid), 0);
	assert_bsm_at(BSM "0014", 0, TP_v2x_security_none, 2);
	assert_bsm_at("0380 28" BSM, 3, TP_v2x_security_unsecured, 0);
	assert_bsm_at("0380 8128" BSM, 4, TP_v2x_security_unsecured, 0);
	assert_bsm_at("0380 820028" BSM "ff", 5, TP_v2x_security_unsecured, 1);
	assert_bsm_at("038100 40 0380 28" BSM "4001205555", 7, TP_v2x_security_signed, 5);
	assert_bsm_at("038101 40 0380 28" BSM, 7, TP_v2x_security_signed, 0); /* SHA-384 */
	assert_bsm_at("03 00 20 28" BSM, 4, TP_v2x_security_none, 0);
	assert_int_equal(rec.bsm.psid, 0x20);
	assert_bsm_at("03 00 20 2f 038100 40 0380 28" BSM "ee", 11, TP_v2x_security_signed, 1);
	/* extensions whose values look like frames, and PSID 0x20 just in front of the length: a search would find a PSM */
	assert_bsm_at("0b 03 0f01b4 10010c 04019f 00 20 28" BSM, 14, TP_v2x_security_none, 0);
	assert_bsm_at("0b 02 0f020014 10020020 00 8002 28" BSM, 14, TP_v2x_security_none, 0);
	assert_int_equal(rec.bsm.psid, 0x82);
	assert_bsm_at("03 00 e0000017 28" BSM, 7, TP_v2x_security_none, 0);
	assert_int_equal(rec.bsm.psid, 2113687);
	assert_bsm_at("03 00 c00001 8028" BSM, 7, TP_v2x_security_none, 0);
	assert_int_equal(rec.bsm.psid, 0x4081);
}

static void test_bad_envelopes(void **state)
{
	(void)state;
	assert_rejected("01 1d00" BSM, TP_STAGE_envelope, TP_C_bad_tag, 0);
	assert_rejected("ff", TP_STAGE_envelope, TP_C_bad_tag, 0);
	assert_rejected("03", TP_STAGE_ieee1609dot2, TP_C_truncated, 1);
	assert_rejected("0382 00", TP_STAGE_ieee1609dot2, TP_C_encrypted, 1);
	assert_rejected("038100 40 0382 00", TP_STAGE_ieee1609dot2, TP_C_encrypted, 5);
	assert_int_equal(tp_counter_descs[TP_C_encrypted].class, TP_CLASS_REFUSED_BY_DECODER);
	assert_rejected("0383 00", TP_STAGE_ieee1609dot2, TP_C_bad_tag, 1);               /* signedCertificateRequest */
	assert_rejected("038100 40 0381 00", TP_STAGE_ieee1609dot2, TP_C_bad_tag, 5);     /* signed within signed */
	assert_rejected("038100 20 0380 28" BSM, TP_STAGE_ieee1609dot2, TP_C_bad_tag, 3); /* only a hash of data elsewhere */
	assert_rejected("038190 40 0380 28" BSM, TP_STAGE_ieee1609dot2, TP_C_bad_tag, 2);
	assert_rejected("0380 29" BSM, TP_STAGE_ieee1609dot2, TP_C_truncated, 43);
	assert_rejected("0380 80" BSM, TP_STAGE_ieee1609dot2, TP_C_bad_length, 2);
	assert_rejected("0380 850000000028" BSM, TP_STAGE_ieee1609dot2, TP_C_bad_length, 2);
	assert_rejected("0380 84ffffffff" BSM, TP_STAGE_ieee1609dot2, TP_C_truncated, 47);
	assert_rejected("0380 27" BSM, TP_STAGE_message_frame, TP_C_bad_length, 5); /* the frame leaves the data around it */
	assert_rejected("0380 00", TP_STAGE_message_frame, TP_C_truncated, 3);
	assert_rejected("03 00 20 29" BSM, TP_STAGE_wsmp, TP_C_truncated, 44);
	assert_rejected("03 00 20 27" BSM, TP_STAGE_message_frame, TP_C_bad_length, 6);
	assert_rejected("03 00 20 2a 0380 29" BSM, TP_STAGE_ieee1609dot2, TP_C_bad_length, 6);
	assert_rejected("03 00 20 00", TP_STAGE_wsmp, TP_C_empty, 4);
	assert_rejected("03 00 20 01 07", TP_STAGE_wsmp, TP_C_bad_tag, 4);
	assert_rejected("03 01 20 28" BSM, TP_STAGE_wsmp, TP_C_bad_tag, 1); /* TPID with an extension */
	assert_rejected("03 00 f0 28" BSM, TP_STAGE_wsmp, TP_C_bad_tag, 2); /* no such PSID length */
	assert_rejected("03 00 20 c028" BSM, TP_STAGE_wsmp, TP_C_bad_length, 3);
	assert_rejected("0b 01 0f40 00 20 28", TP_STAGE_wsmp, TP_C_truncated, 7);
}

static void test_frames(void **state)
{
	(void)state;
	assert_rejected("00", TP_STAGE_message_frame, TP_C_truncated, 1);
	assert_rejected("0014", TP_STAGE_message_frame, TP_C_truncated, 2);
	assert_rejected("001400", TP_STAGE_message_frame, TP_C_bad_length, 2);
	assert_rejected("0011 0100", TP_STAGE_message_frame, TP_C_unknown_message, 0);
	assert_rejected("0033 0100", TP_STAGE_message_frame, TP_C_unknown_message, 0);
	assert_rejected("00f0 0100", TP_STAGE_message_frame, TP_C_unknown_message, 0);
	assert_rejected("00ff 0100", TP_STAGE_message_frame, TP_C_unknown_message, 0);
	assert_rejected("0380 04 01140100", TP_STAGE_message_frame, TP_C_unknown_message, 3);
	for (unsigned int id = 18; id <= 50; id++) { /* the ones without a structure of their own take any octets */
		static const uint8_t walked[] = {18, 19, 20, 28, 29, 30, 31, 32, 33, 41};
		uint8_t frame[40] = {0, (uint8_t)id, 37};

		if (memchr(walked, (int)id, sizeof(walked)))
			continue;
		assert_int_equal(decode(frame, sizeof(frame)), 1);
		assert_int_equal(rec.kind, TP_KIND_v2x_message);
		assert_int_equal(rec.v2x_message.message_id, id);
		assert_true(rec.v2x_message.type.n > 0);
		assert_int_equal(rec.v2x_message.frame.n, 40);
	}
}

/* A search for `0014` would take this TollUsage for a BSM. */
static void test_toll_usage(void **state)
{
	(void)state;
	assert_int_equal(decode_hex("00261b0062b0601040163040224466893428024000001425004000000000"), 1);
	assert_int_equal(rec.kind, TP_KIND_v2x_message);
	assert_true(tp_slice_is(rec.v2x_message.type, "TUM"));
	assert_int_equal(rec.v2x_message.message_id, 38);
	assert_int_equal(rec.v2x_message.id, 0x11223344);
	assert_int_equal(rec.v2x_message.msg_cnt, 77);
	assert_int_equal(rec.v2x_message.frame.n, 30);
}

/* ---- BSM ------------------------------------------------------------------------------------------------------------------- */
static void test_bsm_unavailable(void **state)
{
	const struct tp_bsm *b = &rec.bsm;

	(void)state;
	assert_int_equal(decode_hex(BSM), 1);
	assert_int_equal(b->msg_cnt, 1);
	assert_int_equal(b->id, 0);
	assert_int_equal(b->lat, 900000001);
	assert_int_equal(b->lon, 1800000001);
	assert_int_equal(b->elev, -4096);
	assert_int_equal(b->semi_major, 255);
	assert_int_equal(b->semi_minor, 255);
	assert_int_equal(b->orientation, 65535);
	assert_int_equal(b->transmission, TP_transmission_state_neutral);
	assert_int_equal(b->speed, 8191);
	assert_int_equal(b->heading, 28800);
	assert_int_equal(b->angle, 127);
	assert_int_equal(b->accel_long, 2001);
	assert_int_equal(b->accel_lat, 2001);
	assert_int_equal(b->accel_vert, -127);
	assert_int_equal(b->accel_yaw, 0);
	assert_int_equal(b->wheel_brakes, 0);
	assert_int_equal(b->traction, TP_brake_control_status_unavailable);
	assert_int_equal(b->width, 200);
	assert_int_equal(b->length, 500);
	assert_null(b->safety);
	assert_null(b->special);
	assert_null(b->supplemental);
	assert_int_equal(b->part_ii_skipped, 0);
	assert_int_equal(b->regional_count, 0);
}

static void set_bits(uint8_t *content, unsigned int at, unsigned int n, uint64_t value)
{
	for (unsigned int i = 0; i < n; i++) {
		uint8_t mask = (uint8_t)(0x80 >> ((at + i) & 7));

		if (value >> (n - 1 - i) & 1)
			content[(at + i) / 8] |= mask;
		else
			content[(at + i) / 8] &= (uint8_t)~mask;
	}
}

/* The largest raw value of every constrained core field is accepted, the next one is not, and the octet is that of the field. */
static void test_bsm_ranges(void **state)
{
	static const struct {
		unsigned int bit, bits;
		uint64_t max;
	} fields[] = {{58, 31, 1800000001}, {89, 32, 3600000000}, {185, 15, 28800}, {200, 8, 253}, {208, 12, 4001}, {220, 12, 4001},
	        {232, 8, 254}, {240, 16, 65534}, {267, 2, 2}};
	uint8_t bytes[40];

	(void)state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		from_hex(BSM, bytes);
		set_bits(bytes + 3, fields[i].bit, fields[i].bits, fields[i].max);
		assert_int_equal(decode(bytes, sizeof(bytes)), 1);
		set_bits(bytes + 3, fields[i].bit, fields[i].bits, fields[i].max + 1);
		assert_int_equal(decode(bytes, sizeof(bytes)), TP_DECODE_REJECTED);
		assert_int_equal(verdict.reason, TP_C_out_of_range);
		assert_int_equal(verdict.stage, TP_STAGE_bsm);
		assert_int_equal(verdict.offset, 3 + fields[i].bit / 8);
	}
}

/* Part II with an unknown id, the safety extensions, and those again: one is decoded, two are counted. */
static void test_bsm_part_ii_skipped(void **state)
{
	uint8_t bytes[64] = {0};

	(void)state;
	from_hex(BSM, bytes);
	bytes[2] = 49;
	set_bits(bytes + 3, 1, 1, 1);
	set_bits(bytes + 3, 293, 3, 2); /* three elements */
	set_bits(bytes + 3, 296, 6, 9); /* an unknown id */
	set_bits(bytes + 3, 302, 8, 1);
	set_bits(bytes + 3, 310, 8, 0xff);
	set_bits(bytes + 3, 318, 6, 0); /* VehicleSafetyExtensions: events, one octet and a bit short of three */
	set_bits(bytes + 3, 324, 8, 3);
	set_bits(bytes + 3, 332, 5, 8);
	set_bits(bytes + 3, 338, 13, 1 << 5); /* eventHardBraking, bit 7 */
	set_bits(bytes + 3, 356, 6, 0);
	set_bits(bytes + 3, 362, 8, 1);
	assert_int_equal(decode(bytes, 3 + 49), 1);
	assert_int_equal(rec.bsm.part_ii_skipped, 2);
	assert_non_null(rec.bsm.safety);
	assert_true(rec.bsm.safety->has & TP_HAS(bsm_safety, events));
	assert_int_equal(rec.bsm.safety->events, 128);
	assert_null(rec.bsm.safety->path_history.p);
	set_bits(bytes + 3, 302, 8, 0x7f); /* the first element leaves the message */
	assert_int_equal(decode(bytes, 3 + 49), TP_DECODE_REJECTED);
	assert_int_equal(verdict.reason, TP_C_bad_length);
	assert_int_equal(verdict.offset, 3 + 302 / 8);
}

/* An extension bit: the additions behind the message are skipped by their lengths. */
static void test_bsm_extension(void **state)
{
	uint8_t bytes[64] = {0};

	(void)state;
	from_hex(BSM, bytes);
	bytes[2] = 42;
	set_bits(bytes + 3, 0, 1, 1);
	set_bits(bytes + 3, 293, 7, 1); /* two additions */
	set_bits(bytes + 3, 300, 2, 1); /* the second is there */
	set_bits(bytes + 3, 302, 8, 2);
	assert_int_equal(decode(bytes, 3 + 42), 1);
	set_bits(bytes + 3, 302, 8, 200);
	assert_int_equal(decode(bytes, 3 + 42), TP_DECODE_REJECTED);
}

static void test_arena_full(void **state)
{
	uint8_t bytes[512];
	/* timeStamp only, one intersection, one movement, one event */
	size_t n = from_hex("0013 15 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00", bytes);

	(void)state;
	assert_int_equal(decode(bytes, n), 1);
	assert_int_equal(rec.kind, TP_KIND_spat);
	assert_int_equal(rec.spat.intersections.count, 1);
	assert_int_equal(decode_with(bytes, n, 64), TP_DECODE_NO_ROOM);
	assert_int_equal(decode_with(bytes, n, 0), TP_DECODE_NO_ROOM);
}

/* A count that cannot fit is refused before memory is taken for it. */
static void test_spat_counts(void **state)
{
	uint8_t bytes[32] = {0, 0x13, 12};

	(void)state;
	set_bits(bytes + 3, 4, 5, 31); /* 32 intersections in 12 octets */
	assert_int_equal(decode_with(bytes, 15, 64), TP_DECODE_REJECTED);
	assert_int_equal(verdict.stage, TP_STAGE_spat);
	assert_int_equal(verdict.reason, TP_C_truncated);
	assert_int_equal(verdict.offset, 15);
}

/* ---- device time ----------------------------------------------------------------------------------------------------------- */
static void assert_bsm_time(uint32_t sec_mark, int64_t arrival, bool has, int64_t device_time)
{
	struct tp_arena arena = {memory, memory + sizeof(memory)};
	uint8_t bytes[40];

	from_hex(BSM, bytes);
	set_bits(bytes + 3, 42, 16, sec_mark);
	rec.payload = (struct tp_slice){guard_put(&guard, bytes, sizeof(bytes)), sizeof(bytes)};
	rec.received_at = arrival;
	assert_int_equal(tp_decoder_by_name("j2735")->decode(&rec, &arena, &verdict), 1);
	assert_int_equal(rec.has_device_time, has);
	if (has)
		assert_int_equal(rec.device_time, device_time);
}

static void test_time_of_second(void **state)
{
	const int64_t minute = ARRIVAL - ARRIVAL % MINUTE;

	(void)state;
	assert_bsm_time(0, minute, true, minute);
	assert_bsm_time(47000, minute + 47250000, true, minute + 47000000);
	assert_bsm_time(59900, minute + 100000, true, minute - 100000);          /* sent in the minute before */
	assert_bsm_time(100, minute + 59900000, true, minute + MINUTE + 100000); /* a clock that is ahead */
	assert_bsm_time(60500, minute + 100000, true, minute + 500000);          /* leap second */
	assert_bsm_time(60999, minute, true, minute + 999000);
	assert_bsm_time(61000, minute, false, 0);
	assert_bsm_time(65535, minute, false, 0);
}

/* SPAT of one intersection with moy and timeStamp, or with what `optional` leaves: bit 1 moy, bit 0 timeStamp. */
static void assert_spat_time(uint32_t optional, uint32_t moy, uint32_t second, int64_t arrival, bool has, int64_t device_time)
{
	struct tp_arena arena = {memory, memory + sizeof(memory)};
	uint8_t bytes[40] = {0, 0x13, 37};
	unsigned int at = 9 + 7;

	set_bits(bytes + 3, 9 + 2, 2, optional);
	at += 1 + 16 + 7 + 16;
	if (optional & 2) {
		set_bits(bytes + 3, at, 20, moy);
		at += 20;
	}
	if (optional & 1)
		set_bits(bytes + 3, at, 16, second);
	rec.payload = (struct tp_slice){guard_put(&guard, bytes, sizeof(bytes)), sizeof(bytes)};
	rec.received_at = arrival;
	assert_int_equal(tp_decoder_by_name("j2735")->decode(&rec, &arena, &verdict), 1);
	assert_int_equal(rec.kind, TP_KIND_spat);
	assert_int_equal(rec.has_device_time, has);
	if (has)
		assert_int_equal(rec.device_time, device_time);
}

static void test_time_of_minute(void **state)
{
	const int64_t new_year = INT64_C(1704067200000000);      /* 2024-01-01 */
	const int64_t leap_year_end = INT64_C(1735689600000000); /* 2025-01-01 */

	(void)state;
	assert_spat_time(3, 0, 1000, new_year + 2000000, true, new_year + 1000000);
	assert_spat_time(3, 365 * 1440 - 1, 59500, new_year + 300000, true, new_year - 500000); /* of the year before */
	assert_spat_time(3, 0, 100, new_year - 300000, true, new_year + 100000);                /* of the year after */
	assert_spat_time(3, 366 * 1440 - 1, 59999, leap_year_end, true, leap_year_end - 1000);
	assert_spat_time(3, 59 * 1440, 0, new_year + 60 * 86400 * INT64_C(1000000), true, new_year + 59 * 86400 * INT64_C(1000000));
	assert_spat_time(3, 527040, 5000, new_year + 2000000, true, new_year + 5000000); /* minute unavailable: by the second */
	assert_spat_time(1, 0, 59000, new_year + 2000000, true, new_year - 1000000);
	assert_spat_time(3, 5, 65535, new_year, false, 0);
	assert_spat_time(2, 5, 0, new_year, false, 0);
	assert_spat_time(0, 0, 0, new_year, false, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_empty),
	        cmocka_unit_test(test_longest),
	        cmocka_unit_test(test_envelopes),
	        cmocka_unit_test(test_bad_envelopes),
	        cmocka_unit_test(test_frames),
	        cmocka_unit_test(test_toll_usage),
	        cmocka_unit_test(test_bsm_unavailable),
	        cmocka_unit_test(test_bsm_ranges),
	        cmocka_unit_test(test_bsm_part_ii_skipped),
	        cmocka_unit_test(test_bsm_extension),
	        cmocka_unit_test(test_arena_full),
	        cmocka_unit_test(test_spat_counts),
	        cmocka_unit_test(test_time_of_second),
	        cmocka_unit_test(test_time_of_minute),
	        cmocka_unit_test(test_every_truncation),
	        cmocka_unit_test(test_random_changes),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
