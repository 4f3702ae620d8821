/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any octets as a request of HTTP, with and without a token. What is accepted lies within the octets, what is incomplete stays so for every shorter beginning, and a verdict does
 * not depend on what follows the request.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"
#include "tp_conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_within(struct http_text text, const char *data, int n)
{
	if (text.at && (text.at < data || text.at + text.n > data + n))
		abort();
}

static void fuzz_accepted(const struct http_request *request, const char *data, int n)
{
	struct http_request again;

	if (!request->path.at || request->path.n == 0 || request->path.at[0] != '/' || request->path.n > HTTP_TARGET_MAX)
		abort();
	fuzz_within(request->path, data, n);
	fuzz_within(request->host, data, n);
	fuzz_within(request->authorization, data, n);
	if (http_parse(data, (size_t)n, &again) != n || http_parse(data, (size_t)n - 1, &again) != 0)
		abort();
	http_access(request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_request request;
	char *copy = malloc(size);
	int ret;

	if (!copy && size > 0)
		abort();
	if (size > 0)
		memcpy(copy, data, size);
	ret = http_parse(copy, size, &request);
	if (ret > (int)size || (ret > 0 && ret > HTTP_HEAD_MAX) || (ret == 0 && size >= HTTP_HEAD_MAX))
		abort();
	if (ret > 0)
		fuzz_accepted(&request, copy, ret);
	free(copy);
	return 0;
}
