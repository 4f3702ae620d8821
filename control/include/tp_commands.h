/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_COMMANDS_H
#define TP_COMMANDS_H
/*
 * The commands of the control socket: the only place where a command or an argument is named. The server's checks, turnpikectl's command line and
 * help, its completion for bash and its manual page come from these tables.
 *
 * A command is X(id, "words", permission, "help"): `words` is what one types and what stands in a request, and control/api/<id>.c answers it in
 * api_<id>(). Permission READ: looks, on the admin thread. CHANGE: changes something, on the control thread, and is written to the audit log.
 *
 * Its arguments are TP_ARGUMENTS_<id>(A), a row each: A(name, place, type, min, max, default, "help")
 *   place   WORD      stands behind the command and must be there
 *           MAYBE     stands behind the command and may be left out
 *           OPTION    --name VALUE; a FLAG is just --name
 *   type    TEXT      min and max are its length in octets;   PATH  the same, and turnpikectl makes it absolute
 *           OUTPUT    a TEXT, the file that turnpikectl writes; - is its standard output
 *           WORDS     a text of all that is left on the command line; the last one behind the command
 *           NUMBER    whole, from min to max
 *           FLAG      true or false
 *           CHOICE    one of the words in `default`, parted by |; the first one is the default
 *   default a text as one would type it, or NULL: the argument is then missing for the command
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* clang-format off */
#define TP_COMMANDS(X) \
	X(status, "status", READ, "What runs, since when, and whether it is well") \
	X(guard, "guard", READ, "Rules and rates of the guard, and the packets they were asked about") \
	X(guard_deny, "guard deny", CHANGE, "Drop packets of these sources, until the next start; at once and without a gap") \
	X(guard_allow, "guard allow", CHANGE, "Let these sources through although a shorter prefix is denied, until the next start") \
	X(guard_remove, "guard remove", CHANGE, "Take back a rule that was made by deny or allow") \
	X(books, "books", READ, "The books: what came in and what became of it, in total and of the busiest devices") \
	X(stats, "stats", READ, "Counters by name, in total or of one device") \
	X(top, "top", READ, "What moves now: rates, workers, ports, sink and the devices that send most, until it is ended") \
	X(workers, "workers", READ, "Workers: how busy they are, and the cycles that each node of the graph takes") \
	X(ports, "ports", READ, "Ports: link, addresses, queues, packets") \
	X(listeners, "listeners", READ, "Listeners: where they listen, what they take and where it goes") \
	X(devices, "devices", READ, "Devices: rates, counters, what was refused, when each was heard, its gaps and its clock") \
	X(lists, "lists", READ, "Plate lists and how many entries they have") \
	X(rules, "rules", READ, "Alert rules and what they look at") \
	X(log, "log", READ, "The last lines that turnpiked said") \
	X(connections, "connections", READ, "MQTT connections: whose they are, what they wait for, since when") \
	X(capture, "capture", READ, "What is dropped, refused or malformed, as pcapng with the reason as comment") \
	X(trace, "trace", READ, "Where is my packet: the next packets that match, step by step to their end in Kafka") \
	X(reload, "reload", CHANGE, "Puts the configuration in force as it and the files it names are now: certificates, users, tokens; open connections stay") \
	X(config_check, "config check", CHANGE, "Says what is wrong with a configuration, or that nothing is, and what it would change; nothing is changed") \
	X(config_diff, "config diff", CHANGE, "Differences of a configuration to the one in force, and what of them needs a restart; nothing is changed") \
	X(config_apply, "config apply", CHANGE, "Puts a configuration in force under traffic, all of it or nothing, and says what changed") \
	X(config_rollback, "config rollback", CHANGE, "Puts the configuration that was in force before in force again") \
	/* the end: every line before it has a backslash, so that two additions meet without a conflict */

#define TP_ARGUMENTS_status(A)
#define TP_ARGUMENTS_books(A) \
	A(device, OPTION, TEXT, 1, 255, NULL, "Only devices whose name contains this") \
	A(limit, OPTION, NUMBER, 0, 1000, "20", "Devices shown at most, the busiest first")
#define TP_ARGUMENTS_stats(A) \
	A(device, OPTION, TEXT, 1, 255, NULL, "Counters of this device in place of the total; nobody: of what reached no listener") \
	A(all, OPTION, FLAG, 0, 0, NULL, "Counters that are 0 too")
#define TP_ARGUMENTS_top(A) \
	A(interval, OPTION, NUMBER, 1, 60, "1", "Seconds between two looks") \
	A(count, OPTION, NUMBER, 0, 1000000, "0", "Looks; 0: until it is ended") \
	A(devices, OPTION, NUMBER, 0, 100, "10", "Devices shown at most")
#define TP_ARGUMENTS_workers(A)
#define TP_ARGUMENTS_ports(A) \
	A(port, OPTION, TEXT, 1, 32, NULL, "Only the port of this name") \
	A(xstats, OPTION, FLAG, 0, 0, NULL, "The driver's own counters that are not 0")
#define TP_ARGUMENTS_listeners(A)
#define TP_ARGUMENTS_devices(A) \
	A(device, OPTION, TEXT, 1, 255, NULL, "Only devices whose name contains this") \
	A(by, OPTION, CHOICE, 0, 0, "rate|received|name", "Order") \
	A(silent, OPTION, FLAG, 0, 0, NULL, "Those that are silent longest first, in place of that order; those that were never heard last") \
	A(limit, OPTION, NUMBER, 1, 1000, "20", "Devices shown at most") \
	A(skip, OPTION, NUMBER, 0, 65535, "0", "Devices of that order left out at the beginning")
#define TP_ARGUMENTS_lists(A)
#define TP_ARGUMENTS_rules(A) \
	A(match, MAYBE, TEXT, 1, 255, NULL, "Only rules whose name contains this") \
	A(limit, OPTION, NUMBER, 1, 10000, "100", "Rules shown at most")
#define TP_ARGUMENTS_log(A) \
	A(lines, OPTION, NUMBER, 0, 1024, "20", "Lines from before") \
	A(follow, OPTION, FLAG, 0, 0, NULL, "Go on with what is said from now on")
#define TP_ARGUMENTS_connections(A) \
	A(device, OPTION, TEXT, 1, 255, NULL, "Only of devices whose name contains this") \
	A(client, OPTION, TEXT, 1, 255, NULL, "Only those whose client identifier contains this") \
	A(address, OPTION, TEXT, 1, 64, NULL, "Only from this address or prefix") \
	A(limit, OPTION, NUMBER, 1, 1000, "100", "Connections shown at most")
#define TP_ARGUMENTS_capture(A) \
	A(file, WORD, OUTPUT, 1, 4095, NULL, "The file to write, anew; -: the standard output") \
	A(reason, OPTION, TEXT, 1, 4095, NULL, "Only these reasons: names of counters, parted by commas") \
	A(count, OPTION, NUMBER, 1, 1000000, "1000", "Ends after so many packets") \
	A(seconds, OPTION, NUMBER, 1, 86400, "60", "Ends after this time, whatever was captured; Ctrl-C ends it sooner, with the summary") \
	A(snap, OPTION, NUMBER, 64, 16384, "2048", "Octets of a packet that are kept at most; of what an XDP program drops, 256 are")
#define TP_ARGUMENTS_reload(A)
#define TP_ARGUMENTS_trace(A) \
	A(count, OPTION, NUMBER, 1, 1000, "1", "Packets to trace") \
	A(seconds, OPTION, NUMBER, 1, 3600, "60", "Ends after this time, whatever was traced; Ctrl-C ends it sooner, with the summary") \
	A(source, OPTION, TEXT, 1, 64, NULL, "Only packets from this address or prefix") \
	A(port, OPTION, NUMBER, 1, 65535, NULL, "Only packets to this port, UDP or TCP") \
	A(listener, OPTION, TEXT, 1, 127, NULL, "Only datagrams and MQTT messages of this listener") \
	A(device, OPTION, TEXT, 1, 127, NULL, "Only datagrams and MQTT messages of this device") \
	A(topic, OPTION, TEXT, 1, 127, NULL, "Only MQTT messages whose topic fits this filter")
#define TP_ARGUMENTS_guard(A) \
	A(limit, OPTION, NUMBER, 0, 8192, "100", "Rules shown at most")
#define TP_ARGUMENTS_guard_deny(A) A(prefix, WORD, TEXT, 2, 49, NULL, "IPv4 or IPv6 address or prefix")
#define TP_ARGUMENTS_guard_allow(A) A(prefix, WORD, TEXT, 2, 49, NULL, "IPv4 or IPv6 address or prefix")
#define TP_ARGUMENTS_guard_remove(A) A(prefix, WORD, TEXT, 2, 49, NULL, "IPv4 or IPv6 address or prefix")
#define TP_ARGUMENTS_config_check(A) A(file, WORD, PATH, 1, 4095, NULL, "The file; turnpiked reads it, and you must be allowed to as well")
#define TP_ARGUMENTS_config_diff(A) A(file, MAYBE, PATH, 1, 4095, NULL, "The file, read as by check; left out: the file in force as it is now")
#define TP_ARGUMENTS_config_apply(A) A(file, MAYBE, PATH, 1, 4095, NULL, "The file, read as by check; left out: the file in force as it is now")
#define TP_ARGUMENTS_config_rollback(A)
/* clang-format on */

enum tp_permission { TP_PERMISSION_READ, TP_PERMISSION_CHANGE };
enum tp_place { TP_PLACE_WORD, TP_PLACE_MAYBE, TP_PLACE_OPTION };
enum tp_argument_type {
	TP_ARGUMENT_TEXT,
	TP_ARGUMENT_PATH,
	TP_ARGUMENT_OUTPUT,
	TP_ARGUMENT_WORDS,
	TP_ARGUMENT_NUMBER,
	TP_ARGUMENT_FLAG,
	TP_ARGUMENT_CHOICE,
};

struct tp_argument {
	const char *name;
	enum tp_place place;
	enum tp_argument_type type;
	int64_t min, max;
	const char *text; /* default, or the choices; NULL: none */
	const char *help;
};

struct tp_command {
	const char *words;
	enum tp_permission permission;
	const char *help;
	const struct tp_argument *arguments;
	unsigned int n_arguments;
};

#define TP_COMMAND_ENUM(id, words, permission, help) TP_COMMAND_##id,
enum tp_command_id { TP_COMMANDS(TP_COMMAND_ENUM) TP_COMMAND_COUNT };

/* Indexed by enum tp_command_id. */
extern const struct tp_command tp_commands[TP_COMMAND_COUNT];

/* The command of these words, or NULL; then *suggest is the nearest one or NULL. Pure. */
const struct tp_command *tp_command_find(const char *words, const char **suggest);
/* The argument of that name, or NULL. Pure. */
const struct tp_argument *tp_command_argument(const struct tp_command *command, const char *name);
/* Whether the word is one of the choices of a CHOICE. Pure. */
bool tp_argument_is_choice(const struct tp_argument *argument, const char *word);

/* ---- the control socket ------------------------------------------------------------------------------------------------------------ */
#define TP_CONTROL_FOLDER "/run/turnpike"
#define TP_CONTROL_SOCKET TP_CONTROL_FOLDER "/%s.sock" /* of the appliance's name, where the configuration says nothing */
#define TP_CONTROL_LINE   65536                        /* octets of a request, its newline included */

/*
 * How a column is shown to people; the data itself is plain numbers. X(id, word in an answer)
 * COUNT: a number. RATE: a number a second. OCTETS. SHARE: 0 to 1, shown in percent. SECONDS: a duration. TIME: us since 1970 UTC.
 */
#define TP_UNITS(X)                                                                                                                \
	X(TEXT, "text")                                                                                                            \
	X(COUNT, "count") X(RATE, "rate") X(OCTETS, "octets") X(SHARE, "share") X(SECONDS, "seconds") X(TIME, "time")
#define TP_UNIT_ENUM(id, word) TP_UNIT_##id,
enum tp_unit { TP_UNITS(TP_UNIT_ENUM) TP_UNIT_UNITS };
extern const char *const tp_unit_words[TP_UNIT_UNITS];

#endif
