/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The identity in a client's certificate. It becomes the key of records and part of topic patterns, so each value is checked before it is
 * used: well-formed UTF-8, without NUL and control characters, whatever string type of ASN.1 it has.
 */
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/x509v3.h>

#include "own.h"

/* Octets of the well-formed UTF-8 sequence at p (RFC 3629, 4), 0 where there is none. */
static uint32_t name_sequence(const uint8_t *p, uint32_t n)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t length = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;
	uint32_t code = length == 1 ? p[0] : p[0] & (0x7fu >> length);

	if (length == 0 || length > n)
		return 0;
	for (uint32_t i = 1; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return code < 0x20 || (code >= 0x7f && code < 0xa0) ? 0 : length;
}

static bool name_fit(const uint8_t *p, uint32_t n)
{
	while (n > 0) {
		uint32_t length = name_sequence(p, n);

		if (length == 0)
			return false;
		p += length;
		n -= length;
	}
	return true;
}

static int name_copy(const uint8_t *p, int n, char *text, size_t len)
{
	if (n < 0 || !name_fit(p, (uint32_t)n))
		return -EILSEQ;
	if ((size_t)n >= len)
		return -ENAMETOOLONG;
	memcpy(text, p, (size_t)n);
	text[n] = '\0';
	return n;
}

static int name_of_string(const ASN1_STRING *string, char *text, size_t len)
{
	uint8_t *utf8 = NULL;
	int n = ASN1_STRING_to_UTF8(&utf8, string), rc = -EILSEQ;

	if (n >= 0)
		rc = name_copy(utf8, n, text, len);
	OPENSSL_free(utf8);
	return rc;
}

/* The last one: where there are several it is the nearest to the device. */
static int name_common(X509 *peer, char *text, size_t len)
{
	const X509_NAME *subject = X509_get_subject_name(peer);
	int at = -1, next;

	while ((next = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0)
		at = next;
	if (at < 0)
		return 0;
	return name_of_string(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)), text, len);
}

static bool name_entries_fit(const X509_NAME *subject)
{
	for (int i = 0; i < X509_NAME_entry_count(subject); i++) {
		uint8_t *utf8 = NULL;
		int n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i)));
		bool fit = n >= 0 && name_fit(utf8, (uint32_t)n);

		OPENSSL_free(utf8);
		if (!fit)
			return false;
	}
	return true;
}

static int name_subject(X509 *peer, char *text, size_t len)
{
	const X509_NAME *subject = X509_get_subject_name(peer);
	BIO *bio;
	char *p = NULL;
	int rc = -ENAMETOOLONG, n;

	if (X509_NAME_entry_count(subject) == 0)
		return 0;
	if (!name_entries_fit(subject))
		return -EILSEQ;
	bio = BIO_new(BIO_s_mem());
	if (bio == NULL)
		return -ENOMEM;
	/* Characters above ASCII as they are, not as \xx. */
	if (X509_NAME_print_ex(bio, subject, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0) {
		n = (int)BIO_get_mem_data(bio, &p);
		rc = name_copy((const uint8_t *)p, n, text, len);
	}
	BIO_free(bio);
	return rc;
}

static int name_alternative(X509 *peer, char *text, size_t len)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(peer, NID_subject_alt_name, NULL, NULL);
	int rc = 0;

	for (int i = 0; i < sk_GENERAL_NAME_num(names) && rc == 0; i++) {
		int type;
		const ASN1_STRING *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);

		/* Both are IA5String: ASCII, so no other encoding needs to be tried. */
		if (type == GEN_DNS || type == GEN_URI)
			rc = name_copy(ASN1_STRING_get0_data(value), ASN1_STRING_length(value), text, len);
	}
	GENERAL_NAMES_free(names);
	return rc;
}

int tls_peer_name(const struct tls *s, enum tls_name which, char *text, size_t len)
{
	X509 *peer = SSL_get0_peer_certificate(s->ssl);
	int rc = 0;

	if (len > 0)
		text[0] = '\0';
	if (peer == NULL || SSL_get_verify_result(s->ssl) != X509_V_OK)
		return 0;
	switch (which) {
	case TLS_NAME_SUBJECT:
		rc = name_subject(peer, text, len);
		break;
	case TLS_NAME_COMMON:
		rc = name_common(peer, text, len);
		break;
	case TLS_NAME_SAN:
		rc = name_alternative(peer, text, len);
		break;
	}
	if (rc < 0 && len > 0)
		text[0] = '\0';
	return rc;
}
