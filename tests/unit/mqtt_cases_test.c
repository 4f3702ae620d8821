/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The packet-level conformance suite: runs every file of a folder through the gateway; tests/vectors/mqtt/README.md says how a case
 * is written. Each runs in several modes that must make no difference: its lines whole or octet by octet, with one worker or with
 * two.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "mqtt_case_config.h"

#define LINE_ROOM  8192
#define FILES_ROOM 1024

static const struct case_mode modes[] = {{"whole, one worker", 1, false}, {"octet by octet, one worker", 1, true},
        {"whole, two workers", 2, false}, {"octet by octet, two workers", 2, true}};
static const char *folder;

/* ---- what happens --------------------------------------------------------------------------------------------------------- */
static struct case_conn *conn_of(const char *s)
{
	unsigned long i = strtoul(s, NULL, 10);

	if (i == 0 || i >= CASE_CONNS)
		CASE_FAIL("there is no connection %lu", i);
	return &run.conns[i];
}

static void do_open(char *s)
{
	case_open(&run, conn_of(s));
}

static void do_end(char *s)
{
	struct case_conn *c = conn_of(s);

	mqtt_ended(run.gateways[c->worker], c->session, run.now_us);
	case_settle(&run);
}

static void do_gone(char *s)
{
	struct case_conn *c = conn_of(s);
	const char *why = strchr(s, ' ');

	case_gone(&run, c,
	        why && strcmp(why, " reset") == 0       ? MQTT_GONE_RESET
	        : why && strcmp(why, " timed_out") == 0 ? MQTT_GONE_TIMED_OUT
	                                                : MQTT_GONE_CLOSED);
}

static void do_deaf(char *s)
{
	conn_of(s)->deaf = true;
}

static void do_address(char *s)
{
	uint8_t *a = conn_of(s)->address;

	if (sscanf(strchr(s, ' ') ? strchr(s, ' ') : "", " %hhu.%hhu.%hhu.%hhu", &a[0], &a[1], &a[2], &a[3]) != 4)
		CASE_FAIL("no IPv4 address");
}

static void do_certificate(char *s)
{
	struct case_conn *c = conn_of(s);

	snprintf(c->certificate, sizeof(c->certificate), "%s", quoted(&s));
}

static void do_time(char *s)
{
	char *unit;
	unsigned long n = strtoul(s + (*s == '+'), &unit, 10);

	if (strcmp(unit, "s") != 0 && strcmp(unit, "ms") != 0)
		CASE_FAIL("time needs s or ms");
	case_time(&run, (uint64_t)n * (unit[0] == 's' ? 1000000 : 1000));
}

static void do_records(char *s)
{
	run.records = (unsigned int)strtoul(s, NULL, 10);
}

static void do_ack(char *s)
{
	char *end;
	unsigned long i = strtoul(s, &end, 10);
	const char *error;

	if (i == 0 || i > run.n_messages)
		CASE_FAIL("there was no message %lu", i);
	error = case_record_ended(&run, &run.messages[i - 1], strncmp(end, " ok", 3) == 0);
	if (error)
		CASE_FAIL("%s", error);
	case_settle(&run);
}

static void do_room(char *s)
{
	run.no_room = strcmp(s, "no") == 0;
	for (unsigned int w = 0; !run.no_room && w < run.mode.workers; w++)
		mqtt_room(run.gateways[w], run.now_us);
	case_settle(&run);
}

static void do_login(char *s)
{
	run.login = strcmp(s, "later") == 0 ? CASE_LOGIN_LATER : strcmp(s, "busy") == 0 ? CASE_LOGIN_BUSY : CASE_LOGIN_BY_LIST;
}

/* The oldest login that waits. */
static void do_verdict(char *s)
{
	for (unsigned int i = 0; i < CASE_CONNS; i++)
		if (run.logins[i].open) {
			case_verdict(&run, i, strcmp(s, "ok") == 0);
			case_settle(&run);
			return;
		}
	CASE_FAIL("no login waits");
}

static void do_stop(char *s)
{
	(void)s;
	for (unsigned int w = 0; w < run.mode.workers; w++)
		mqtt_stop(run.gateways[w], run.now_us);
	case_settle(&run);
}

static void do_let(char *s)
{
	size_t n = strcspn(s, " ");
	const char *error;

	s[n] = 0;
	error = octets_let(&run.names, s, s + n + 1);
	if (error)
		CASE_FAIL("%s: %s", s, error);
}

/* ---- what is expected ----------------------------------------------------------------------------------------------------- */
static void expect_slice(const char *key, struct tp_slice s, const char *value)
{
	struct octets want;
	const char *error;

	if (strcmp(value, "none") == 0) {
		if (s.p != NULL)
			CASE_FAIL("%s is there: \"%.*s\"", key, (int)s.n, s.p);
		return;
	}
	error = octets_read(&run.names, value, &want);
	if (error) {
		octets_free(&want);
		CASE_FAIL("%s: %s", key, error);
	}
	if (s.p == NULL || s.n != want.n || memcmp(s.p, want.p, s.n) != 0) {
		octets_free(&want);
		CASE_FAIL("%s is \"%.*s\" (%u octets), expected %s", key, s.p ? (int)s.n : 4, s.p ? (const char *)s.p : "none", s.n,
		        value);
	}
	octets_free(&want);
}

static void expect_number(const char *key, int64_t have, const char *value)
{
	if (have != strtoll(value, NULL, 10))
		CASE_FAIL("%s is %lld, expected %s", key, (long long)have, value);
}

/* What a case may ask of a message or an event. */
struct case_slice {
	const char *key;
	struct tp_slice s;
};

struct case_number {
	const char *key;
	int64_t v;
};

static void expect_field(const char *what, const struct case_slice *slices, size_t n_slices, const struct case_number *numbers,
        size_t n_numbers, const char *key, const char *value)
{
	for (size_t i = 0; i < n_slices; i++)
		if (strcmp(slices[i].key, key) == 0) {
			expect_slice(key, slices[i].s, value);
			return;
		}
	for (size_t i = 0; i < n_numbers; i++)
		if (strcmp(numbers[i].key, key) == 0) {
			expect_number(key, numbers[i].v, value);
			return;
		}
	CASE_FAIL("%s has no \"%s\"", what, key);
}

static void expect_of_message(const void *of, const char *key, const char *value)
{
	const struct mqtt_message *m = of;
	const struct case_slice slices[] = {{"topic", m->meta.topic}, {"payload", m->payload}, {"device", m->device},
	        {"site", m->site}, {"lane", m->lane}, {"client_id", m->meta.client_id}, {"properties", m->meta.properties},
	        {"content_type", m->meta.content_type}, {"response_topic", m->meta.response_topic},
	        {"correlation", m->meta.correlation}};
	const struct case_number numbers[] = {{"qos", m->meta.qos}, {"id", m->meta.packet_id}, {"expiry", m->meta.expiry_s},
	        {"text", m->meta.text}, {"listener", m->listener}, {"source", m->source},
	        {"retain", (m->flags & TP_FLAG_RETAINED) != 0}, {"dup", (m->flags & TP_FLAG_DUP) != 0},
	        {"will", (m->flags & TP_FLAG_WILL) != 0}, {"waits", m->waiter != TP_NOBODY_WAITS},
	        {"route", m->route ? m->route - run.routes : -1}};

	expect_field(
	        "a message", slices, sizeof(slices) / sizeof(slices[0]), numbers, sizeof(numbers) / sizeof(numbers[0]), key, value);
}

/* Length of a value: to the next space outside of quotes and brackets. */
static size_t value_length(const char *s)
{
	int depth = 0;
	bool text = false;
	size_t n;

	for (n = 0; s[n] && (s[n] != ' ' || depth || text); n++) {
		text ^= s[n] == '"';
		if (!text)
			depth += (s[n] == '(' || s[n] == '{') - (s[n] == ')' || s[n] == '}');
	}
	return n;
}

static struct case_message *next_message(void)
{
	for (unsigned int i = 0; i < run.n_messages; i++)
		if (!run.messages[i].seen)
			return &run.messages[i];
	return NULL;
}

/* KEY=VALUE ..., each given to expect. */
static void expect_pairs(char *s, void (*expect)(const void *of, const char *key, const char *value), const void *of)
{
	while (*s) {
		char *value = strchr(s, '=');
		size_t n;

		if (value == NULL)
			CASE_FAIL("\"%s\" has no value", s);
		*value++ = 0;
		n = value_length(value);
		n += value[n] ? (size_t)(value[n] = 0, 1) : 0;
		expect(of, s, value);
		s = value + n + strspn(value + n, " ");
	}
}

static void do_message(char *s)
{
	struct case_message *m = next_message();

	if (strcmp(s, "none") == 0) {
		if (m)
			CASE_FAIL("a message was handed over: topic \"%.*s\"", (int)m->m.meta.topic.n, m->m.meta.topic.p);
		return;
	}
	if (m == NULL)
		CASE_FAIL("no message was handed over");
	m->seen = true;
	expect_pairs(s, expect_of_message, &m->m);
}

/* In the order of enum mqtt_gone. */
static const char *const whys[] = {"disconnect", "with_will", "closed", "reset", "timed_out", "keep_alive", "taken_over",
        "protocol_error", "refused", "not_reading", "shutting_down"};
#define WHYS (sizeof(whys) / sizeof(whys[0]))
_Static_assert(WHYS == MQTT_GONE_SHUTTING_DOWN + 1, "each has a name");
static bool whys_met[WHYS]; /* some case expected it, and it came */

static void expect_of_event(const void *of, const char *key, const char *value)
{
	const struct mqtt_event *e = of;
	const struct case_slice slices[] = {{"device", e->device}, {"client_id", e->client_id}, {"user", e->user}};
	const struct case_number numbers[] = {{"level", e->version}, {"clean", e->clean}, {"present", e->session_present},
	        {"keep_alive", e->keep_alive}, {"source", e->source}, {"messages", (int64_t)e->messages}, {"ms", e->connected_ms}};

	expect_field(
	        "an event", slices, sizeof(slices) / sizeof(slices[0]), numbers, sizeof(numbers) / sizeof(numbers[0]), key, value);
}

/* The next word of a line, which is moved behind it. */
static bool word_is(char **s, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(*s, word, n) != 0 || ((*s)[n] && (*s)[n] != ' '))
		return false;
	*s += n + strspn(*s + n, " ");
	return true;
}

static void do_event(char *s)
{
	const struct case_event *e = &run.events[run.events_seen];
	const char *is;

	run.events_told = true;
	if (run.events_seen == run.n_events) {
		if (!word_is(&s, "none"))
			CASE_FAIL("no event");
		return;
	}
	is = e->connected ? "connected" : whys[e->said.why];
	if (word_is(&s, "none"))
		CASE_FAIL("an event: %s", is);
	run.events_seen++;
	if (!word_is(&s, e->connected ? "connected" : "disconnected") || (!e->connected && !word_is(&s, is)))
		CASE_FAIL("the event is %s", is);
	if (!e->connected)
		whys_met[e->said.why] = true;
	expect_pairs(s, expect_of_event, &e->said);
}

static void do_count(char *s)
{
	const char *value = strchr(s, ' ');
	uint64_t sum = 0;

	for (unsigned int c = 0; value && c < TP_COUNTER_COUNT; c++)
		if (strlen(tp_counter_descs[c].name) == (size_t)(value - s) &&
		        strncmp(tp_counter_descs[c].name, s, (size_t)(value - s)) == 0) {
			for (unsigned int i = 0; i < run.mode.workers * CASE_SOURCES; i++)
				sum += run.books[i / CASE_SOURCES][i % CASE_SOURCES].c[c];
			expect_number(s, (int64_t)sum, value + 1);
			return;
		}
	CASE_FAIL("there is no such counter");
}

static const char *hex(const uint8_t *p, uint32_t n)
{
	static char text[200];
	size_t at_char = 0;

	for (uint32_t i = 0; i < n && i < 60; i++)
		at_char += (size_t)snprintf(text + at_char, sizeof(text) - at_char, "%s%02x", i ? " " : "", p[i]);
	text[at_char] = 0;
	return text;
}

/* Octets, or a packet by name, or close, or nothing. may: it need not come. */
static void expect_said(struct case_conn *c, const char *s, bool may)
{
	struct said said;
	const char *error = said_next(c->out.p, c->out.n, case_is_5(c), &said);

	if (error)
		CASE_FAIL("it said %s, which is %s", hex(c->out.p, c->out.n), error);
	if (strcmp(s, "nothing") == 0 || strcmp(s, "close") == 0) {
		if (said.n > 0)
			CASE_FAIL("it said %s", hex(said.all, said.n));
		if (s[0] == 'c' ? !c->closing : c->closing && !c->closed_seen)
			CASE_FAIL("%s", s[0] == 'c' ? "it did not close" : "it closed");
		c->closed_seen |= s[0] == 'c';
		return;
	}
	error = said.n == 0 ? c->closing ? "it closed" : "it said nothing" : said_is(&run.names, &said, s);
	if (error && may)
		return;
	if (error && said.n > 0)
		CASE_FAIL("%s: it said %s", error, hex(said.all, said.n));
	if (error)
		CASE_FAIL("%s", error);
	memmove(c->out.p, c->out.p + said.n, c->out.n - said.n);
	c->out.n -= said.n;
}

/* ---- a line --------------------------------------------------------------------------------------------------------------- */
static const struct {
	const char *word;
	bool before; /* may stand before the gateway is made */
	void (*run)(char *);
} words[] = {{"listener", true, do_listener}, {"gateway", true, do_gateway}, {"route", true, do_route}, {"may", true, do_may},
        {"user", true, do_user}, {"known", true, do_known}, {"let", true, do_let}, {"login", true, do_login},
        {"records", true, do_records}, {"certificate", true, do_certificate}, {"address", true, do_address},
        {"open", false, do_open}, {"end", false, do_end}, {"gone", false, do_gone}, {"deaf", false, do_deaf},
        {"time", false, do_time}, {"ack", false, do_ack}, {"room", false, do_room}, {"verdict", false, do_verdict},
        {"stop", false, do_stop}, {"message", false, do_message}, {"event", false, do_event}, {"count", false, do_count}};

static void start(void)
{
	if (!case_start(&run))
		CASE_FAIL("the gateway could not be made");
}

/* 1> octets, 2< octets; without a number it is connection 1. */
static bool line_of_connection(char *line)
{
	size_t digits = strspn(line, "0123456789");
	struct case_conn *c = digits ? conn_of(line) : &run.conns[1];
	char *s = line + digits;
	const char *error;
	struct octets in;

	if (*s != '>' && *s != '<')
		return false;
	start();
	if (*s == '<') {
		bool may = s[1] == '?';

		s += 1 + may;
		expect_said(c, s + strspn(s, " "), may);
		return true;
	}
	error = octets_read(&run.names, s + 1, &in);
	if (error == NULL)
		case_input(&run, c, &in);
	octets_free(&in);
	if (error)
		CASE_FAIL("%s", error);
	return true;
}

static void line_run(char *line)
{
	size_t n = strcspn(line, " ");

	if (line_of_connection(line))
		return;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].word) == n && strncmp(words[i].word, line, n) == 0) {
			if (!words[i].before)
				start();
			words[i].run(line + n + strspn(line + n, " "));
			return;
		}
	CASE_FAIL("not a line of a case: %s", line);
}

/* Lines of a file; what begins with # is for people, a \ at the end goes on in the next line. */
static void file_run(const char *path)
{
	static char text[64 * LINE_ROOM];
	char line[LINE_ROOM];
	FILE *f = fopen(path, "r");
	size_t room = f ? fread(text, 1, sizeof(text) - 1, f) : 0, n = 0, length;

	text[room] = 0;
	if (f)
		fclose(f);
	at.file = strrchr(path, '/') + 1;
	at.line = 0;
	if (room == 0 || room == sizeof(text) - 1)
		CASE_FAIL("it is not there, empty or too long");
	for (char *s = text; *s; s += length + (s[length] == '\n')) {
		length = strcspn(s, "\n");
		at.line++;
		if (n + length >= sizeof(line))
			CASE_FAIL("a line that is too long");
		memcpy(line + n, s, length);
		n += length;
		if (n > 0 && line[n - 1] == '\\') {
			n--;
			continue;
		}
		while (n > 0 && line[n - 1] == ' ')
			n--;
		line[n] = 0;
		n = 0;
		if (line[0] && line[0] != '#')
			line_run(line);
		if (run.broken)
			CASE_FAIL("%s", run.broken);
	}
}

/* What a case did not speak of must not have happened. */
static void nothing_else(void)
{
	for (unsigned int i = 1; i < CASE_CONNS; i++) {
		struct case_conn *c = &run.conns[i];

		if (c->out.n > 0)
			CASE_FAIL("connection %u: it said also %s", i, hex(c->out.p, c->out.n));
		if (c->closing && !c->closed_seen)
			CASE_FAIL("connection %u: it closed", i);
	}
	if (next_message())
		CASE_FAIL(
		        "a message more was handed over: \"%.*s\"", (int)next_message()->m.payload.n, next_message()->m.payload.p);
	if (run.events_told && run.events_seen < run.n_events)
		CASE_FAIL("an event more: %s",
		        run.events[run.events_seen].connected ? "connected" : whys[run.events[run.events_seen].said.why]);
}

/* The last of all: whatever a device can be gone for is expected by some case. */
static void every_reason_of_an_event(void **state)
{
	(void)state;
	for (size_t i = 0; i < WHYS; i++)
		if (!whys_met[i])
			fail_msg("no case expects the event \"disconnected %s\"", whys[i]);
}

static void run_case(void **state)
{
	const char *error;

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		case_defaults(&run, &modes[i]);
		file_run(*state);
		if (run.gateways[0] == NULL)
			CASE_FAIL("nothing happens in it");
		nothing_else();
		error = case_leftovers(&run);
		if (error || run.broken)
			CASE_FAIL("%s", error ? error : run.broken);
		case_stop(&run);
	}
}

/* Also after a failure. */
static int end_case(void **state)
{
	(void)state;
	case_stop(&run);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static unsigned int list(char **paths)
{
	DIR *d = opendir(folder);
	unsigned int n = 0;
	const struct dirent *e;

	while (d && (e = readdir(d)) != NULL && n < FILES_ROOM)
		if (strlen(e->d_name) > 5 && strcmp(e->d_name + strlen(e->d_name) - 5, ".case") == 0)
			if (asprintf(&paths[n++], "%s/%s", folder, e->d_name) < 0)
				abort();
	if (d)
		closedir(d);
	qsort(paths, n, sizeof(paths[0]), by_name);
	return n;
}

/* mqtt_cases_test FOLDER [NAME]: all cases, or those whose name contains NAME. */
int main(int argc, char **argv)
{
	static char *paths[FILES_ROOM];
	static struct CMUnitTest tests[FILES_ROOM + 1];
	char common[LINE_ROOM];
	unsigned int n, chosen = 0;
	int failed;

	folder = argc > 1 ? argv[1] : ".";
	n = list(paths);
	snprintf(common, sizeof(common), "%s/names.txt", folder);
	case_defaults(&run, &modes[0]);
	file_run(common);
	run.common_names = run.names.n;
	for (unsigned int i = 0; i < n; i++)
		if (argc < 3 || strstr(paths[i], argv[2]))
			tests[chosen++] = (struct CMUnitTest){strrchr(paths[i], '/') + 1, run_case, NULL, end_case, paths[i]};
	if (chosen == n)
		tests[chosen++] = (struct CMUnitTest){"every_reason_of_an_event", every_reason_of_an_event, NULL, NULL, NULL};
	if (n == 0 || chosen == 0) {
		fprintf(stderr, "mqtt_cases_test: no case in %s\n", folder);
		return 1;
	}
	failed = _cmocka_run_group_tests("mqtt", tests, chosen, NULL, NULL);
	octets_forget(&run.names, 0);
	while (n > 0)
		free(paths[--n]);
	return failed != 0;
}
