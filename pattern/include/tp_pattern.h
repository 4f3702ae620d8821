/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_PATTERN_H
#define TP_PATTERN_H
/*
 * Plate lists and alert rules, compiled into Hyperscan databases, and the scan of a vector of texts. Knows nothing of packets,
 * records or Kafka: texts come in as pointers, hits go out as indices.
 *
 * A database is immutable once compiled and is shared by all workers; each worker has a scratch of its own.
 *
 * Plates are compared in normal form: ASCII letters upper case, spaces, dashes, dots and apostrophes left out, all other bytes
 * (UTF-8) as they are. A plate with a control character in it is no plate. A list entry matches a read where the normal forms are
 * equal, the jurisdictions are equal (ASCII letters of either case) or one of the two is not known, and the event time is within
 * [valid_from, valid_to).
 *
 * A rule is a regular expression (PCRE subset of Hyperscan, over octets: (*UTF8) is refused) over one field of one record kind; it
 * must need at least one octet to match. A hit is exactly what a scan of that field alone would find, although a vector of fields
 * is scanned at once. A channel with a rule that says where a text begins or ends in a way that cannot be told within a vector (\A,
 * \z, \Z, an option taken back as in (?-m)) is scanned text by text: same hits, slower.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TP_PLATE_NORMAL_MAX 32 /* octets of a plate in normal form; longer ones match nothing */

struct tp_pattern_text {
	const uint8_t *p;
	uint32_t n; /* octets */
};

/*
 * A list to load: CSV (RFC 4180, UTF-8 with or without a byte order mark, LF or CRLF) with a header line. Columns by name, letters
 * of either case, in any order; others are ignored:
 *   plate         mandatory; 1 to TP_PLATE_NORMAL_MAX octets in normal form, no wildcards (* and ?)
 *   jurisdiction  empty: not known
 *   list          empty: the name below
 *   category      empty: none
 *   priority      a whole number; empty: 0
 *   valid_from    RFC 3339 date or date and time, UTC where no offset is given; a date is its midnight. Empty: since ever
 *   valid_to      the first moment that is not valid any more, later than valid_from; empty: for ever
 * Spaces and tabs around a value are left out, empty lines skipped. A list of just the header
 * line has no entries and is fine; an empty file is a mistake. A line that stands twice is two entries.
 */
struct tp_list_spec {
	const char *path; /* a regular file of at most 1 GiB */
	const char *name; /* value of `list` where the file or the line has none; NULL: the path */
	bool covert;      /* nobody is told of its hits but by their alerts */
};

struct tp_rule_spec {
	const char *name;
	const char *regex;
	const char *category; /* NULL: none */
	int32_t priority;
	unsigned int channel; /* which (kind, field) it looks at: the caller's numbering, 0..n_channels-1 */
	bool caseless;
	bool covert; /* as of a list */
};

struct tp_pattern_spec {
	const struct tp_list_spec *lists;
	unsigned int n_lists;
	const struct tp_rule_spec *rules;
	unsigned int n_rules;
	unsigned int n_channels;
};

struct tp_pattern_db;
struct tp_pattern_scratch;

/* One line of a list, or one rule, as an alert shows it. Strings live as long as the database. */
struct tp_pattern_entry {
	const char *list;         /* list name; for a rule, NULL */
	const char *entry;        /* plate as written in the list, or the rule's name */
	const char *category;     /* NULL: none */
	const char *jurisdiction; /* NULL: none, or a rule */
	int32_t priority;
	bool covert;           /* of the file it came from, or of the rule */
	uint32_t group;        /* under which its hits are counted, below tp_pattern_groups() */
	int64_t valid_from_us; /* INT64_MIN: since ever */
	int64_t valid_to_us;   /* INT64_MAX: for ever */
};

struct tp_pattern_hit {
	uint32_t item;           /* index of the text in the vector */
	uint32_t entry;          /* for tp_pattern_entry() */
	uint32_t from;           /* first byte of the match, in the text (rule) or in the normal form (plate) */
	uint32_t to;             /* first byte behind it */
	bool jurisdiction_known; /* both sides said one, and it is the same; always false for a rule */
};

/*
 * Reads the lists and compiles. Returns 0, or a negative errno with a message in err that names file, line, column, what was found
 * and what was expected (-EINVAL), or the rule and what Hyperscan says; it counts all mistakes and shows the first five, a line
 * each (1,024 octets of err hold them where paths are short). -ENOENT, -EACCES, -EISDIR and their like: a list that cannot be read;
 * -ENOTSUP: a CPU that Hyperscan does not run on. Entries are numbered in the order of the lists, then the rules; a plate on
 * several lists is several entries. Control, at start; slow (0.3 s for 10,000 plates).
 */
int tp_pattern_compile(const struct tp_pattern_spec *spec, struct tp_pattern_db **db, char *err, size_t err_len);
void tp_pattern_free(struct tp_pattern_db *db);           /* NULL is fine */
size_t tp_pattern_memory(const struct tp_pattern_db *db); /* octets */
unsigned int tp_pattern_entries(const struct tp_pattern_db *db);
const struct tp_pattern_entry *tp_pattern_entry(const struct tp_pattern_db *db, uint32_t entry);
bool tp_pattern_has_lists(const struct tp_pattern_db *db); /* is there a plate to match? false with empty lists */

/*
 * Hits are counted by group: all entries of a list, or a rule. Group 0 is of lists beyond the first TP_PATTERN_LISTS. A worker counts in its scratch, nobody
 * else writes there.
 */
#define TP_PATTERN_LISTS 1000
unsigned int tp_pattern_groups(const struct tp_pattern_db *db);
void tp_pattern_count_hit(struct tp_pattern_scratch *scratch, const struct tp_pattern_entry *entry); /* worker */
uint64_t tp_pattern_hits(const struct tp_pattern_scratch *scratch, uint32_t group);                  /* any thread */
/* Goes on from the counts of another scratch, where it is of the same database; else from 0. The worker of both. */
void tp_pattern_scratch_carry(struct tp_pattern_scratch *scratch, const struct tp_pattern_scratch *before);

/* A list, as its entries say it: they name it themselves, a file may hold several. */
struct tp_pattern_list {
	const char *name;
	uint64_t entries, valid; /* valid: at the time that was asked for */
	uint32_t group;
	bool covert; /* some entry is */
};
/* Lists by their group, in rows[group]; rows[0], "(others)", is all beyond the first TP_PATTERN_LISTS. Those without entries are cleared. Pure. */
void tp_pattern_lists(const struct tp_pattern_db *db, int64_t now_us, struct tp_pattern_list rows[TP_PATTERN_LISTS + 1]);

/* Scratch for one worker and vectors of at most max_items (1..65536) texts. Returns 0, -EINVAL or -ENOMEM. */
int tp_pattern_scratch_new(const struct tp_pattern_db *db, unsigned int max_items, struct tp_pattern_scratch **scratch);
void tp_pattern_scratch_free(struct tp_pattern_scratch *scratch); /* NULL is fine */
/* Scans that Hyperscan refused since the scratch was made, so that hits may be missing: 0 unless there is a defect. Any thread. */
uint64_t tp_pattern_scratch_errors(const struct tp_pattern_scratch *scratch);

/* A plate to match. */
struct tp_plate_query {
	struct tp_pattern_text plate;        /* as read, any form */
	struct tp_pattern_text jurisdiction; /* empty or p == NULL: not known */
	int64_t event_time_us;
};

/*
 * Matches n plates (0..max_items) in one scan. Writes at most max_hits hits, ordered by item, then by entry; returns how many there
 * were (more than max_hits: the rest is lost and the caller counts it). No allocation, no lock. Worker.
 */
unsigned int tp_pattern_scan_plates(const struct tp_pattern_db *db, struct tp_pattern_scratch *scratch,
        const struct tp_plate_query *plates, unsigned int n, struct tp_pattern_hit *hits, unsigned int max_hits);
/*
 * The same for the rules of one channel: each rule reports at most its first match (smallest `to`, then smallest `from`) a text.
 * Texts may hold any octets and be of any length. Ordered by item, then by rule.
 */
unsigned int tp_pattern_scan_rules(const struct tp_pattern_db *db, struct tp_pattern_scratch *scratch, unsigned int channel,
        const struct tp_pattern_text *texts, unsigned int n, struct tp_pattern_hit *hits, unsigned int max_hits);

/*
 * Normal form of a plate; out has TP_PLATE_NORMAL_MAX octets. Returns its length, or 0 where it is empty, too long or holds a
 * control character (0x00-0x1f, 0x7f). Pure, any thread.
 */
unsigned int tp_plate_normal(struct tp_pattern_text plate, uint8_t *out);

#endif
