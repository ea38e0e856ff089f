/* SPDX-License-Identifier: MIT */
/* http_get.h - one GET from another agent (RFC 9112).
 *
 * Not libcurl: that would bring some forty libraries into a process that listens, for a
 * request of one line to our own exporter, which closes behind its answer.
 */
#ifndef NET_HTTP_GET_H
#define NET_HTTP_GET_H

#include "base/bytes.h"

enum { HTTP_ERROR = 256 }; /* bytes of <why> */

struct http_answer {
	unsigned status;   /* 200 ... */
	char *bytes;       /* malloc'ed: to be freed by the caller */
	struct slice body; /* in it */
};

/* GET <path>, which is sent as it is, from HOST:PORT or [IPv6]:PORT, within <ms>
 * milliseconds.  False with the reason in <why>; nothing is then to be freed.
 */
bool http_get(const char *address, const char *path, unsigned ms,
	      struct http_answer *answer, char why[HTTP_ERROR]) MUST_CHECK;

#endif
