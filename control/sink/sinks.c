/* SPDX-License-Identifier: BSD-3-Clause */
/* The list of sinks. To add one: its file, its struct tp_sink_ops declared and listed here. */
#include <string.h>

#include "sink.h"

const struct tp_sink_ops *const tp_sinks[] = {&tp_sink_kafka, &tp_sink_file, &tp_sink_null, NULL};

#define SINKS_FAILURE_NAME(name, help) #name,
const char *const tp_failure_names[TP_FAILURE_COUNT] = {TP_FAILURES(SINKS_FAILURE_NAME)};

#define SINKS_FAILURE_HELP(name, help) help,
const char *const tp_failure_helps[TP_FAILURE_COUNT] = {TP_FAILURES(SINKS_FAILURE_HELP)};

const struct tp_sink_ops *tp_sink_by_name(const char *name)
{
	for (unsigned int i = 0; tp_sinks[i]; i++)
		if (strcmp(tp_sinks[i]->name, name) == 0)
			return tp_sinks[i];
	return NULL;
}
