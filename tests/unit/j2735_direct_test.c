/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The short way of a BSM from its bits to Avro beside decoder and encoder: where it takes a datagram, the octets, flags and times are the same; in what
 * it leaves it is free. On messages made here and on all of the shared data, whole, cut at every octet, with every bit turned, and with
 * fields at their limits. The octets lie against a PROT_NONE page, and so does the end of the room for the value.
 */
#include <glob.h>

#include "decode_check.h"

extern const struct tp_decoder tp_decoder_j2735;

#define OCTETS_MAX 2048
#define ARRIVAL    INT64_C(1700000000123456)
#define OTHERS     20 /* in a file, of which every bit is turned */

static tp_direct_fn direct;
static struct guard room;
static uint8_t value[65536];

/* Bare, one point; with 1609.2 unsecured around it. */
#define CORE "00142500400000000f0e35a4e900eb49d20000007fffffff8ffff080fdfa1fa1007fff0000640fa0"

static bool need_avx512(void)
{
	direct = tp_decoder_j2735.direct();
	if (!direct)
		print_message("the processor has no AVX-512 VBMI2: there is no short way here\n");
	return direct != NULL;
}

/* Does the short way take it? Then decoder and encoder have to say the same. */
static bool same(const uint8_t *data, size_t n)
{
	size_t most = n + TP_DIRECT_ROOM;
	uint8_t *out = room.map + room.size - most, *end;
	static struct tp_record rec;
	ptrdiff_t octets;

	memset(&rec, 0xa5, sizeof(rec));
	rec.received_at = ARRIVAL;
	rec.flags = TP_FLAG_REASSEMBLED | TP_FLAG_TRAILING_BYTES;
	rec.payload = (struct tp_slice){guard_put(&check_guard, data, n), (uint32_t)n};
	end = direct(&rec, out);
	if (!end)
		return false;
	memset(&check_record, 0x5a, sizeof(check_record));
	check_record.received_at = ARRIVAL;
	check_record.flags = TP_FLAG_REASSEMBLED;
	assert_int_equal(check_decode(&tp_decoder_j2735, data, n, 0, sizeof(check_memory)), 1);
	octets = tp_record_avro_body(value, check_record.kind, &check_record.plate_read) - value;
	if (end - out != octets || memcmp(out, value, (size_t)octets) != 0)
		fail_msg("%zu octets that begin with %02x%02x%02x%02x: %td octets of Avro and %td", n, data[0], data[1], data[2],
		        data[3], octets, end - out);
	assert_int_equal(rec.kind, check_record.kind);
	assert_int_equal(rec.flags, check_record.flags);
	assert_int_equal(rec.trailing, check_record.trailing);
	assert_int_equal(rec.has_device_time, 1);
	assert_int_equal(check_record.has_device_time, 1);
	assert_true(rec.device_time == check_record.device_time);
	return true;
}

/* All that can be made of a message by cutting it, or by turning one bit. Returns how many are taken. */
static unsigned int changed(uint8_t *data, size_t n)
{
	unsigned int taken = 0;

	for (size_t i = 0; i < n; i++)
		taken += same(data, i);
	for (size_t bit = 0; bit < 8 * n; bit++) {
		data[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
		taken += same(data, n);
		data[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
	}
	return taken;
}

static size_t unhex(const char *text, uint8_t *data)
{
	size_t n = 0;
	unsigned int octet;

	while (n < OCTETS_MAX && sscanf(text + 2 * n, "%2x", &octet) == 1)
		data[n++] = (uint8_t)octet;
	return n;
}

/* ---- messages made here ---------------------------------------------------------------------------------------------------- */
static void put(uint8_t *octets, unsigned int bit, unsigned int bits, uint64_t v)
{
	for (unsigned int i = 0; i < bits; i++) {
		unsigned int at = bit + i;
		uint8_t mask = (uint8_t)(0x80 >> at % 8);

		octets[at / 8] = (uint8_t)((octets[at / 8] & ~mask) | (v >> (bits - 1 - i) & 1 ? mask : 0));
	}
}

/* The core of a message without Part II, behind the three octets of a frame. */
#define FRAME_BITS 24
static size_t core(uint8_t *data)
{
	size_t n = unhex(CORE, data);

	data[3] &= 0x1f;
	put(data, FRAME_BITS + 42, 16, 1000);
	return n;
}

/* Each field at 0, at its limit, above it, and at what takes an octet more in Avro. */
static void fields(void **unused)
{
	static const struct {
		unsigned int bit, bits;
		uint64_t most;
	} table[] = {{3, 7, 127}, {10, 32, UINT32_MAX}, {42, 16, 60999}, {58, 31, 1800000001}, {89, 32, 3600000000},
	        {121, 16, 65535}, {137, 8, 255}, {145, 8, 255}, {153, 16, 65535}, {169, 3, 7}, {172, 13, 8191}, {185, 15, 28800},
	        {200, 8, 253}, {208, 12, 4001}, {220, 12, 4001}, {232, 8, 254}, {240, 16, 65534}, {256, 5, 31}, {261, 2, 3},
	        {263, 2, 3}, {265, 2, 3}, {267, 2, 2}, {269, 2, 3}, {271, 10, 1023}, {281, 12, 4095}};
	uint8_t data[OCTETS_MAX];

	(void)unused;
	if (!need_avx512())
		skip();
	for (unsigned int i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		uint64_t all = (UINT64_C(1) << table[i].bits) - 1, step = all / 50000 + 1;

		for (uint64_t v = 0; v <= all; v += step) {
			size_t n = core(data);

			put(data, FRAME_BITS + table[i].bit, table[i].bits, v);
			assert_int_equal(same(data, n), v <= table[i].most);
		}
		for (uint64_t v = table[i].most - (table[i].most < 300 ? table[i].most : 300); v <= all && v < table[i].most + 300;
		        v++) {
			size_t n = core(data);

			put(data, FRAME_BITS + table[i].bit, table[i].bits, v);
			assert_int_equal(same(data, n), v <= table[i].most);
		}
		for (unsigned int power = 0; power < table[i].bits; power++)
			for (int beside = -2; beside <= 2; beside++) {
				uint64_t v = (UINT64_C(1) << power) + (uint64_t)beside;
				size_t n = core(data);

				put(data, FRAME_BITS + table[i].bit, table[i].bits, v);
				assert_int_equal(same(data, n), (v & all) <= table[i].most);
			}
	}
}

/* Whatever the bits of the core are. */
static void random_cores(void **unused)
{
	uint64_t state = 0x9e3779b97f4a7c15;
	uint8_t data[OCTETS_MAX];
	unsigned int taken = 0;

	(void)unused;
	if (!need_avx512())
		skip();
	for (unsigned int i = 0; i < 1000000; i++) {
		size_t n = core(data);

		for (unsigned int k = 0; k < 4; k++) {
			state ^= state << 13;
			state ^= state >> 7;
			state ^= state << 17;
			put(data, FRAME_BITS + 3 + (unsigned int)(state % 280), 1 + (unsigned int)(state >> 32) % 10, state >> 40);
		}
		taken += same(data, n);
	}
	assert_in_range(taken, 100000, 999999);
}

/*
 * Part II with `points` points of one preamble, the prediction, and `behind` octets more in the element: at the end of a message whose core is the
 * one above. Returns the octets of the frame.
 */
static size_t with_history(uint8_t *data, unsigned int points, unsigned int preamble, uint32_t prediction, unsigned int behind)
{
	static const unsigned int options[8] = {0, 8, 32, 40, 13, 21, 45, 53};
	unsigned int bits = 5 + 3 + 5 + points * (4 + 64 + options[preamble & 7]) + 25, octets = (bits + 7) / 8 + behind;
	unsigned int at = FRAME_BITS, two = octets > 127, long_frame;
	size_t n = core(data), content;
	uint8_t body[OCTETS_MAX] = {0};

	memcpy(body, data + 3, n - 3);
	body[0] |= 0x40;
	at = 293;
	put(body, at, 3, 0);
	put(body, at + 3, 6, 0);
	put(body, at + 9, two ? 16 : 8, two ? 0x8000 | octets : octets);
	at += 17 + 8 * two;
	content = at + 8 * octets;
	put(body, at, 5, 6);
	put(body, at + 5, 3, 0);
	put(body, at + 8, 5, points - 1);
	for (unsigned int i = 0, p = at + 13; i < points; i++, p += 68 + options[preamble & 7]) {
		put(body, p, 4, preamble);
		for (unsigned int k = 0; k < 64 + options[preamble & 7]; k += 16)
			put(body, p + 4 + k, 16, (0x1234 * (i + 1) + k) & 0x7fff);
		if (preamble & 1)
			put(body, p + 4 + 64 + options[preamble & 7] - 8, 8, 240);
	}
	put(body, at + bits - 25, 25, prediction);
	content = (content + 7) / 8;
	long_frame = content > 127;
	data[2] = (uint8_t)(long_frame ? 0x80 | content >> 8 : content);
	data[3] = (uint8_t)content;
	memcpy(data + 3 + long_frame, body, content);
	return 3 + long_frame + content;
}

static void histories(void **unused)
{
	uint8_t data[OCTETS_MAX];

	(void)unused;
	if (!need_avx512())
		skip();
	for (unsigned int points = 1; points <= 23; points++)
		for (unsigned int preamble = 0; preamble < 8; preamble++)
			for (unsigned int behind = 0; behind < 3; behind++)
				if (!same(data, with_history(data, points, preamble, 0x7fff64, behind)))
					fail_msg("%u points, options %u, %u octets behind", points, preamble, behind);
	for (uint32_t radius = 0; radius < 65536; radius++)
		assert_int_equal(same(data, with_history(data, 1, 0, radius << 8 | 100, 0)), radius != 65535);
	for (uint32_t confidence = 0; confidence < 256; confidence++)
		for (unsigned int points = 1; points < 3; points++)
			assert_int_equal(same(data, with_history(data, points, 0, 1000 << 8 | confidence, 0)), confidence <= 200);
	assert_false(same(data, with_history(data, 1, 8, 100, 0)));
	assert_false(same(data, with_history(data, 1, 0, 1 << 24 | 100, 0)));
}

/* One of each, with every change. */
static void changes(void **unused)
{
	uint8_t data[OCTETS_MAX];

	(void)unused;
	if (!need_avx512())
		skip();
	assert_true(changed(data, core(data)) > 200);
	assert_true(changed(data, with_history(data, 1, 0, 0x7fff64, 0)) > 300);
	assert_true(changed(data, with_history(data, 1, 0, 0x7fff64, 1)) > 300);
	assert_true(changed(data, with_history(data, 3, 5, 0x7fff64, 0)) > 300);
	assert_true(changed(data, with_history(data, 23, 7, 0x7fff64, 0)) > 300);
}

/* ---- shared data ------------------------------------------------------------------------------------------------------------ */
static void file(const char *path, unsigned int *lines, unsigned int *taken)
{
	static char text[2 * OCTETS_MAX + 2];
	uint8_t data[OCTETS_MAX];
	FILE *f = fopen(path, "r");
	unsigned int here = 0;

	assert_non_null(f);
	while (fgets(text, sizeof(text), f)) {
		size_t n = text[0] == '#' ? 0 : unhex(text, data);

		if (n == 0)
			continue;
		*taken += same(data, n);
		if (here++ % 128 == 0 && here < 128 * OTHERS)
			changed(data, n);
		(*lines)++;
	}
	fclose(f);
}

static void shared(void **unused)
{
	const char *folder = getenv("TP_SHARED");
	unsigned int lines = 0, taken = 0;
	char pattern[4096];
	glob_t found;

	(void)unused;
	if (!need_avx512())
		skip();
	snprintf(pattern, sizeof(pattern), "%s/data/j2735/*.hex", folder ? folder : "");
	if (!folder || glob(pattern, 0, NULL, &found) != 0) {
		print_message("no shared data (TP_SHARED)\n");
		skip();
	}
	for (size_t i = 0; i < found.gl_pathc; i++)
		file(found.gl_pathv[i], &lines, &taken);
	globfree(&found);
	print_message("%u of %u messages took the short way\n", taken, lines);
	assert_true(taken > 4000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(fields), cmocka_unit_test(random_cores), cmocka_unit_test(histories),
	        cmocka_unit_test(changes), cmocka_unit_test(shared)};

	check_guard = guard_new(CHECK_MAX);
	room = guard_new(CHECK_MAX);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
