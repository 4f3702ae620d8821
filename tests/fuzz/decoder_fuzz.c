/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One libFuzzer target a decoder: DECODER is the decoder's name. Whatever the input, the decoder must keep its contract
 * (tp_decoder.h): a verdict of a class it may give, at an offset inside the datagram or at its end; or a count of records, each
 * of which can then be decoded and written as Avro and as JSON within the bounds that tp_record_*_bound() promise.
 *
 * The input ends where its heap block ends, as do the buffers that are written, so the address sanitizer sees the first octet too far.
 */
#include "fuzz.h"
#include "tp_decoder.h"

#define NAME_OF(name)   NAME_TEXT(name)
#define NAME_TEXT(name) #name
#define ARENA_BYTES     (8u << 20)

static void fuzz_check_verdict(const struct tp_verdict *verdict, size_t size)
{
	EXPECT(verdict->reason < TP_COUNTER_COUNT);
	EXPECT(tp_counter_descs[verdict->reason].class == TP_CLASS_MALFORMED ||
	        tp_counter_descs[verdict->reason].class == TP_CLASS_REFUSED_BY_DECODER);
	EXPECT(verdict->stage < TP_STAGE_COUNT);
	EXPECT(verdict->offset <= size);
}

static void fuzz_encode(const struct tp_envelope *envelope, unsigned int kind, const void *body, bool json)
{
	size_t bound = json ? tp_record_json_bound(envelope, kind, body) : tp_record_avro_bound(envelope, kind, body);
	uint8_t *out = malloc(bound ? bound : 1), *end;

	EXPECT(out != NULL);
	end = json ? tp_record_json(out, envelope, kind, body) : tp_record_avro(out, envelope, kind, body);
	EXPECT(end >= out && end <= out + bound);
	free(out);
}

static void fuzz_check_record(const struct tp_decoder *decoder, const struct tp_record *rec, size_t size)
{
	struct tp_envelope envelope = {
	        .received_at = rec->received_at,
	        .site = TP_SLICE("site"),
	        .device = TP_SLICE("device"),
	        .source_ip = TP_SLICE("192.0.2.1"),
	        .payload = rec->payload,
	};

	EXPECT(rec->kind < TP_KIND_COUNT);
	EXPECT(decoder->kinds & (1u << rec->kind));
	EXPECT((rec->flags & ~TP_FLAG_TRAILING_BYTES) == 0);
	EXPECT(rec->trailing <= size);
	/* All members of the union of bodies start at the same address. */
	fuzz_encode(&envelope, rec->kind, &rec->plate_read, false);
	fuzz_encode(&envelope, rec->kind, &rec->plate_read, true);
}

/* Decodes record number `result`; a body that was not written must not be read, so it starts as garbage. */
static int fuzz_decode(const struct tp_decoder *decoder, struct tp_record *rec, struct tp_arena *arena, struct tp_verdict *verdict,
        struct tp_slice payload, unsigned int result)
{
	memset(rec, 0xa5, sizeof(*rec));
	memset(verdict, 0xff, sizeof(*verdict));
	rec->payload = payload;
	rec->received_at = INT64_C(1700000000000000);
	rec->flags = 0;
	rec->result = (uint8_t)result;
	return decoder->decode(rec, arena, verdict);
}

/* The short way of a format takes a datagram only where it makes what decoder and encoder make; `rec` is what the decoder made, or NULL. */
static void fuzz_check_direct(const struct tp_decoder *decoder, struct tp_slice payload, const struct tp_record *rec)
{
	tp_direct_fn direct = decoder->direct ? decoder->direct() : NULL;
	struct tp_record other;
	uint8_t *out, *body, *end;
	size_t octets;

	if (!direct)
		return;
	memset(&other, 0x5a, sizeof(other));
	other.payload = payload;
	other.received_at = INT64_C(1700000000000000);
	other.flags = 0;
	out = malloc(payload.n + TP_DIRECT_ROOM);
	EXPECT(out != NULL);
	end = direct(&other, out);
	if (end) {
		EXPECT(rec != NULL && other.kind == rec->kind && other.kind == decoder->direct_kind);
		EXPECT(other.flags == rec->flags && other.trailing == rec->trailing);
		EXPECT(rec->has_device_time && other.has_device_time && other.device_time == rec->device_time);
		body = malloc(tp_record_avro_body_bound(rec->kind, &rec->plate_read));
		EXPECT(body != NULL);
		octets = (size_t)(tp_record_avro_body(body, rec->kind, &rec->plate_read) - body);
		EXPECT((size_t)(end - out) == octets && memcmp(out, body, octets) == 0);
		free(body);
	}
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t *memory;
	const struct tp_decoder *decoder = tp_decoder_by_name(NAME_OF(DECODER));
	struct tp_slice payload = {data, (uint32_t)size};
	struct tp_verdict verdict;
	struct tp_record rec;
	struct tp_arena arena;
	int records = 1;

	if (size > UINT16_MAX)
		return -1;
	if (!memory)
		memory = malloc(ARENA_BYTES);
	EXPECT(decoder != NULL && memory != NULL);
	arena = (struct tp_arena){memory, memory + ARENA_BYTES};
	for (int i = 0; i < records; i++) {
		int n = fuzz_decode(decoder, &rec, &arena, &verdict, payload, (unsigned int)i);

		if (n == TP_DECODE_NO_ROOM)
			return 0;
		if (n == TP_DECODE_REJECTED) {
			EXPECT(i == 0);
			fuzz_check_direct(decoder, payload, NULL);
			fuzz_check_verdict(&verdict, size);
			return 0;
		}
		EXPECT(n >= 1 && n <= TP_RESULTS_MAX && (i == 0 || n == records));
		records = n;
		if (i == 0)
			fuzz_check_direct(decoder, payload, n == 1 ? &rec : NULL);
		fuzz_check_record(decoder, &rec, size);
	}
	return 0;
}
