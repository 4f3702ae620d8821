/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TEST_CONF_CHECK_H
#define TP_TEST_CONF_CHECK_H
/* What the tests of the configuration share: a folder with the file and what it names, loading, and input that is damaged at every byte. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tp_conf.h"

static char folder[] = "/tmp/conf_test.XXXXXX";
static char file[64];
static char err[8192];

static const char small[] = "ports: [{name: p, type: tap, device: tp0}]\n"
                            "listeners: [{name: v, port: 46800, format: j2735, unknown_sources: accept}]\n";

static inline void write_text(const char *text, size_t n)
{
	FILE *out = fopen(file, "w");

	assert_non_null(out);
	assert_int_equal(fchmod(fileno(out), 0640), 0);
	assert_int_equal(fwrite(text, 1, n, out), n);
	assert_int_equal(fclose(out), 0);
}

static inline void load(const char *text, struct tp_conf *conf)
{
	int ret;

	write_text(text, strlen(text));
	ret = tp_conf_load(file, conf, err, sizeof(err));
	if (ret)
		print_error("%s\n", err);
	assert_int_equal(ret, 0);
}

static inline bool is(struct tp_slice s, const char *text)
{
	return text ? tp_slice_is(s, text) : s.p == NULL;
}

static inline const struct tp_topic *topic_of(const struct tp_conf *conf, unsigned int listener, enum tp_kind kind)
{
	uint16_t topic = conf->plan.listeners[listener].topic[kind];

	assert_true(topic < conf->plan.n_topics);
	assert_int_equal(conf->plan.topics[topic].kind, kind);
	assert_string_equal(conf->plan.topics[topic].name, conf->topics[topic].name);
	return &conf->plan.topics[topic];
}

static inline bool has_topic(const struct tp_conf *conf, const char *name)
{
	for (unsigned int i = 0; i < conf->plan.n_topics; i++)
		if (strcmp(conf->plan.topics[i].name, name) == 0)
			return true;
	return false;
}

/* ---- damage ------------------------------------------------------------------------------------------------------------------------------ */
/* Loads, or says why not: never something between. */
static inline bool load_damaged(const char *text, size_t n)
{
	struct tp_conf conf;
	int ret;

	write_text(text, n);
	ret = tp_conf_load(file, &conf, err, sizeof(err));
	if (ret == 0) {
		assert_true(conf.plan.n_listeners + conf.plan.n_mqtt_listeners > 0 && conf.dataplane.n_ports > 0 &&
		            conf.plan.n_sources > 0);
		tp_conf_free(&conf);
		return true;
	}
	assert_int_equal(ret, -EINVAL);
	assert_memory_equal(err, file, strlen(file));
	return false;
}

static inline void truncations(const char *text, size_t size)
{
	unsigned int loaded = 0;

	for (size_t n = 0; n < size; n++)
		loaded += load_damaged(text, n);
	assert_in_range(loaded, 1, size / 2);
}

static inline void changes(const char *original, size_t size)
{
	static const char octets[] = "\0\t\n :,-[]{}'\"#&*!|>%@`~0a\x80\xff";
	char *text = malloc(size);
	unsigned int refused = 0;

	assert_non_null(text);
	for (size_t i = 0; i < size; i++) {
		memcpy(text, original, size);
		text[i] = octets[i % (sizeof(octets) - 1)];
		refused += !load_damaged(text, size);
	}
	free(text);
	assert_in_range(refused, 100, size);
}

/* Files that the configurations name: they are there and can be read, and others cannot, which is all that a load asks. */
static const char *const beside[] = {"list.csv", "users.txt", "server.pem", "server.key", "ca.pem", "crl.pem"};

static inline int set_up(void **state)
{
	char path[128];
	int ret = 0;

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(file, sizeof(file), "%s/turnpike.yaml", folder);
	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]) && ret == 0; i++) {
		FILE *out;

		snprintf(path, sizeof(path), "%s/%s", folder, beside[i]);
		out = fopen(path, "w");
		ret = !out || fchmod(fileno(out), 0640) || fputs("plate\nABC123\n", out) < 0 || fclose(out);
	}
	return ret;
}

static inline int tear_down(void **state)
{
	char path[128];

	(void)state;
	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, beside[i]);
		unlink(path);
	}
	unlink(file);
	return rmdir(folder);
}

#endif
