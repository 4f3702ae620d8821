/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_PLATE_EVENT_H
#define TP_PLATE_EVENT_H
/*
 * What is collected from a camera event while it is read once. Keys may come in any order, so each value goes where it belongs
 * the moment it is seen, every text that may be a plate into a slot of its own, and what the event was is decided from the keys
 * at its end.
 */
#include "member.h"

/* Texts that may turn out to be the plate. One bit each in `given`: the key was there, though perhaps null or empty. */
enum plate_slot {
	SLOT_PLAIN,
	SLOT_REKOR_NUMBER,
	SLOT_REKOR_BEST,
	SLOT_REKOR_ALERT,
	SLOT_AXIS_UTF8,
	SLOT_AXIS_UNICODE,
	SLOT_AXIS_TEXT,
	SLOT_AXIS_ASCII,
	SLOT_INGESTION,
	SLOT_SHARPV,
	SLOT_VERKADA,
	SLOT_COUNT,
};

/* What keys say about the format. Keys of several formats say nothing. */
enum plate_evidence {
	IS_PLAIN = 1,
	IS_REKOR = 2,
	IS_PLATERECOGNIZER = 4, /* hook */
	HAS_RESULTS = 8,
	IS_AXIS = 16,
	IS_INGESTION = 32,
	IS_SHARPV = 64,
	IS_VERKADA = 128,
	MAYBE_PLAIN = 256, /* keys of the plain form that others have too */
};

/* Where in the event we are; keys count only where their format has them. */
enum plate_scope {
	IN_ROOT = 1,
	IN_GROUP = 2, /* `group` of a Rekor alert */
	IN_DATA = 4,  /* `data` of Plate Recognizer and Verkada */
};

struct plate_event {
	struct tp_json j;
	struct tp_plate_read *read;
	struct tp_slice plate[SLOT_COUNT];
	struct tp_slice data_type;    /* Rekor */
	struct tp_slice webhook_type; /* Verkada */
	struct tp_slice iso_region;   /* Axis */
	struct tp_slice best_region;  /* of best_plate, where the event itself has none */
	struct tp_plate_candidate *candidates;
	double best_confidence;
	double best_region_confidence;
	bool has_best_confidence;
	bool has_best_region_confidence;
	int64_t time;
	uint32_t evidence;
	uint32_t given;
	uint8_t scope;
	uint8_t time_rank;   /* of the key that gave `time`: a better one replaces it */
	uint8_t wanted;      /* which result to keep */
	uint8_t results;     /* with a plate, so far */
	bool percent_items;  /* results in the words of Rekor (confidence) */
	bool ratio_items;    /* results in the words of Plate Recognizer (score) */
	bool own_candidates; /* candidates came from the event itself, not from best_plate */
};

/* What is done with a value in its usual form without asking the reader. */
enum plate_usual {
	USUAL_NONE,
	USUAL_FIELD, /* text into the member */
	USUAL_REAL,  /* number into the member */
	USUAL_SLOT,  /* text into the slot arg */
	USUAL_TIME,  /* text as time of rank arg */
};

static inline void plate_set_slot(struct plate_event *e, unsigned int slot, struct tp_slice text)
{
	e->plate[slot] = text;
	e->given |= 1u << slot;
}

static inline void plate_set_time(struct plate_event *e, uint8_t rank, int64_t us)
{
	if (rank < e->time_rank)
		return;
	e->time_rank = rank;
	e->time = us;
}

struct plate_key;
/* Reads the value at the cursor. Failures stick to e->j. */
typedef void plate_reader(struct plate_event *e, const struct plate_key *key);

#define PLATE_TOKEN    32
#define PLATE_KEYS_MAX 128

struct plate_key {
	struct member member; /* where reader is NULL */
	plate_reader *reader;
	/* As it usually stands in the text, `,"key":`. As many octets in front of it may be loaded with it. */
	char token[PLATE_TOKEN];
	uint16_t evidence;
	uint8_t length; /* of the token, octets */
	uint8_t usual;  /* enum plate_usual */
	uint8_t scopes;
	uint8_t arg; /* of the reader */
	uint8_t index;
};

_Static_assert(offsetof(struct plate_key, token) >= PLATE_TOKEN, "no room in front of the token");

/* The row of a key of the outer objects, or NULL. */
const struct plate_key *plate_key_find(struct tp_slice key);

/*
 * The key that last stood behind each key, by the index of its row. A camera writes its keys in the same order every time, so
 * one comparison with the token of the expected key mostly takes the place of finding where the key ends and which one it is.
 * Nothing but time depends on what is in here. Behind the rows: what stands behind an unknown key, and at the beginning of an
 * object of each scope.
 */
extern _Thread_local const struct plate_key *plate_key_after[PLATE_KEYS_MAX];
enum {
	PLATE_AFTER_UNKNOWN = PLATE_KEYS_MAX - 8,
	PLATE_AFTER_BRACE = PLATE_AFTER_UNKNOWN, /* + scope */
};
/* Reads the members of the object at the cursor by those rows. */
void plate_object(struct plate_event *e, enum plate_scope scope);

plate_reader plate_read_slot; /* arg: slot */
plate_reader plate_read_time; /* arg: rank, from 1 */
plate_reader plate_read_last_seen;
plate_reader plate_read_scope; /* arg: scope */
plate_reader plate_read_data_type;
plate_reader plate_read_webhook_type;
plate_reader plate_read_iso_region;
plate_reader plate_read_direction;
plate_reader plate_read_results;
plate_reader plate_read_candidates;
plate_reader plate_read_best_plate;
plate_reader plate_read_vehicle;
plate_reader plate_read_camera_info;
plate_reader plate_read_geotag;
plate_reader plate_read_box_sizes; /* [left, top, width, height] */
plate_reader plate_read_box_edges; /* [left, top, right, bottom] */

#endif
