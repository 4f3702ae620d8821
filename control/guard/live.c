/* SPDX-License-Identifier: BSD-3-Clause */
#include "tp_guard_live.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* The rules in use, written by control under the lock; admin reads them under it. */
static struct {
	pthread_mutex_t lock;
	struct tp_guard_row rows[TP_GUARD_RULES];
	unsigned int n;
	const struct tp_conf *conf;
	const struct tp_plan_spec *plan;
} live = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Rules while they are being changed, and as tp_guard_apply() wants them. */
static struct tp_guard_row live_next[TP_GUARD_RULES];
static struct tp_guard_rule live_rules[TP_GUARD_RULES];

static unsigned int live_find(const struct tp_guard_row *rows, unsigned int n, const struct tp_guard_rule *rule)
{
	unsigned int i = 0;

	while (i < n && !tp_guard_same_prefix(&rows[i].rule, rule))
		i++;
	return i;
}

/* The rule of the configuration for that prefix, or NULL. */
static const struct tp_guard_rule *live_configured(const struct tp_conf *conf, const struct tp_guard_rule *rule)
{
	for (unsigned int i = 0; conf && i < conf->guard.n_rules; i++)
		if (tp_guard_same_prefix(&conf->guard.rules[i], rule))
			return &conf->guard.rules[i];
	return NULL;
}

/* Puts live_next in force and in place of the rows; what fails changes nothing here. */
static int live_take(const struct tp_conf *conf, const struct tp_plan_spec *plan, unsigned int n, char *err, size_t err_len)
{
	struct tp_guard_spec spec = conf->guard;
	int rc;

	for (unsigned int i = 0; i < n; i++)
		live_rules[i] = live_next[i].rule;
	spec.rules = live_rules;
	spec.n_rules = n;
	rc = tp_guard_apply(plan, &spec, err, err_len);
	if (rc)
		return rc;
	pthread_mutex_lock(&live.lock);
	memcpy(live.rows, live_next, n * sizeof(live.rows[0]));
	live.n = n;
	live.conf = conf;
	live.plan = plan;
	pthread_mutex_unlock(&live.lock);
	return 0;
}

int tp_guard_live_apply(const struct tp_conf *conf, const struct tp_plan_spec *plan, char *err, size_t err_len)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < live.n; i++)
		if (live.rows[i].live)
			live_next[n++] = live.rows[i];
	for (unsigned int i = 0; i < conf->guard.n_rules; i++) {
		if (live_find(live_next, n, &conf->guard.rules[i]) < n)
			continue;
		if (n == TP_GUARD_RULES) {
			snprintf(err, err_len, "more than %u prefixes, those made live included", TP_GUARD_RULES);
			return -ENOSPC;
		}
		live_next[n++] = (struct tp_guard_row){conf->guard.rules[i], false};
	}
	return live_take(conf, plan, n, err, err_len);
}

int tp_guard_live_set(const struct tp_guard_rule *rule, char *err, size_t err_len)
{
	unsigned int at = live_find(live.rows, live.n, rule), n = live.n + (at == live.n);
	char text[TP_GUARD_TEXT];

	if (at < live.n && live.rows[at].rule.deny == rule->deny) {
		snprintf(err, err_len, "%s is %s already%s", tp_guard_text(rule, text), rule->deny ? "denied" : "allowed",
		        live.rows[at].live ? "" : ", by the configuration");
		return -EALREADY;
	}
	if (n > TP_GUARD_RULES) {
		snprintf(err, err_len, "there are %u prefixes, which is as many as there may be", live.n);
		return -ENOSPC;
	}
	memcpy(live_next, live.rows, live.n * sizeof(live.rows[0]));
	live_next[at] = (struct tp_guard_row){*rule, true};
	return live_take(live.conf, live.plan, n, err, err_len);
}

int tp_guard_live_remove(const struct tp_guard_rule *rule, char *err, size_t err_len)
{
	unsigned int at = live_find(live.rows, live.n, rule), n = live.n;
	const struct tp_guard_rule *configured = live_configured(live.conf, rule);
	char text[TP_GUARD_TEXT];

	if (at == live.n) {
		snprintf(err, err_len, "there is no rule for %s", tp_guard_text(rule, text));
		return -ENOENT;
	}
	if (!live.rows[at].live) {
		snprintf(err, err_len, "%s is of the configuration, which says %s", tp_guard_text(rule, text),
		        live.rows[at].rule.deny ? "deny" : "allow");
		return -EPERM;
	}
	memcpy(live_next, live.rows, n * sizeof(live.rows[0]));
	if (configured)
		live_next[at] = (struct tp_guard_row){*configured, false};
	else
		live_next[at] = live_next[--n];
	return live_take(live.conf, live.plan, n, err, err_len);
}

void tp_guard_live_fini(void)
{
	pthread_mutex_lock(&live.lock);
	live.n = 0;
	live.conf = NULL;
	live.plan = NULL;
	pthread_mutex_unlock(&live.lock);
}

unsigned int tp_guard_live_rows(struct tp_guard_row *rows, unsigned int max)
{
	unsigned int n;

	pthread_mutex_lock(&live.lock);
	n = live.n;
	memcpy(rows, live.rows, (n < max ? n : max) * sizeof(*rows));
	pthread_mutex_unlock(&live.lock);
	return n;
}

/* ---- texts --------------------------------------------------------------------------------------------------------------------- */
const char *tp_guard_text(const struct tp_guard_rule *rule, char text[TP_GUARD_TEXT])
{
	char addr[INET6_ADDRSTRLEN] = "";

	inet_ntop(rule->family == 4 ? AF_INET : AF_INET6, rule->addr, addr, sizeof(addr));
	snprintf(text, TP_GUARD_TEXT, "%s/%u", addr, rule->length);
	return text;
}

const char *tp_guard_read(const char *text, struct tp_guard_rule *rule)
{
	struct tp_prefix prefix = {0};
	const char *expected = tp_conf_prefix(text, &prefix);

	if (expected)
		return expected;
	*rule = (struct tp_guard_rule){.family = prefix.family, .length = prefix.length};
	memcpy(rule->addr, prefix.addr, sizeof(rule->addr));
	return NULL;
}
