/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_SECRET_H
#define TP_SECRET_H
/*
 * Files with secrets: private keys, tokens, hashes of passwords. The one rule for all of them: others than owner and group may do nothing with such a file. The
 * group may, since that is how a service reads what root wrote; who is in it is for the owner to say. It is a refusal and not a warning, as with the keys of a
 * PostgreSQL server or of ssh: a warning is read once the secret is known.
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#define TP_SECRET_WHY                                                                                                              \
	4608 /* octets that hold any sentence about a path of up to 4,096 octets without quotes; a longer one is cut */

/*
 * True where others may use the file. Then `why` says which mode was found, what is expected, and the command that mends it, fit for a shell: such that this
 * process can read the file afterwards. st: of the file at that path. Any thread.
 */
bool tp_secret_exposed(const char *path, const struct stat *st, char *why, size_t why_len);

#endif
