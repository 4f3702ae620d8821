/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a line to a request whose command exists and whose arguments are what the tables of tp_commands.h say. Pure: octets in, so a fuzzer can drive it.
 * A message names what was found, cut to what a terminal can show, and what was expected.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "tp_suggest.h"

#define READ_FOUND   64 /* octets of a wrong value that a message shows */
#define READ_ID_TEXT 64 /* of an id */

/* Time between two signs of life. */
#define READ_ALIVE_MIN_MS 100
#define READ_ALIVE_MAX_MS 3600000

#define READ_ERROR_WORD(id, word, help) [API_##id] = word,
const char *const api_error_words[API_ERROR_COUNT] = {API_ERRORS(READ_ERROR_WORD)};

void api_error_set(struct api_error *error, enum api_error_code code, const char *fmt, ...)
{
	va_list args;

	error->code = code;
	error->suggest[0] = '\0';
	va_start(args, fmt);
	vsnprintf(error->message, sizeof(error->message), fmt, args);
	va_end(args);
}

static int read_fail(struct api_error *error, enum api_error_code code, const char *suggest)
{
	error->code = code;
	if (suggest)
		snprintf(error->suggest, sizeof(error->suggest), "did you mean '%s'?", suggest);
	return -EINVAL;
}

/* A value in a few characters for a message; text: READ_FOUND + 8 octets. */
static const char *read_found(const json_t *value, char *text)
{
	char *dump = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(6));

	snprintf(text, READ_FOUND + 8, "%.*s%s", READ_FOUND, dump ? dump : "?", dump && strlen(dump) > READ_FOUND ? "..." : "");
	free(dump);
	return text;
}
#define READ_FOUND_TEXT(value) read_found(value, (char[READ_FOUND + 8]){0})

/* ---- arguments --------------------------------------------------------------------------------------------------------------------- */
static int read_text(const struct tp_argument *a, const json_t *value, struct api_error *error)
{
	size_t n = json_string_length(value);

	if (json_is_string(value) && n >= (size_t)a->min && n <= (size_t)a->max)
		return 0;
	api_error_set(error, API_INVALID, "%s: found %s, expected a text of %" PRId64 " to %" PRId64 " octets", a->name,
	        READ_FOUND_TEXT(value), a->min, a->max);
	return -EINVAL;
}

static int read_number(const struct tp_argument *a, const json_t *value, struct api_error *error)
{
	json_int_t n = json_integer_value(value);

	if (json_is_integer(value) && n >= a->min && n <= a->max)
		return 0;
	api_error_set(error, API_INVALID, "%s: found %s, expected a whole number from %" PRId64 " to %" PRId64, a->name,
	        READ_FOUND_TEXT(value), a->min, a->max);
	return -EINVAL;
}

static int read_flag(const struct tp_argument *a, const json_t *value, struct api_error *error)
{
	if (json_is_boolean(value))
		return 0;
	api_error_set(error, API_INVALID, "%s: found %s, expected true or false", a->name, READ_FOUND_TEXT(value));
	return -EINVAL;
}

static int read_choice(const struct tp_argument *a, const json_t *value, struct api_error *error)
{
	if (json_is_string(value) && tp_argument_is_choice(a, json_string_value(value)))
		return 0;
	api_error_set(error, API_INVALID, "%s: found %s, expected one of %s", a->name, READ_FOUND_TEXT(value), a->text);
	return -EINVAL;
}

static int read_value(const struct tp_argument *a, const json_t *value, struct api_error *error)
{
	switch (a->type) {
	case TP_ARGUMENT_NUMBER:
		return read_number(a, value, error);
	case TP_ARGUMENT_FLAG:
		return read_flag(a, value, error);
	case TP_ARGUMENT_CHOICE:
		return read_choice(a, value, error);
	default:
		return read_text(a, value, error);
	}
}

/* The default as a value, or NULL where there is none. */
static json_t *read_default(const struct tp_argument *a)
{
	if (a->type == TP_ARGUMENT_FLAG)
		return json_false();
	if (!a->text)
		return NULL;
	if (a->type == TP_ARGUMENT_NUMBER)
		return json_integer(strtoll(a->text, NULL, 10));
	return json_stringn(a->text, a->type == TP_ARGUMENT_CHOICE ? strcspn(a->text, "|") : strlen(a->text));
}

static int read_missing(json_t *args, const struct tp_argument *a, struct api_error *error)
{
	if (a->place == TP_PLACE_WORD) {
		api_error_set(error, API_INVALID, "%s is missing: %s", a->name, a->help);
		return -EINVAL;
	}
	json_object_set_new(args, a->name, read_default(a)); /* fails where there is none, and that is as well */
	return 0;
}

static int read_unknown_argument(const struct tp_command *command, const char *name, struct api_error *error)
{
	struct tp_suggestion near = tp_suggest_for(name);
	json_t *found = json_string(name);

	for (unsigned int i = 0; i < command->n_arguments; i++)
		tp_suggest_try(&near, command->arguments[i].name);
	api_error_set(error, API_UNKNOWN, "%s has no argument %s", command->words, READ_FOUND_TEXT(found));
	json_decref(found);
	return read_fail(error, API_UNKNOWN, near.best);
}

static int read_arguments(struct api_read *read, json_t *given, struct api_error *error)
{
	const struct tp_command *command = read->command;
	const char *name;
	json_t *value;
	int ret = 0;

	if (given && !json_is_object(given)) {
		api_error_set(error, API_MALFORMED, "args: found %s, expected an object", READ_FOUND_TEXT(given));
		return -EINVAL;
	}
	json_object_foreach(given, name, value)
	{
		const struct tp_argument *a = tp_command_argument(command, name);

		ret = a ? read_value(a, value, error) : read_unknown_argument(command, name, error);
		if (ret)
			return ret;
		json_object_set(read->args, name, value);
	}
	for (unsigned int i = 0; ret == 0 && i < command->n_arguments; i++)
		if (!json_object_get(read->args, command->arguments[i].name))
			ret = read_missing(read->args, &command->arguments[i], error);
	return ret;
}

/* ---- the request ------------------------------------------------------------------------------------------------------------------- */
static int read_command(struct api_read *read, const json_t *command, struct api_error *error)
{
	const char *near = NULL;

	if (!json_is_string(command)) {
		api_error_set(
		        error, API_MALFORMED, "command: found %s, expected a text", command ? READ_FOUND_TEXT(command) : "nothing");
		return -EINVAL;
	}
	read->command = tp_command_find(json_string_value(command), &near);
	if (read->command)
		return 0;
	api_error_set(error, API_UNKNOWN, "found %s, expected a command", READ_FOUND_TEXT(command));
	return read_fail(error, API_UNKNOWN, near);
}

static int read_id(struct api_read *read, json_t *id, struct api_error *error)
{
	if (!id || json_is_null(id))
		return 0;
	if (json_is_integer(id) || (json_is_string(id) && json_string_length(id) <= READ_ID_TEXT)) {
		read->id = json_incref(id);
		return 0;
	}
	api_error_set(error, API_MALFORMED, "id: found %s, expected a whole number or a text of at most %d octets",
	        READ_FOUND_TEXT(id), READ_ID_TEXT);
	return -EINVAL;
}

static int read_alive(struct api_read *read, const json_t *alive, struct api_error *error)
{
	json_int_t ms = json_integer_value(alive);

	if (!alive)
		return 0;
	if (!json_is_integer(alive) || ms < READ_ALIVE_MIN_MS || ms > READ_ALIVE_MAX_MS) {
		api_error_set(error, API_MALFORMED, "alive_ms: found %s, expected a whole number from %d to %d",
		        READ_FOUND_TEXT(alive), READ_ALIVE_MIN_MS, READ_ALIVE_MAX_MS);
		return -EINVAL;
	}
	read->alive_ms = (unsigned int)ms;
	return 0;
}

static int read_members(json_t *request, struct api_error *error)
{
	static const char *const known[] = {"id", "command", "args", "show", "alive_ms"};
	struct tp_suggestion near;
	const char *name;
	json_t *value;

	json_object_foreach(request, name, value)
	{
		bool found = false;

		near = tp_suggest_for(name);
		for (unsigned int i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
			found = found || strcmp(name, known[i]) == 0;
			tp_suggest_try(&near, known[i]);
		}
		if (!found) {
			json_t *text = json_string(name);

			api_error_set(error, API_MALFORMED, "found %s, expected id, command, args, show or alive_ms",
			        READ_FOUND_TEXT(text));
			json_decref(text);
			return read_fail(error, API_MALFORMED, near.best);
		}
	}
	return 0;
}

int api_read(const char *line, size_t n, struct api_read *read, struct api_error *error)
{
	json_error_t wrong;
	json_t *request = json_loadb(line, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &wrong);
	int ret = -EINVAL;

	*read = (struct api_read){.args = json_object()};
	*error = (struct api_error){.code = API_MALFORMED};
	if (!request) {
		api_error_set(error, API_MALFORMED, "expected a line of JSON; column %d: %s", wrong.column, wrong.text);
		return ret;
	}
	if (json_is_object(request)) {
		ret = read_id(read, json_object_get(request, "id"), error);
		if (ret == 0)
			ret = read_members(request, error);
		if (ret == 0)
			ret = read_alive(read, json_object_get(request, "alive_ms"), error);
		if (ret == 0)
			ret = read_command(read, json_object_get(request, "command"), error);
		if (ret == 0)
			ret = read_arguments(read, json_object_get(request, "args"), error);
		read->show = json_is_true(json_object_get(request, "show"));
	} else {
		api_error_set(error, API_MALFORMED, "found %s, expected an object", READ_FOUND_TEXT(request));
	}
	json_decref(request);
	return ret;
}

void api_read_release(struct api_read *read)
{
	json_decref(read->id);
	json_decref(read->args);
	*read = (struct api_read){.command = NULL};
}

/* ---- arguments of a request -------------------------------------------------------------------------------------------------------- */
const char *api_arg_text(const json_t *args, const char *name)
{
	return json_string_value(json_object_get(args, name));
}

int64_t api_arg_number(const json_t *args, const char *name)
{
	return json_integer_value(json_object_get(args, name));
}

bool api_arg_flag(const json_t *args, const char *name)
{
	return json_is_true(json_object_get(args, name));
}

const char *api_text(const struct api_request *r, const char *name)
{
	return api_arg_text(r->args, name);
}

int64_t api_number(const struct api_request *r, const char *name)
{
	return api_arg_number(r->args, name);
}

bool api_flag(const struct api_request *r, const char *name)
{
	return api_arg_flag(r->args, name);
}
