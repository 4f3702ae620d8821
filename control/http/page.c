/* SPDX-License-Identifier: BSD-3-Clause */
/* The status page: page.html as embed.py makes it. It is a constant; its data come from /api/status. */
#include "page.h"
#include "http.h"

void http_page(struct http_reply *reply)
{
	reply->type = "text/html; charset=utf-8";
	reply->policy = PAGE_POLICY;
	evbuffer_add_reference(reply->body, page_html, sizeof(page_html), NULL, NULL);
}
