/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_API_H
#define TP_API_H
/*
 * What a command sees of the control socket. A line in:
 *
 *   {"id": 1, "command": "books", "args": {"limit": 5}, "show": true}
 *
 * One or more lines back, each with the id of the request:
 *
 *   {"id": 1, "ok": true, "data": {...}, "show": [...]}           the answer; "show" where it was asked for: how to present it to people
 *   {"id": 1, "more": {...}}                                      a part of a stream; what ends it has "ok". With "stops": true, a client that
 *                                                                 shuts its side of the connection down is sent the rest, the summary and "ok"
 *   {"id": 1, "ok": false, "error": {"code", "message", "suggest", "details"}}
 *
 * A command is void api_<id>(struct api_request *r) in a file of its own; it is called on the admin thread with the arguments checked and the
 * defaults in place, and answers with api_answer(), api_fail(), api_change() (control does it), or api_stream(). Whatever it does in one call
 * must be bounded: the loop serves everybody.
 *
 * Everything here belongs to the admin thread, but for what says otherwise.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tp_admin.h"
#include "tp_commands.h"
#include "tp_log.h"
#include "tp_view.h"

struct api_client;

/* Errors have a word for programs. X(id, word, what it means) */
#define API_ERRORS(X)                                                                                                              \
	X(MALFORMED, "malformed", "the line is no request")                                                                        \
	X(UNKNOWN, "unknown", "there is no such command, argument or thing")                                                       \
	X(INVALID, "invalid", "an argument is missing or wrong")                                                                   \
	X(BUSY, "busy", "a limit is reached: try again later")                                                                     \
	X(DENIED, "denied", "not permitted")                                                                                       \
	X(FAILED, "failed", "it was tried and did not work")                                                                       \
	X(STOPPING, "stopping", "turnpiked is stopping")
#define API_ERROR_ENUM(id, word, help) API_##id,
enum api_error_code { API_ERRORS(API_ERROR_ENUM) API_ERROR_COUNT };
extern const char *const api_error_words[API_ERROR_COUNT];

struct api_error {
	enum api_error_code code;
	char message[1024];
	char suggest[256]; /* empty: nothing */
};
/* What was found, what was expected. */
void api_error_set(struct api_error *error, enum api_error_code code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* ---- read.c: a line becomes a request; pure ----------------------------------------------------------------------------------- */
struct api_read {
	json_t *id; /* integer or text; NULL: none, or none that can be given back */
	const struct tp_command *command;
	json_t *args; /* object: every argument that was given or has a default */
	bool show;
	unsigned int alive_ms; /* a sign of life so often while it lasts; 0: none is wanted */
};
/* 0; or -EINVAL with the error, id where there was one. What is in `read` is the caller's to release, in both cases. */
int api_read(const char *line, size_t n, struct api_read *read, struct api_error *error);
void api_read_release(struct api_read *read);

/* ---- a request ------------------------------------------------------------------------------------------------------------------ */
struct api_request;

/* What a stream does next: sends more later; ends well; fails with the error. */
enum api_stream_next { API_STREAM_GOES_ON, API_STREAM_END, API_STREAM_FAILED };
typedef enum api_stream_next api_tick(struct api_request *r, struct api_error *error);

struct api_request {
	const struct tp_command *command;
	json_t *args;
	bool show;
	/* The command's own, and what frees it when the request ends for whatever reason. */
	void *state;
	void (*end)(struct api_request *r);
	/* Of a stream that has something to say at its end, else NULL: its client wants no more, so a tick from now on, within bounds, is the last one. */
	void (*stop)(struct api_request *r);
	/* of the server */
	struct api_client *client;
	json_t *id;
	struct event *timer;
	api_tick *tick;
	unsigned int alive_ms;
	struct event *alive;
	struct api_change *change;
	struct api_request *next;
};

/* The view: it is held while a command or a tick runs. */
const struct tp_view *api_view(void);

/* Arguments by name. NULL, 0, false: not there. Texts live as long as the request. */
const char *api_text(const struct api_request *r, const char *name);
int64_t api_number(const struct api_request *r, const char *name);
bool api_flag(const struct api_request *r, const char *name);

/* Each of these three ends the request; r is gone then. data, show: references are taken over; show may be NULL. */
void api_answer(struct api_request *r, json_t *data, json_t *show);
void api_fail(struct api_request *r, const struct api_error *error);
void api_failf(struct api_request *r, enum api_error_code code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/*
 * A stream: tick is called soon and then every interval_ms, while the view is held; it sends with api_more() and says what comes next. It does not answer.
 */
void api_stream(struct api_request *r, unsigned int interval_ms, api_tick *tick);
/* One line of it. `show` travels with the first one, where the client asked for it: r->show. Left out and counted where the client has not read what is before it. */
void api_more(struct api_request *r, json_t *data, json_t *show);
/* Whether the client has read enough to be sent more: for streams that must not leave anything out, which wait for the next tick. */
bool api_may_send(const struct api_request *r);

/*
 * A change: run() on the control thread with its own reference to the arguments; it fills the outcome, and the request is answered with that and audited,
 * whether the client still waits or not. data NULL: failed, with the error.
 */
struct api_outcome {
	json_t *data, *show;
	struct api_error error;
	json_t *details; /* of the error: an array of texts, a line each; NULL: none */
	bool later;      /* set by run(): the outcome is not known yet; control calls api_known() when it is */
};
struct api_who;
/* For run(): who asked. Valid until the outcome is known. */
const struct api_who *api_asked_by(const struct api_outcome *outcome);
/* Control: an outcome that was to be known later is. */
void api_known(struct api_outcome *outcome);
/* False: no memory for it, r was answered and is gone. */
bool api_change(struct api_request *r, void (*run)(struct tp_daemon *d, const json_t *args, struct api_outcome *outcome));
/* For run(): arguments by name, as above. Any thread. */
const char *api_arg_text(const json_t *args, const char *name);
int64_t api_arg_number(const json_t *args, const char *name);
bool api_arg_flag(const json_t *args, const char *name);

/* ---- show.c: how an answer is presented. Any thread --------------------------------------------------------------------------- */
struct api_column {
	const char *key; /* member of a row */
	const char *title;
	enum tp_unit unit;
};
/*
 * Blocks of `show`, in order. path: where in the data the block's content is, members parted by dots; "" is the data itself.
 *   table   an array of objects, one line each      pairs   an object, one line a member
 *   octets  a text in base64: what it stands for goes to the end of the file that the argument `to` names, - the standard output
 *   lines   an array of texts                       line    an object as one line: what a stream prints into a pipe
 */
json_t *api_show(void);
void api_show_table(json_t *show, const char *path, const char *title, const struct api_column *columns, unsigned int n);
void api_show_pairs(json_t *show, const char *path, const char *title, const struct api_column *columns, unsigned int n);
void api_show_octets(json_t *show, const char *path, const char *to);
void api_show_lines(json_t *show, const char *path, const char *title);
void api_show_line(json_t *show, const char *path, const struct api_column *columns, unsigned int n);
#define API_COLUMNS(columns) columns, sizeof(columns) / sizeof((columns)[0])

/* Text of any octets as JSON: what is not UTF-8 is written as ?. */
json_t *api_json_text(const char *text, size_t n);
json_t *api_json_slice(struct tp_slice text); /* null where it has no octets */
/* Counters are unsigned; JSON numbers here are at most INT64_MAX. */
json_t *api_json_count(uint64_t count);

/* ---- audit.c -------------------------------------------------------------------------------------------------------------------- */
struct api_who {
	int pid;
	unsigned int uid, gid;
};
/* One line to the log, and to the file of control.audit where there is one. error: NULL where it went well. */
void api_audit(const struct api_who *who, const char *command, const json_t *args, const struct api_error *error);
int api_audit_open(const char *path, char *err, size_t err_len);
void api_audit_close(void);

/* ---- the commands --------------------------------------------------------------------------------------------------------------- */
#define API_COMMAND_DECLARE(id, words, permission, help) void api_##id(struct api_request *r);
TP_COMMANDS(API_COMMAND_DECLARE)

#endif
