/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_COMMAND_LINE_H
#define TP_COMMAND_LINE_H
#include <stdbool.h>

/* What the command line says. Texts belong to argv. */
struct tp_command_line {
	const char *config;
	const char *replay; /* NULL: take packets from the configured ports */
	const char *sink;   /* NULL: as configured */
	const char *books;  /* NULL: none */
	bool check;
};

/* Reads it. Returns -1 where the daemon is to run, or the exit status: help, version and options were printed, or a mistake told. */
int tp_command_line_read(struct tp_command_line *cl, int argc, char **argv);

#endif
