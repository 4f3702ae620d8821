/* SPDX-License-Identifier: BSD-3-Clause */
#include "uper_walk.h"

static void walk_number(struct uper *u, const struct uper_type *t)
{
	if (!t->ext)
		uper_int(u, t->bits, 0, t->max);
	else if (t->unit) /* an enumeration: an added value is a normally small number */
		uper_enum_ext(u, t->bits, t->max, 0);
	else if (uper_bool(u)) /* a number outside its root: octets behind their count */
		uper_skip(u, 8 * uper_length(u));
	else
		uper_int(u, t->bits, 0, t->max);
}

static void walk_list(struct uper *u, const struct uper_type *t)
{
	uint32_t count;

	if (t->ext && uper_bool(u))
		count = uper_length(u);
	else
		count = (uint32_t)uper_int(u, t->bits, t->low, t->max);
	while (count-- && !u->error)
		uper_walk(u, t->item);
}

static void walk_record(struct uper *u, const struct uper_type *t)
{
	bool extended = t->ext && uper_bool(u);
	uint64_t present = 0;

	for (unsigned int i = 0; i < t->count; i++)
		present |= (uint64_t)(!t->members[i].optional || uper_bool(u)) << i;
	for (unsigned int i = 0; i < t->count && !u->error; i++)
		if (present >> i & 1)
			uper_walk(u, t->members[i].type);
	if (extended)
		uper_skip_extensions(u);
}

static void walk_choice(struct uper *u, const struct uper_type *t)
{
	uint32_t index;

	if (t->ext && uper_bool(u)) {
		uper_skip(u, uper_bool(u) ? 8 * uper_length(u) : 6);
		uper_leave(u, uper_enter(u));
		return;
	}
	index = (uint32_t)uper_int(u, t->bits, 0, t->max);
	if (!u->error)
		uper_walk(u, t->members[index].type);
}

void uper_walk(struct uper *u, const struct uper_type *t)
{
	switch (t->op) {
	case UPER_FIXED:
		uper_skip(u, t->bits);
		break;
	case UPER_NUMBER:
		walk_number(u, t);
		break;
	case UPER_FLAGS:
		uper_flags_ext(u, t->bits);
		break;
	case UPER_STRING:
		uper_skip(u, t->unit * (uint32_t)uper_int(u, t->bits, t->low, t->max));
		break;
	case UPER_OID:
		uper_skip(u, 8 * uper_length(u));
		break;
	case UPER_OPEN:
		uper_leave(u, uper_enter(u));
		break;
	case UPER_LIST:
		walk_list(u, t);
		break;
	case UPER_RECORD:
		walk_record(u, t);
		break;
	case UPER_CHOICE:
		walk_choice(u, t);
		break;
	}
}
