/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any octets as a line of the control socket. What is taken must be what the tables allow, whatever stood in the line; what is not must be answered
 * with a word and a sentence.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void control_fuzz_value(const struct tp_argument *a, const json_t *value)
{
	json_int_t n = json_integer_value(value);
	size_t length = json_string_length(value);
	bool sound = false;

	switch (a->type) {
	case TP_ARGUMENT_NUMBER:
		sound = json_is_integer(value) && n >= a->min && n <= a->max;
		break;
	case TP_ARGUMENT_FLAG:
		sound = json_is_boolean(value);
		break;
	case TP_ARGUMENT_CHOICE:
		sound = json_is_string(value) && tp_argument_is_choice(a, json_string_value(value));
		break;
	default:
		sound = json_is_string(value) && length >= (size_t)a->min && length <= (size_t)a->max &&
		        strlen(json_string_value(value)) == length;
	}
	if (!sound)
		abort();
}

static void control_fuzz_taken(const struct api_read *read)
{
	const char *name;
	json_t *value;

	json_object_foreach(read->args, name, value)
	{
		const struct tp_argument *a = tp_command_argument(read->command, name);

		if (!a)
			abort();
		control_fuzz_value(a, value);
	}
	for (unsigned int i = 0; i < read->command->n_arguments; i++)
		if (read->command->arguments[i].place == TP_PLACE_WORD &&
		        !json_object_get(read->args, read->command->arguments[i].name))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = malloc(size ? size : 1); /* exactly so long, so that a read behind it is seen */
	struct api_error error;
	struct api_read read;
	int ret;

	if (!line)
		abort();
	memcpy(line, data, size);
	ret = api_read(line, size, &read, &error);
	if (ret == 0)
		control_fuzz_taken(&read);
	else if (error.message[0] == '\0' || error.code >= API_ERROR_COUNT || strlen(error.message) > 512)
		abort();
	if (read.id && !json_is_integer(read.id) && (!json_is_string(read.id) || json_string_length(read.id) > 64))
		abort();
	api_read_release(&read);
	free(line);
	return 0;
}
