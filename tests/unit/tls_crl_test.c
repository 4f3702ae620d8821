/* SPDX-License-Identifier: BSD-3-Clause */
/* Until when revocation lists are good, as a context of dataplane/tls says, and that clients are refused from then on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tls_clock.h"
#include "tls_rig.h"

#define PATH 64

static struct {
	char folder[32];
	char own[PATH], ca[PATH], crl[PATH];
	struct certs_pair root, other, server, device;
	time_t now; /* when the test began */
} files;

static int setup(void **state)
{
	(void)state;
	strcpy(files.folder, "/tmp/tls_crl.XXXXXX");
	certs_need(mkdtemp(files.folder) != NULL, "no temporary folder");
	snprintf(files.own, PATH, "%s/own.pem", files.folder);
	snprintf(files.ca, PATH, "%s/ca.pem", files.folder);
	snprintf(files.crl, PATH, "%s/crl.pem", files.folder);
	files.root = certs_make(&(struct certs_want){.cn = "root", .ca = true}, NULL);
	files.other = certs_make(&(struct certs_want){.cn = "other root", .ca = true}, NULL);
	files.server = certs_make(&(struct certs_want){.cn = "turnpike"}, &files.root);
	files.device = certs_make(&(struct certs_want){.cn = "gantry-7"}, &files.root);
	certs_write(files.own, files.server.cert, files.server.key, NULL);
	certs_write(files.ca, files.root.cert, NULL, NULL);
	files.now = time(NULL);
	return 0;
}

static int teardown(void **state)
{
	struct certs_pair *pairs[] = {&files.root, &files.other, &files.server, &files.device};
	const char *paths[] = {files.own, files.ca, files.crl};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		certs_free(pairs[i]);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		unlink(paths[i]);
	return rmdir(files.folder);
}

/* A context with one list of each of so many authorities in the file, which end so many seconds after the test began; ENDLESS: without nextUpdate. */
#define ENDLESS INT64_MAX
static struct tls_context *context_of(enum tls_client_certificate client, int n, const int64_t ends[])
{
	struct tls_spec spec = {.certificate = files.own, .key = files.own, .tls12 = true, .client = client, .client_ca = files.ca};
	struct tls_context *context = NULL;
	char err[512] = "";
	FILE *f = fopen(files.crl, "w");

	certs_need(f != NULL, files.crl);
	for (int i = 0; i < n; i++) {
		X509_CRL *crl =
		        certs_crl(i == 0 ? &files.root : &files.other, NULL, ends[i] == ENDLESS ? 0 : files.now + (time_t)ends[i]);

		certs_need(PEM_write_X509_CRL(f, crl) == 1, files.crl);
		X509_CRL_free(crl);
	}
	fclose(f);
	spec.crl = n == 0 ? NULL : files.crl;
	if (tls_context_new(&spec, &context, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	return context;
}

/* What a client with a certificate of the first authority is told. */
static void expect_client(struct tls_context *context, const char *error)
{
	struct rig *r = rig_new(context, &(struct rig_client){.version = TLS1_3_VERSION, .own = &files.device});

	rig_run(r);
	assert_string_equal(tls_error(r->server), error);
	rig_free(r);
}

static void expect_end(int n, const int64_t ends[], int64_t after)
{
	struct tls_context *context = context_of(TLS_CLIENT_REQUIRED, n, ends);
	int64_t end = -1;

	assert_true(tls_context_next_update(context, &end));
	assert_int_equal(end, files.now + after);
	tls_context_free(context);
}

static void expect_none(enum tls_client_certificate client, int n, const int64_t ends[])
{
	struct tls_context *context = context_of(client, n, ends);
	int64_t end;

	assert_false(tls_context_next_update(context, &end));
	expect_client(context, "no error");
	tls_context_free(context);
}

static void the_first_list_to_end_counts(void **state)
{
	(void)state;
	expect_end(1, (int64_t[]){7 * CERTS_DAY}, 7 * CERTS_DAY);
	expect_end(2, (int64_t[]){7 * CERTS_DAY, 2 * CERTS_DAY}, 2 * CERTS_DAY);
	expect_end(2, (int64_t[]){3600, 2 * CERTS_DAY}, 3600);
	expect_end(2, (int64_t[]){7 * CERTS_DAY, -1}, -1);
	expect_end(2, (int64_t[]){ENDLESS, CERTS_DAY}, CERTS_DAY);
	expect_end(2, (int64_t[]){CERTS_DAY, ENDLESS}, CERTS_DAY);
}

static void nothing_ends_without_a_list_or_its_next_update(void **state)
{
	(void)state;
	expect_none(TLS_CLIENT_NONE, 0, NULL);
	expect_none(TLS_CLIENT_REQUIRED, 0, NULL);
	expect_none(TLS_CLIENT_NONE, 1, (int64_t[]){CERTS_DAY}); /* nobody is asked for a certificate: the file is not read */
	expect_none(TLS_CLIENT_REQUIRED, 1, (int64_t[]){ENDLESS});
}

/* That is the time when nobody gets in any more. */
static void clients_are_refused_from_then_on(void **state)
{
	struct tls_context *context = context_of(TLS_CLIENT_REQUIRED, 1, (int64_t[]){7 * CERTS_DAY});

	(void)state;
	expect_client(context, "no error");
	ahead = 7 * CERTS_DAY - 600;
	expect_client(context, "no error");
	ahead = 7 * CERTS_DAY + 1;
	expect_client(context, "CRL has expired");
	ahead = 0;
	tls_context_free(context);
}

/* OpenSSL takes nobody with it, so it has ended. */
static void a_time_that_cannot_be_read_has_passed(void **state)
{
	struct tls_spec spec = {
	        .certificate = files.own, .key = files.own, .client = TLS_CLIENT_REQUIRED, .client_ca = files.ca, .crl = files.crl};
	X509_CRL *crl = certs_crl(&files.root, NULL, files.now + CERTS_DAY);
	struct tls_context *context = NULL;
	char err[512] = "";
	int64_t end = -1;

	(void)state;
	assert_int_equal(ASN1_STRING_set((ASN1_STRING *)X509_CRL_get0_nextUpdate(crl), "next Monday", -1), 1);
	assert_true(X509_CRL_sign(crl, files.root.key, EVP_sha256()) > 0);
	certs_write(files.crl, NULL, NULL, crl);
	X509_CRL_free(crl);
	if (tls_context_new(&spec, &context, err, sizeof(err)) != 0)
		fail_msg("%s", err);
	assert_true(tls_context_next_update(context, &end));
	assert_int_equal(end, 0);
	expect_client(context, "format error in CRL's nextUpdate field");
	tls_context_free(context);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_first_list_to_end_counts),
	        cmocka_unit_test(nothing_ends_without_a_list_or_its_next_update),
	        cmocka_unit_test(clients_are_refused_from_then_on),
	        cmocka_unit_test(a_time_that_cannot_be_read_has_passed),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
