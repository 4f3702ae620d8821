/* SPDX-License-Identifier: BSD-3-Clause */
/* Contexts of dataplane/tls: their files, clients' certificates and names, tickets, and renewal while sessions are open. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tls_clock.h"
#include "tls_rig.h"

#define PATH 64

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
#define VERSIONS (sizeof(versions) / sizeof(versions[0]))

static struct {
	char folder[32];
	char own[PATH], renewed[PATH], key[PATH], ca[PATH], crl[PATH], crl_none[PATH];
	struct certs_pair root, other, first, second, device, stranger, late, early, revoked;
} files;
static struct tls_tickets *ticket_keys;

static void file_path(char path[PATH], const char *name)
{
	snprintf(path, PATH, "%s/%s", files.folder, name);
}

static void make_pairs(void)
{
	files.root = certs_make(&(struct certs_want){.cn = "root", .ca = true}, NULL);
	files.other = certs_make(&(struct certs_want){.cn = "other root", .ca = true}, NULL);
	files.first = certs_make(&(struct certs_want){.cn = "turnpike"}, &files.root);
	files.second = certs_make(&(struct certs_want){.cn = "turnpike renewed"}, &files.root);
	files.device =
	        certs_make(&(struct certs_want){.cn = "gantry-7", .unit = "A 7, north", .san = "email:a@b,URI:urn:dev:7,DNS:seven"},
	                &files.root);
	files.stranger = certs_make(&(struct certs_want){.cn = "gantry-7"}, &files.other);
	files.late = certs_make(&(struct certs_want){.cn = "late", .from_s = -2 * CERTS_DAY, .till_s = -CERTS_DAY}, &files.root);
	files.early = certs_make(&(struct certs_want){.cn = "early", .from_s = CERTS_DAY, .till_s = 2 * CERTS_DAY}, &files.root);
	files.revoked = certs_make(&(struct certs_want){.cn = "revoked"}, &files.root);
}

static int setup(void **state)
{
	(void)state;
	strcpy(files.folder, "/tmp/tls_context.XXXXXX");
	certs_need(mkdtemp(files.folder) != NULL, "no temporary folder");
	file_path(files.own, "own.pem");
	file_path(files.renewed, "renewed.pem");
	file_path(files.key, "key.pem");
	file_path(files.ca, "ca.pem");
	file_path(files.crl, "crl.pem");
	file_path(files.crl_none, "crl_none.pem");
	make_pairs();
	certs_write(files.own, files.first.cert, files.first.key, NULL);
	certs_write(files.renewed, files.second.cert, files.second.key, NULL);
	certs_write(files.key, NULL, files.second.key, NULL);
	certs_write(files.ca, files.root.cert, NULL, NULL);
	certs_write_crl(files.crl, &files.root, files.revoked.cert);
	certs_write_crl(files.crl_none, &files.root, NULL);
	ticket_keys = tls_tickets_new();
	certs_need(ticket_keys != NULL, "no keys of tickets");
	return 0;
}

static int teardown(void **state)
{
	struct certs_pair *pairs[] = {&files.root, &files.other, &files.first, &files.second, &files.device, &files.stranger,
	        &files.late, &files.early, &files.revoked};
	const char *paths[] = {files.own, files.renewed, files.key, files.ca, files.crl, files.crl_none};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		certs_free(pairs[i]);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		unlink(paths[i]);
	tls_tickets_free(ticket_keys);
	return rmdir(files.folder);
}

static struct tls_spec spec_of(enum tls_client_certificate client)
{
	return (struct tls_spec){.certificate = files.own,
	        .key = files.own,
	        .tls12 = true,
	        .client = client,
	        .client_ca = client == TLS_CLIENT_NONE ? NULL : files.ca};
}

static struct tls_context *context_of(const struct tls_spec *spec)
{
	struct tls_context *context = NULL;
	char err[512] = "";

	if (tls_context_new(spec, &context, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	return context;
}

/* One handshake; resumes `session` where it is not NULL. */
static struct rig *handshake(struct tls_context *context, int version, const struct certs_pair *own, SSL_SESSION *session)
{
	struct rig *r = rig_new(context, &(struct rig_client){.version = version, .own = own, .session = session});

	rig_run(r);
	return r;
}

/* ---- files ---------------------------------------------------------------------------------------------------------------------- */
static void refused(const struct tls_spec *spec, int rc, const char *part, const char *path)
{
	struct tls_context *context = NULL;
	char err[512] = "";

	assert_int_equal(tls_context_new(spec, &context, err, sizeof(err)), rc);
	assert_null(context);
	if (strstr(err, part) == NULL || strstr(err, path) == NULL)
		fail_msg("\"%s\" holds no \"%s\" or no \"%s\"", err, part, path);
}

static void test_missing_files(void **state)
{
	struct tls_spec spec;

	(void)state;
	spec = spec_of(TLS_CLIENT_NONE);
	spec.certificate = "/nowhere/own.pem";
	refused(&spec, -ENOENT, "certificate ", "/nowhere/own.pem");
	spec = spec_of(TLS_CLIENT_NONE);
	spec.key = "/nowhere/key.pem";
	refused(&spec, -ENOENT, "key ", "/nowhere/key.pem");
	spec = spec_of(TLS_CLIENT_OPTIONAL);
	spec.client_ca = "/nowhere/ca.pem";
	refused(&spec, -ENOENT, "client_ca ", "/nowhere/ca.pem");
	spec = spec_of(TLS_CLIENT_OPTIONAL);
	spec.crl = "/nowhere/crl.pem";
	refused(&spec, -ENOENT, "crl ", "/nowhere/crl.pem");
}

static void test_wrong_files(void **state)
{
	struct tls_spec spec;

	(void)state;
	spec = spec_of(TLS_CLIENT_NONE);
	spec.key = files.key;
	refused(&spec, -EINVAL, "does not belong to the certificate", files.key);
	spec = spec_of(TLS_CLIENT_NONE);
	spec.certificate = files.key;
	refused(&spec, -EINVAL, "no start line; expected a certificate and its chain in PEM", files.key);
	spec = spec_of(TLS_CLIENT_NONE);
	spec.key = files.ca;
	refused(&spec, -EINVAL, "key ", files.ca);
	refused(&spec, -EINVAL, "; expected a private key in PEM", files.ca);
	spec = spec_of(TLS_CLIENT_REQUIRED);
	spec.client_ca = files.key;
	refused(&spec, -EINVAL, "no certificate in it", files.key);
	spec = spec_of(TLS_CLIENT_REQUIRED);
	spec.client_ca = NULL;
	refused(&spec, -EINVAL, "client_ca", "expected the authorities");
	spec = spec_of(TLS_CLIENT_REQUIRED);
	spec.crl = files.ca;
	refused(&spec, -EINVAL, "no revocation list in it", files.ca);
	spec = spec_of(TLS_CLIENT_NONE);
	spec.ciphers = "NO-SUCH-CIPHER";
	refused(&spec, -EINVAL, "no cipher match", "NO-SUCH-CIPHER");
	spec = spec_of(TLS_CLIENT_NONE);
	spec.ciphersuites = "TLS_NOTHING";
	refused(&spec, -EINVAL, "ciphersuites", "TLS_NOTHING");
}

static void test_key_with_passphrase(void **state)
{
	struct tls_spec spec = spec_of(TLS_CLIENT_NONE);
	char path[PATH];
	FILE *f;

	(void)state;
	file_path(path, "secret.pem");
	f = fopen(path, "w");
	assert_non_null(f);
	PEM_write_PrivateKey(f, files.first.key, EVP_aes_128_cbc(), (uint8_t *)"pass", 4, NULL, NULL);
	fclose(f);
	spec.key = path;
	refused(&spec, -EINVAL, "is encrypted, expected a key without passphrase", path);
	unlink(path);
}

static void test_versions_and_ciphers(void **state)
{
	struct tls_spec spec = spec_of(TLS_CLIENT_NONE);
	struct tls_context *context;
	struct rig *r;

	(void)state;
	spec.tls12 = false;
	spec.ciphersuites = "TLS_AES_128_GCM_SHA256";
	context = context_of(&spec);
	r = handshake(context, TLS1_2_VERSION, NULL, NULL);
	assert_int_equal(tls_state(r->server), TLS_FAILED);
	assert_string_equal(tls_error(r->server), "unsupported protocol");
	assert_true(r->wired > 0);
	rig_free(r);
	r = handshake(context, TLS1_3_VERSION, NULL, NULL);
	assert_int_equal(tls_state(r->server), TLS_OPEN);
	assert_string_equal(SSL_get_cipher_name(r->client), "TLS_AES_128_GCM_SHA256");
	rig_free(r);
	tls_context_free(context);
}

/* ---- clients' certificates ------------------------------------------------------------------------------------------------------ */
static void verified(enum tls_client_certificate client, const char *crl, const struct certs_pair *own, const char *error)
{
	struct tls_spec spec = spec_of(client);
	struct tls_context *context;
	char name[64];

	spec.crl = crl;
	context = context_of(&spec);
	for (size_t v = 0; v < VERSIONS; v++) {
		struct rig *r = handshake(context, versions[v], own, NULL);

		assert_int_equal(tls_state(r->server), error == NULL ? TLS_OPEN : TLS_FAILED);
		assert_string_equal(tls_error(r->server), error == NULL ? "no error" : error);
		assert_int_equal(r->client_failed, error != NULL);
		assert_false(r->input_signed);
		assert_int_equal(tls_peer_name(r->server, TLS_NAME_COMMON, name, sizeof(name)) > 0,
		        own != NULL && error == NULL && client != TLS_CLIENT_NONE);
		rig_free(r);
	}
	tls_context_free(context);
}

static void test_client_certificates(void **state)
{
	(void)state;
	verified(TLS_CLIENT_NONE, NULL, NULL, NULL);
	verified(TLS_CLIENT_NONE, NULL, &files.device, NULL);
	verified(TLS_CLIENT_OPTIONAL, NULL, NULL, NULL);
	verified(TLS_CLIENT_OPTIONAL, NULL, &files.device, NULL);
	verified(TLS_CLIENT_OPTIONAL, NULL, &files.late, "certificate has expired");
	verified(TLS_CLIENT_REQUIRED, NULL, &files.device, NULL);
	verified(TLS_CLIENT_REQUIRED, NULL, NULL, "peer did not return a certificate");
	verified(TLS_CLIENT_REQUIRED, NULL, &files.stranger, "unable to get local issuer certificate");
	verified(TLS_CLIENT_REQUIRED, NULL, &files.late, "certificate has expired");
	verified(TLS_CLIENT_REQUIRED, NULL, &files.early, "certificate is not yet valid");
}

static void test_revocation(void **state)
{
	(void)state;
	verified(TLS_CLIENT_REQUIRED, NULL, &files.revoked, NULL);
	verified(TLS_CLIENT_REQUIRED, files.crl_none, &files.revoked, NULL);
	verified(TLS_CLIENT_REQUIRED, files.crl, &files.revoked, "certificate revoked");
	verified(TLS_CLIENT_REQUIRED, files.crl, &files.device, NULL);
}

/* ---- names ---------------------------------------------------------------------------------------------------------------------- */
/* What tls_peer_name() says of a certificate; the text is checked where the result is above 0. */
static int named(X509 *cert, enum tls_name which, char *text, size_t len)
{
	struct tls_spec spec = spec_of(TLS_CLIENT_REQUIRED);
	struct tls_context *context = context_of(&spec);
	struct certs_pair own = {.cert = cert, .key = files.device.key};
	struct rig *r = handshake(context, TLS1_3_VERSION, &own, NULL);
	int rc;

	assert_string_equal(tls_error(r->server), "no error");
	rc = tls_peer_name(r->server, which, text, len);
	assert_true(rc > 0 ? strlen(text) == (size_t)rc : text[0] == '\0');
	rig_free(r);
	tls_context_free(context);
	return rc;
}

/* A certificate with the key of files.device. */
static X509 *cert_with(const struct certs_want *want)
{
	struct certs_pair made = certs_make(want, &files.root);

	X509_set_pubkey(made.cert, files.device.key);
	X509_sign(made.cert, files.root.key, EVP_sha256());
	EVP_PKEY_free(made.key);
	return made.cert;
}

static int named_cn(const char *cn, int n, enum tls_name which, char *text, size_t len)
{
	X509 *cert = cert_with(&(struct certs_want){.cn = cn, .cn_n = n});
	int rc = named(cert, which, text, len);

	X509_free(cert);
	return rc;
}

static void test_names(void **state)
{
	char text[128];

	(void)state;
	assert_int_equal(named(files.device.cert, TLS_NAME_COMMON, text, sizeof(text)), 8);
	assert_string_equal(text, "gantry-7");
	assert_int_equal(named(files.device.cert, TLS_NAME_SUBJECT, text, sizeof(text)), 26);
	assert_string_equal(text, "CN=gantry-7,OU=A 7\\, north");
	assert_int_equal(named(files.device.cert, TLS_NAME_SAN, text, sizeof(text)), 9);
	assert_string_equal(text, "urn:dev:7");
	assert_int_equal(named_cn("plain", 0, TLS_NAME_SAN, text, sizeof(text)), 0);
	assert_int_equal(named_cn("Köln-Süd", 0, TLS_NAME_COMMON, text, sizeof(text)), 10);
	assert_string_equal(text, "Köln-Süd");
	assert_int_equal(named_cn("Köln-Süd", 0, TLS_NAME_SUBJECT, text, sizeof(text)), 13);
	assert_string_equal(text, "CN=Köln-Süd");
}

static void test_names_refused(void **state)
{
	char text[128];

	(void)state;
	for (enum tls_name which = TLS_NAME_SUBJECT; which <= TLS_NAME_COMMON; which++) {
		assert_int_equal(named_cn("admin\0.example", 14, which, text, sizeof(text)), -EILSEQ);
		assert_int_equal(named_cn("line\nfeed", 9, which, text, sizeof(text)), -EILSEQ);
		assert_int_equal(named_cn("\xc2\x85", 2, which, text, sizeof(text)), -EILSEQ); /* NEL, a control character of C1 */
	}
	assert_int_equal(named_cn("12345678", 0, TLS_NAME_COMMON, text, 8), -ENAMETOOLONG);
	assert_int_equal(named_cn("1234567", 0, TLS_NAME_COMMON, text, 8), 7);
	assert_int_equal(named_cn("1234567", 0, TLS_NAME_SUBJECT, text, 8), -ENAMETOOLONG);
	assert_int_equal(named_cn(NULL, 0, TLS_NAME_COMMON, text, sizeof(text)), 0);
	assert_int_equal(named_cn(NULL, 0, TLS_NAME_SUBJECT, text, sizeof(text)), 0);
}

/* OpenSSL does not parse a certificate whose UTF8String is none; an IA5String it takes as it comes. */
static int named_dns(const char *dns, int n, char *text, size_t len)
{
	X509 *cert = cert_with(&(struct certs_want){.cn = "a"});
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *string = ASN1_IA5STRING_new();
	int rc;

	ASN1_STRING_set(string, dns, n);
	GENERAL_NAME_set0_value(name, GEN_DNS, string);
	sk_GENERAL_NAME_push(names, name);
	assert_int_equal(X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, X509V3_ADD_REPLACE), 1);
	X509_sign(cert, files.root.key, EVP_sha256());
	GENERAL_NAMES_free(names);
	rc = named(cert, TLS_NAME_SAN, text, len);
	X509_free(cert);
	return rc;
}

static void test_alternative_names_refused(void **state)
{
	char text[128];

	(void)state;
	assert_int_equal(named_dns("good.example\0.evil", 18, text, sizeof(text)), -EILSEQ);
	assert_int_equal(named_dns("good\r", 5, text, sizeof(text)), -EILSEQ);
	assert_int_equal(named_dns("\xff\xfe", 2, text, sizeof(text)), -EILSEQ);         /* no start of a sequence */
	assert_int_equal(named_dns("\xc0\xaf", 2, text, sizeof(text)), -EILSEQ);         /* overlong */
	assert_int_equal(named_dns("\xe0\x80\xaf", 3, text, sizeof(text)), -EILSEQ);     /* overlong */
	assert_int_equal(named_dns("\xed\xa0\x80", 3, text, sizeof(text)), -EILSEQ);     /* a surrogate */
	assert_int_equal(named_dns("\xf4\x90\x80\x80", 4, text, sizeof(text)), -EILSEQ); /* above U+10FFFF */
	assert_int_equal(named_dns("a\xc3", 2, text, sizeof(text)), -EILSEQ);            /* cut off */
	assert_int_equal(named_dns("seven.example", 13, text, sizeof(text)), 13);
	assert_string_equal(text, "seven.example");
}

/* ---- tickets -------------------------------------------------------------------------------------------------------------------- */
/* The ticket of a handshake with a context of `spec`. */
static SSL_SESSION *ticket_of(const struct tls_spec *spec, int version, const struct certs_pair *own)
{
	struct tls_context *context = context_of(spec);
	struct rig *r = handshake(context, version, own, NULL);
	SSL_SESSION *ticket = r->ticket;

	assert_int_equal(tls_state(r->server), TLS_OPEN);
	assert_false(tls_resumed(r->server));
	r->ticket = NULL;
	rig_free(r);
	tls_context_free(context);
	return ticket;
}

/* Whether a ticket made with `before` is good for a context of `after`. Either way the session opens, with the same name. */
static bool resumes(const struct tls_spec *before, const struct tls_spec *after, int version, const struct certs_pair *own)
{
	SSL_SESSION *ticket = ticket_of(before, version, own);
	struct tls_context *context = context_of(after);
	struct rig *r;
	bool resumed;
	char name[64];

	assert_non_null(ticket);
	r = handshake(context, version, own, ticket);
	assert_int_equal(tls_state(r->server), TLS_OPEN);
	resumed = tls_resumed(r->server);
	assert_int_equal(resumed, SSL_session_reused(r->client));
	if (own != NULL)
		assert_int_equal(tls_peer_name(r->server, TLS_NAME_COMMON, name, sizeof(name)), 8);
	rig_client_say(r, "with it", 7);
	rig_run(r);
	assert_int_equal(r->said_n, 7);
	rig_free(r);
	tls_context_free(context);
	SSL_SESSION_free(ticket);
	return resumed;
}

static void test_tickets(void **state)
{
	struct tls_tickets *other = tls_tickets_new();

	(void)state;
	for (size_t v = 0; v < VERSIONS; v++) {
		struct tls_spec before = spec_of(TLS_CLIENT_REQUIRED), after;

		before.tickets = ticket_keys;
		before.crl = files.crl_none;
		after = before;
		assert_true(resumes(&before, &after, versions[v], &files.device));
		after.certificate = after.key = files.renewed;
		assert_true(resumes(&before, &after, versions[v], &files.device));
		after = before;
		after.tickets = other;
		assert_false(resumes(&before, &after, versions[v], &files.device));
		after.tickets = NULL;
		assert_false(resumes(&before, &after, versions[v], &files.device));
		before = after = spec_of(TLS_CLIENT_NONE);
		before.tickets = after.tickets = ticket_keys;
		assert_true(resumes(&before, &after, versions[v], NULL));
	}
	tls_tickets_free(other);
}

static void test_no_tickets_without_key(void **state)
{
	struct tls_spec spec = spec_of(TLS_CLIENT_NONE);

	(void)state;
	assert_null(ticket_of(&spec, TLS1_3_VERSION, NULL));
}

/* What a new list revokes does not come back by ticket, and neither does a certificate that expired. */
static void test_ticket_of_revoked(void **state)
{
	struct tls_spec before = spec_of(TLS_CLIENT_REQUIRED), after;

	(void)state;
	before.tickets = ticket_keys;
	before.crl = files.crl_none;
	after = before;
	after.crl = files.crl;
	for (size_t v = 0; v < VERSIONS; v++) {
		SSL_SESSION *ticket = ticket_of(&before, versions[v], &files.revoked);
		struct tls_context *context = context_of(&after);
		struct rig *r = handshake(context, versions[v], &files.revoked, ticket);

		assert_int_equal(tls_state(r->server), TLS_FAILED);
		assert_string_equal(tls_error(r->server), "certificate revoked");
		rig_free(r);
		tls_context_free(context);
		SSL_SESSION_free(ticket);
		assert_false(resumes(&before, &after, versions[v], &files.device));
	}
}

/* The ticket would be good for longer than the certificate. */
#define BRIEF_S 3600
static void test_ticket_of_expired(void **state)
{
	struct tls_spec spec = spec_of(TLS_CLIENT_REQUIRED);
	struct certs_pair brief = certs_make(&(struct certs_want){.cn = "brief", .from_s = -60, .till_s = BRIEF_S}, &files.root);
	SSL_SESSION *tickets[VERSIONS];
	struct tls_context *context;

	(void)state;
	spec.tickets = ticket_keys;
	for (size_t v = 0; v < VERSIONS; v++)
		tickets[v] = ticket_of(&spec, versions[v], &brief);
	ahead = BRIEF_S + 1;
	context = context_of(&spec);
	for (size_t v = 0; v < VERSIONS; v++) {
		struct rig *r = handshake(context, versions[v], &brief, tickets[v]);

		assert_int_equal(tls_state(r->server), TLS_FAILED);
		assert_string_equal(tls_error(r->server), "certificate has expired");
		rig_free(r);
		SSL_SESSION_free(tickets[v]);
	}
	ahead = 0;
	tls_context_free(context);
	certs_free(&brief);
}

/* ---- renewal -------------------------------------------------------------------------------------------------------------------- */
static void test_renewal_keeps_sessions(void **state)
{
	struct tls_spec spec = spec_of(TLS_CLIENT_NONE);
	struct tls_context *before = context_of(&spec), *after;
	struct rig *old = handshake(before, TLS1_3_VERSION, NULL, NULL), *half, *young;
	X509 *seen;

	(void)state;
	half = rig_new(before, &(struct rig_client){.version = TLS1_3_VERSION});
	rig_client_turn(half);
	rig_collect(half);
	rig_deliver(half);
	spec.certificate = spec.key = files.renewed;
	after = context_of(&spec);
	tls_context_free(before);
	young = handshake(after, TLS1_3_VERSION, NULL, NULL);
	seen = SSL_get0_peer_certificate(young->client);
	assert_int_equal(X509_cmp(seen, files.second.cert), 0);
	rig_run(half);
	assert_int_equal(tls_state(half->server), TLS_OPEN);
	assert_int_equal(X509_cmp(SSL_get0_peer_certificate(half->client), files.first.cert), 0);
	rig_client_say(old, "still here", 10);
	rig_run(old);
	assert_int_equal(old->said_n, 10);
	assert_int_equal(tls_send(old->server, (const uint8_t *)"yes", 3), 0);
	rig_run(old);
	assert_int_equal(old->heard_n, 3);
	rig_free(half);
	rig_free(old);
	rig_free(young);
	tls_context_free(after);
}

/* The first of the chain to end is what counts, own or not: clients take neither. */
static void test_not_after(void **state)
{
	int64_t own, sooner, now = time(NULL);
	struct tls_spec spec = spec_of(TLS_CLIENT_NONE);
	struct tls_context *context = context_of(&spec);
	FILE *f;

	(void)state;
	own = tls_context_not_after(context);
	assert_in_range(own, now + 30 * CERTS_DAY - 3600, now + 30 * CERTS_DAY); /* made when the test began */
	tls_context_free(context);

	f = fopen(files.own, "a");
	certs_need(f != NULL && PEM_write_X509(f, files.early.cert) == 1 && PEM_write_X509(f, files.root.cert) == 1, files.own);
	fclose(f);
	context = context_of(&spec);
	sooner = own - 28 * CERTS_DAY;
	assert_in_range(tls_context_not_after(context), sooner, sooner + 3600); /* made behind the other */
	tls_context_free(context);
	certs_write(files.own, files.first.cert, files.first.key, NULL);
}

/* What has ended or will soon is told with its file; a day more or less decides. */
static void test_ending(void **state)
{
	struct tls_spec spec = {.certificate = files.own, .key = files.own, .client = TLS_CLIENT_REQUIRED, .client_ca = files.ca};
	struct tls_context *context;
	char text[256] = "";

	(void)state;
	assert_int_equal(tls_context_new(&spec, &context, text, sizeof(text)), 0);
	assert_false(tls_context_ending(context, &spec, 29 * CERTS_DAY, text, sizeof(text)));
	assert_true(tls_context_ending(context, &spec, 31 * CERTS_DAY, text, sizeof(text)));
	assert_non_null(strstr(text, files.own));
	assert_non_null(strstr(text, ": ends on "));
	tls_context_free(context);

	spec.crl = files.crl_none;
	assert_int_equal(tls_context_new(&spec, &context, text, sizeof(text)), 0);
	assert_false(tls_context_ending(context, &spec, 0, text, sizeof(text)));
	assert_true(tls_context_ending(context, &spec, 29 * CERTS_DAY, text, sizeof(text)));
	assert_non_null(strstr(text, files.crl_none));
	tls_context_free(context);

	spec = (struct tls_spec){.certificate = files.renewed, .key = files.renewed};
	certs_write(files.renewed, files.late.cert, files.late.key, NULL);
	assert_int_equal(tls_context_new(&spec, &context, text, sizeof(text)), 0);
	assert_true(tls_context_ending(context, &spec, 0, text, sizeof(text)));
	assert_non_null(strstr(text, ": has ended on "));
	tls_context_free(context);
	certs_write(files.renewed, files.second.cert, files.second.key, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_ending),
	        cmocka_unit_test(test_not_after),
	        cmocka_unit_test(test_missing_files),
	        cmocka_unit_test(test_wrong_files),
	        cmocka_unit_test(test_key_with_passphrase),
	        cmocka_unit_test(test_versions_and_ciphers),
	        cmocka_unit_test(test_client_certificates),
	        cmocka_unit_test(test_revocation),
	        cmocka_unit_test(test_names),
	        cmocka_unit_test(test_names_refused),
	        cmocka_unit_test(test_alternative_names_refused),
	        cmocka_unit_test(test_tickets),
	        cmocka_unit_test(test_no_tickets_without_key),
	        cmocka_unit_test(test_ticket_of_revoked),
	        cmocka_unit_test(test_ticket_of_expired),
	        cmocka_unit_test(test_renewal_keeps_sessions),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
