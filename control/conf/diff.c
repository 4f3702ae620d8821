/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is different between two configurations, by the option tables: each option with the value before and after, defaults in place on both sides. Entries of
 * lists are told by name, filter, path or address, not by place, so that one more listener is one difference. The first key of a path decides whether it may change
 * under traffic; a key that is not among those of diff_swappable needs a restart, so a new section does until somebody says otherwise. In a section that may change there
 * may be options whose memory is reserved at the start: diff_reserved.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"

#define DIFF_TEXT  512
#define DIFF_ENTRY 160 /* of an entry that was added or left out */

static const char *const diff_swappable[] = {
        "site", "groups", "listeners", "mqtt", "topics", "lists", "rules", "dead_letters", "guard", "books", "stop"};
static const char *const diff_reserved[] = {"guard.sources"};
static const char *const diff_created[] = {"partitions", "replication"}; /* of a topic: what it is created with */
static const char *const diff_names[] = {"name", "filter", "path", "address", "identity", "listener"};
static const char *const diff_secrets[] = {"token", "password", "secret"};

#define DIFF_CREATED_NOTE "counts where the topic is created, at a start: one that exists keeps what it has"

struct diff {
	tp_conf_change_fn each;
	void *ctx;
	bool restart;
	int n;
	bool no_memory;
};

static bool diff_is_one_of(const char *key, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(key, list[i]) == 0)
			return true;
	return false;
}
#define DIFF_IS_ONE_OF(key, list) diff_is_one_of(key, list, sizeof(list) / sizeof(list[0]))

static void diff_tell(struct diff *d, const char *path, const char *before, const char *after, const char *note)
{
	const struct tp_conf_change change = {.path = path,
	        .before = before,
	        .after = after,
	        .note = note,
	        .restart = d->restart || DIFF_IS_ONE_OF(path, diff_reserved)};

	d->n++;
	d->each(d->ctx, &change);
}

/* ---- values as text ------------------------------------------------------------------------------------------------------------- */
struct diff_text {
	char text[DIFF_TEXT];
	size_t n;
};

static void diff_add(struct diff_text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void diff_add(struct diff_text *t, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(t->text + t->n, sizeof(t->text) - t->n, fmt, args);
	va_end(args);
	if (n > 0)
		t->n += (size_t)n;
	if (t->n >= sizeof(t->text)) {
		t->n = sizeof(t->text) - 1;
		memcpy(t->text + t->n - 3, "...", 3);
	}
}

static uint32_t diff_count(const void *base, const struct conf_option *o)
{
	uint32_t n;

	memcpy(&n, (const uint8_t *)base + o->offset + sizeof(void *), sizeof(n));
	return n;
}

static const void *diff_items(const void *base, const struct conf_option *o)
{
	const void *p;

	memcpy(&p, (const uint8_t *)base + o->offset, sizeof(p));
	return p;
}

/* A property of librdkafka may be a password, whatever its name is. */
static void diff_add_property(struct diff_text *t, const struct conf_option *o, const char *text)
{
	if (strcmp(o->key, "properties") == 0)
		diff_add(t, "%.*s=(hidden)", (int)strcspn(text, "="), text);
	else
		diff_add(t, "%s", text);
}

static void diff_add_list(struct diff_text *t, const void *base, const struct conf_option *o)
{
	const void *items = diff_items(base, o);

	diff_add(t, "[");
	for (uint32_t i = 0; i < diff_count(base, o); i++) {
		diff_add(t, "%s", i ? ", " : "");
		if (o->type == CONF_TYPE_INTS)
			diff_add(t, "%d", ((const int32_t *)items)[i]);
		else
			diff_add_property(t, o, ((const char *const *)items)[i]);
	}
	diff_add(t, "]");
}

static void diff_add_choice(struct diff_text *t, const struct conf_option *o, int32_t value)
{
	for (unsigned int i = 0; i < o->n_choices; i++)
		if (o->choices[i].val == value) {
			diff_add(t, "%s", o->choices[i].str);
			return;
		}
	diff_add(t, "unset");
}

static void diff_add_text(struct diff_text *t, const struct conf_option *o, const char *text)
{
	if (!text)
		diff_add(t, "unset");
	else
		diff_add(t, "%s", DIFF_IS_ONE_OF(o->key, diff_secrets) ? "(hidden)" : text);
}

static void diff_add_value(struct diff_text *t, const void *base, const struct conf_option *o)
{
	const uint8_t *at = (const uint8_t *)base + o->offset;
	uint32_t number;

	memcpy(&number, at, o->type == CONF_TYPE_BOOL ? sizeof(bool) : sizeof(number));
	switch (o->type) {
	case CONF_TYPE_STR:
		diff_add_text(t, o, diff_items(base, o));
		break;
	case CONF_TYPE_UINT:
		diff_add(t, "%u", number);
		break;
	case CONF_TYPE_INT:
		diff_add(t, "%d", (int32_t)number);
		break;
	case CONF_TYPE_BOOL:
		diff_add(t, "%s", *(const bool *)at ? "true" : "false");
		break;
	case CONF_TYPE_ENUM:
		diff_add_choice(t, o, (int32_t)number);
		break;
	case CONF_TYPE_STRS:
	case CONF_TYPE_INTS:
		diff_add_list(t, base, o);
		break;
	case CONF_TYPE_SECTION:
	case CONF_TYPE_LIST:
		break;
	}
}

static bool diff_same_texts(const void *a, const void *b, const struct conf_option *o)
{
	const char *const *one = diff_items(a, o), *const *two = diff_items(b, o);

	if (diff_count(a, o) != diff_count(b, o))
		return false;
	for (uint32_t i = 0; i < diff_count(a, o); i++)
		if (strcmp(one[i], two[i]) != 0)
			return false;
	return true;
}

static bool diff_same_value(const void *a, const void *b, const struct conf_option *o)
{
	const char *one, *two;

	switch (o->type) {
	case CONF_TYPE_STR:
		one = diff_items(a, o);
		two = diff_items(b, o);
		return one == two || (one && two && strcmp(one, two) == 0);
	case CONF_TYPE_STRS:
		return diff_same_texts(a, b, o);
	case CONF_TYPE_INTS:
		return diff_count(a, o) == diff_count(b, o) &&
		       (diff_count(a, o) == 0 ||
		               memcmp(diff_items(a, o), diff_items(b, o), diff_count(a, o) * sizeof(int32_t)) == 0);
	case CONF_TYPE_BOOL:
		return *((const bool *)a + o->offset) == *((const bool *)b + o->offset);
	default:
		return memcmp((const uint8_t *)a + o->offset, (const uint8_t *)b + o->offset, sizeof(uint32_t)) == 0;
	}
}

/* ---- entries of lists ----------------------------------------------------------------------------------------------------------- */
struct diff_entry {
	const char *name;
	const void *base;
	uint32_t place;
};

static const char *diff_name(const struct conf_section *section, const void *base)
{
	for (size_t k = 0; k < sizeof(diff_names) / sizeof(diff_names[0]); k++) {
		const struct conf_option *o = conf_option_by_key(section, diff_names[k]);
		const char *name = o && o->type == CONF_TYPE_STR ? diff_items(base, o) : NULL;

		if (name)
			return name;
	}
	return "";
}

static int diff_compare(const void *one, const void *two)
{
	const struct diff_entry *a = one, *b = two;
	int order = strcmp(a->name, b->name);

	return order ? order : (a->place > b->place) - (a->place < b->place);
}

static struct diff_entry *diff_entries(struct diff *d, const void *base, const struct conf_option *o)
{
	uint32_t n = diff_count(base, o);
	struct diff_entry *list = calloc(n + 1, sizeof(*list));

	d->no_memory |= list == NULL;
	for (uint32_t i = 0; list && i < n; i++) {
		const void *entry = (const uint8_t *)diff_items(base, o) + i * o->sub->size;

		list[i] = (struct diff_entry){diff_name(o->sub, entry), entry, i};
	}
	if (list)
		qsort(list, n, sizeof(*list), diff_compare);
	return list;
}

/* Whether the file says something of an option that needs not be there; what is unset is as defaults.c leaves it. */
static bool diff_is_set(const void *base, const struct conf_option *o)
{
	int32_t number;

	if (o->type == CONF_TYPE_STR)
		return diff_items(base, o) != NULL;
	if (o->type == CONF_TYPE_STRS || o->type == CONF_TYPE_INTS)
		return diff_count(base, o) > 0;
	if (o->type == CONF_TYPE_BOOL)
		return *((const bool *)base + o->offset);
	memcpy(&number, (const uint8_t *)base + o->offset, sizeof(number));
	return number != (o->type == CONF_TYPE_ENUM ? -1 : 0);
}

/* An entry in a few words: what it says itself. */
static void diff_describe(struct diff_text *t, const struct conf_section *section, const void *base)
{
	for (unsigned int i = 0; i < section->count && t->n < DIFF_ENTRY; i++) {
		const struct conf_option *o = &section->options[i];

		if (o->sub || DIFF_IS_ONE_OF(o->key, diff_names) || (o->presence != CONF_REQ && o->presence != CONF_OPT))
			continue;
		if (o->presence == CONF_OPT && !diff_is_set(base, o))
			continue;
		diff_add(t, "%s%s ", t->n ? ", " : "", o->key);
		diff_add_value(t, base, o);
	}
	if (t->n == 0)
		diff_add(t, "there");
}

static void diff_section(struct diff *d, const struct conf_section *section, const void *now, const void *next, const char *path);

/* Of an entry that is added: it says what its topic is created with. */
static const char *diff_added_note(const struct conf_section *section, const void *base)
{
	for (size_t k = 0; k < sizeof(diff_created) / sizeof(diff_created[0]); k++) {
		const struct conf_option *o = conf_option_by_key(section, diff_created[k]);
		uint32_t number = 0;

		if (o)
			memcpy(&number, (const uint8_t *)base + o->offset, sizeof(number));
		if (number)
			return DIFF_CREATED_NOTE;
	}
	return NULL;
}

static void diff_one_sided(struct diff *d, const struct conf_option *o, const struct diff_entry *e, const char *path, bool added)
{
	struct diff_text t = {.n = 0};

	diff_describe(&t, o->sub, e->base);
	diff_tell(d, CONF_PATH("%s[%.100s]", path, e->name), added ? NULL : t.text, added ? t.text : NULL,
	        added ? diff_added_note(o->sub, e->base) : NULL);
}

/* Where the order counts (routes, topics), entries that changed places are a difference too. */
static void diff_order(struct diff *d, const uint32_t *places, uint32_t n, const char *path)
{
	uint32_t last = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (places[i] == 0)
			continue;
		if (places[i] < last) {
			diff_tell(d, path, "in another order", "as the file has them", NULL);
			return;
		}
		last = places[i];
	}
}

static void diff_list(struct diff *d, const struct conf_option *o, const void *now, const void *next, const char *path)
{
	uint32_t n_now = diff_count(now, o), n_next = diff_count(next, o), i = 0, k = 0;
	struct diff_entry *a = diff_entries(d, now, o), *b = diff_entries(d, next, o);
	uint32_t *places = calloc(n_now + 1, sizeof(*places)); /* in next, from 1, by the place in now */

	d->no_memory |= places == NULL;
	while (a && b && places && (i < n_now || k < n_next)) {
		int order = i == n_now ? 1 : k == n_next ? -1 : strcmp(a[i].name, b[k].name);

		if (order == 0) {
			places[a[i].place] = b[k].place + 1;
			diff_section(d, o->sub, a[i].base, b[k].base, CONF_PATH("%s[%.100s].", path, a[i].name));
			i++;
			k++;
		} else if (order < 0) {
			diff_one_sided(d, o, &a[i++], path, false);
		} else {
			diff_one_sided(d, o, &b[k++], path, true);
		}
	}
	if (places && (strcmp(o->key, "routes") == 0 || strcmp(o->key, "topics") == 0))
		diff_order(d, places, n_now, path);
	free(places);
	free(a);
	free(b);
}

/* ---- long lists of texts ------------------------------------------------------------------------------------------------------- */
static int diff_compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* In place of a list that is too long to be shown: how many there are, and which of them the other one has not. */
static void diff_add_own(
        struct diff *d, struct diff_text *t, const struct conf_option *o, const void *base, const void *other, const char *what)
{
	const char *const *items = diff_items(base, o);
	uint32_t n = diff_count(base, o), n_other = diff_count(other, o), own = 0;
	const char **sorted = calloc((size_t)n_other + 1, sizeof(*sorted));

	d->no_memory |= sorted == NULL;
	if (sorted && n_other)
		memcpy(sorted, diff_items(other, o), n_other * sizeof(*sorted));
	if (sorted)
		qsort(sorted, n_other, sizeof(*sorted), diff_compare_texts);
	*t = (struct diff_text){.n = 0};
	diff_add(t, "%u entries", n);
	for (uint32_t i = 0; sorted && i < n; i++) {
		if (bsearch(&items[i], sorted, n_other, sizeof(*sorted), diff_compare_texts))
			continue;
		diff_add(t, "%s", own++ ? ", " : what);
		diff_add_property(t, o, items[i]);
	}
	free(sorted);
}

static bool diff_is_cut(const struct diff_text *t)
{
	return t->n == sizeof(t->text) - 1;
}

static void diff_value(struct diff *d, const struct conf_option *o, const void *now, const void *next, const char *path)
{
	struct diff_text before = {.n = 0}, after = {.n = 0};

	diff_add_value(&before, now, o);
	diff_add_value(&after, next, o);
	if (o->type == CONF_TYPE_STRS && (diff_is_cut(&before) || diff_is_cut(&after))) {
		diff_add_own(d, &before, o, now, next, ", left out: ");
		diff_add_own(d, &after, o, next, now, ", new: ");
	}
	diff_tell(d, path, before.text, after.text, DIFF_IS_ONE_OF(o->key, diff_created) ? DIFF_CREATED_NOTE : NULL);
}

static void diff_option(struct diff *d, const struct conf_option *o, const void *now, const void *next, const char *path)
{

	if (o->type == CONF_TYPE_LIST) {
		diff_list(d, o, now, next, path);
	} else if (o->type == CONF_TYPE_SECTION) {
		diff_section(
		        d, o->sub, (const uint8_t *)now + o->offset, (const uint8_t *)next + o->offset, CONF_PATH("%s.", path));
	} else if (!diff_same_value(now, next, o)) {
		diff_value(d, o, now, next, path);
	}
}

static void diff_section(struct diff *d, const struct conf_section *section, const void *now, const void *next, const char *path)
{
	for (unsigned int i = 0; i < section->count; i++) {
		const struct conf_option *o = &section->options[i];

		if (section == conf_root)
			d->restart = !DIFF_IS_ONE_OF(o->key, diff_swappable);
		diff_option(d, o, now, next, CONF_PATH("%s%s", path, o->key));
	}
}

int tp_conf_diff(const struct tp_conf *now, const struct tp_conf *next, tp_conf_change_fn each, void *ctx)
{
	struct diff d = {.each = each, .ctx = ctx};

	diff_section(&d, conf_root, ((struct conf_owned *)now->owned)->raw, ((struct conf_owned *)next->owned)->raw, "");
	return d.no_memory ? -ENOMEM : d.n;
}
