/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The BIO of a session: OpenSSL reads where the octets lie, in the caller's buffer or in the session's, and writes straight to io->wire. What
 * the wire refuses is kept here and counts as written, so that OpenSSL never waits for it and no record has to be made twice.
 */
#include <pthread.h>

#include "own.h"

#define BIO_SLICE 1024 /* octets offered again at a time: the wire may have less room than all that waits */

static BIO_METHOD *bio_method;
static pthread_once_t bio_once = PTHREAD_ONCE_INIT;

static int bio_read(BIO *bio, char *p, int n)
{
	struct tls *s = BIO_get_data(bio);
	uint32_t taken = n < 0 ? 0 : (uint32_t)n;

	BIO_clear_retry_flags(bio);
	taken = taken > s->in_n ? s->in_n : taken;
	if (taken == 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	memcpy(p, s->in, taken);
	s->in += taken;
	s->in_n -= taken;
	return (int)taken;
}

static int bio_write(BIO *bio, const char *p, int n)
{
	struct tls *s = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	if (n <= 0)
		return 0;
	if (s->unsent.n == 0 && s->io.wire(s->io.ctx, (const uint8_t *)p, (uint32_t)n) == 0)
		return n;
	if (s->unsent.n + (uint32_t)n > TLS_UNSENT_MAX || !tls_octets_add(&s->unsent, (const uint8_t *)p, (uint32_t)n))
		return -1;
	return n;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH;
}

static void bio_make_method(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "turnpike");

	if (method != NULL && BIO_meth_set_read(method, bio_read) && BIO_meth_set_write(method, bio_write) &&
	        BIO_meth_set_ctrl(method, bio_ctrl))
		bio_method = method;
}

BIO *tls_bio_new(struct tls *s)
{
	BIO *bio;

	pthread_once(&bio_once, bio_make_method);
	bio = bio_method == NULL ? NULL : BIO_new(bio_method);
	if (bio == NULL)
		return NULL;
	BIO_set_data(bio, s);
	BIO_set_init(bio, 1);
	return bio;
}

bool tls_bio_flush(struct tls *s)
{
	while (s->unsent.n > 0) {
		uint32_t n = s->unsent.n < BIO_SLICE ? s->unsent.n : BIO_SLICE;

		if (s->io.wire(s->io.ctx, tls_octets_first(&s->unsent), n) != 0)
			return false;
		tls_octets_drop(&s->unsent, n);
	}
	return true;
}
