/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who may connect to an MQTT listener, what a device is called there, and what it may publish. What cannot work is a mistake here, so that it
 * is not found out by devices that are refused.
 */
#include <errno.h>
#include <string.h>

#include "conf.h"

/* A file named by the option at mqtt[i].<key>, or NULL where there is none. 0 or -ENOMEM. */
static int access_file(struct conf_build *b, unsigned int i, const char *key, const char *name, const char **file)
{
	*file = name ? conf_file_path(b->owned, name) : NULL;
	if (!name)
		return 0;
	if (!*file)
		return -ENOMEM;
	conf_readable(b, CONF_PATH("mqtt[%u].%s", i, key), *file);
	return 0;
}

/* ---- TLS ------------------------------------------------------------------------------------------------------------------------- */
static void access_tls_check(struct conf_build *b, unsigned int i)
{
	const struct conf_tls *raw = &b->raw->mqtt[i].tls;

	if (raw->client != TP_CONF_TLS_NONE && !raw->client_ca)
		conf_mistake_at(b->doc, CONF_PATH("mqtt[%u].tls.client_ca", i),
		        "missing; expected the authorities that certificates of clients are checked against");
	if (raw->client == TP_CONF_TLS_NONE && raw->client_ca)
		conf_mistake_at(b->doc, CONF_PATH("mqtt[%u].tls.client_ca", i),
		        "found '%s', but client is none: no client is asked for a certificate", raw->client_ca);
	if (raw->client == TP_CONF_TLS_NONE && raw->crl)
		conf_mistake_at(b->doc, CONF_PATH("mqtt[%u].tls.crl", i),
		        "found '%s', but client is none: no client is asked for a certificate", raw->crl);
	if (!raw->tls12 && raw->ciphers)
		conf_mistake_at(b->doc, CONF_PATH("mqtt[%u].tls.ciphers", i),
		        "found '%s', which is of TLS 1.2, but tls12 is false; those of TLS 1.3 are ciphersuites", raw->ciphers);
}

static int access_tls(struct conf_build *b, unsigned int i)
{
	const struct conf_tls *raw = &b->raw->mqtt[i].tls;
	struct tp_conf_tls *tls;
	int ret;

	if (!raw->certificate)
		return 0;
	tls = conf_alloc(b->owned, 1, sizeof(*tls));
	if (!tls)
		return -ENOMEM;
	*tls = (struct tp_conf_tls){.ciphers = raw->ciphers,
	        .ciphersuites = raw->ciphersuites,
	        .client = (enum tp_conf_tls_client)raw->client,
	        .tls12 = raw->tls12,
	        .tickets = raw->tickets,
	        .ticket_key_s = raw->ticket_key_s};
	access_tls_check(b, i);
	ret = access_file(b, i, "tls.certificate", raw->certificate, &tls->certificate);
	if (ret == 0)
		ret = access_file(b, i, "tls.key", raw->key, &tls->key);
	if (tls->key)
		conf_secret(b, CONF_PATH("mqtt[%u].tls.key", i), tls->key);
	if (ret == 0)
		ret = access_file(b, i, "tls.client_ca", raw->client_ca, &tls->client_ca);
	if (ret == 0)
		ret = access_file(b, i, "tls.crl", raw->crl, &tls->crl);
	b->conf->mqtt[i].tls = tls;
	b->owned->mqtt_listeners[i].tls = &b->conf->mqtt[i].context;
	b->owned->mqtt_listeners[i].tls_connections = raw->connections;
	return ret;
}

/* ---- versions -------------------------------------------------------------------------------------------------------------------- */
static const struct {
	const char *text;
	enum tp_mqtt_versions version;
} access_known[] = {{"3.1", TP_MQTT_3_1}, {"3.1.1", TP_MQTT_3_1_1}, {"5", TP_MQTT_5}};
#define KNOWN (sizeof(access_known) / sizeof(access_known[0]))

static void access_version(struct conf_build *b, const char *path, const char *text, struct tp_mqtt_listener *l)
{
	size_t k = 0;

	while (k < KNOWN && strcmp(access_known[k].text, text) != 0)
		k++;
	if (k == KNOWN) {
		conf_mistake_at(b->doc, path, "found %s, expected one of 3.1, 3.1.1, 5", text);
		return;
	}
	if (l->versions & access_known[k].version)
		conf_mistake_at(b->doc, path, "found %s a second time", text);
	l->versions |= (uint8_t)access_known[k].version;
}

static void access_versions(struct conf_build *b, unsigned int i, struct tp_mqtt_listener *l)
{
	const struct conf_mqtt *raw = &b->raw->mqtt[i];

	if (raw->versions_count == 0)
		l->versions = TP_MQTT_3_1_1 | TP_MQTT_5;
	for (uint32_t k = 0; k < raw->versions_count; k++)
		access_version(b, CONF_PATH("mqtt[%u].versions[%u]", i, k), raw->versions[k], l);
}

/* ---- identity -------------------------------------------------------------------------------------------------------------------- */
static bool access_certificate_required(const struct conf_mqtt *raw)
{
	return raw->tls.certificate && raw->tls.client == TP_CONF_TLS_REQUIRED;
}

static void access_identity(struct conf_build *b, unsigned int i)
{
	const struct conf_mqtt *raw = &b->raw->mqtt[i];

	if (raw->identity == TP_MQTT_IDENTITY_CERTIFICATE && !access_certificate_required(raw))
		conf_mistake_at(b->doc, CONF_PATH("mqtt[%u].identity", i),
		        "found certificate, expected tls with client: required, or a client might have no name");
	if (raw->identity == TP_MQTT_IDENTITY_USER && raw->anonymous)
		conf_mistake_at(b->doc, CONF_PATH("mqtt[%u].anonymous", i),
		        "found true, but identity is user: a client without one would have no name");
	else if (raw->identity == TP_MQTT_IDENTITY_USER && !raw->users)
		conf_mistake_at(b->doc, CONF_PATH("mqtt[%u].identity", i),
		        "found user, expected a file of users too, or anybody could take any name");
	else if (!raw->users && !raw->anonymous && !access_certificate_required(raw))
		conf_mistake_at(b->doc, CONF_PATH("mqtt[%u].users", i),
		        "there is no file of users, anonymous is false and no certificate is required: nobody could connect");
}

/* ---- what may be published ------------------------------------------------------------------------------------------------------- */
static void access_may_publish(struct conf_build *b, unsigned int i)
{
	const struct conf_mqtt *raw = &b->raw->mqtt[i];

	for (uint32_t k = 0; k < raw->may_publish_count; k++) {
		const char *text = raw->may_publish[k], *path = CONF_PATH("mqtt[%u].may_publish[%u]", i, k);
		const char *expected = conf_filter_pattern(text);

		if (expected)
			conf_mistake_at(b->doc, path, "found '%.80s', expected %s", text, expected);
		else if (strstr(text, "%u") && !raw->users)
			conf_mistake_at(
			        b->doc, path, "found '%.80s', but there is no file of users: anybody could be that user", text);
		for (uint32_t j = 0; j < k; j++)
			if (strcmp(text, raw->may_publish[j]) == 0)
				conf_mistake_at(b->doc, path, "found '%.80s', which may_publish[%u] has already", text, j);
	}
}

int conf_build_mqtt_access(struct conf_build *b, unsigned int i)
{
	const struct conf_mqtt *raw = &b->raw->mqtt[i];
	struct tp_mqtt_listener *l = &b->owned->mqtt_listeners[i];
	int ret = access_tls(b, i);

	if (ret == 0)
		ret = access_file(b, i, "users", raw->users, &b->conf->mqtt[i].users);
	access_versions(b, i, l);
	access_identity(b, i);
	access_may_publish(b, i);
	l->identity = (enum tp_mqtt_identity)raw->identity;
	l->certificate_name = (uint8_t)raw->certificate_name;
	l->check_users = raw->users != NULL;
	l->anonymous = raw->anonymous || (!raw->users && access_certificate_required(raw));
	l->may_publish = (const char *const *)raw->may_publish;
	l->n_may_publish = raw->may_publish_count;
	return ret;
}
