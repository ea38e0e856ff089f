/* SPDX-License-Identifier: MIT */
#include "net/http_get.h"
#include "base/clock.h"
#include "net/endpoint.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_MAX = 64 * 1024 * 1024 }; /* bytes */

static bool fail(char why[HTTP_ERROR], const char *words)
{
	snprintf(why, HTTP_ERROR, "%s", words);
	return false;
}

/* A socket, or -1. */
static int connect_any(const char *address, const struct deadline *until,
		       char why[HTTP_ERROR])
{
	struct addrinfo *all;
	struct endpoint e;
	const char *unknown = "";
	int fd = -1;

	if (!endpoint_parse(address, &e) || e.host[0] == '\0') {
		fail(why, "expected HOST:PORT or [IPv6]:PORT");
		return -1;
	}
	all = endpoint_resolve(&e, until, &unknown);
	if (!all)
		fail(why, unknown);
	for (const struct addrinfo *ai = all; ai && fd < 0; ai = ai->ai_next) {
		fd = endpoint_connect(ai, until);
		if (fd < 0)
			fail(why, strerror(errno));
	}
	if (all)
		freeaddrinfo(all);
	return fd;
}

static bool send_request(int fd, const char *address, const char *path,
			 char why[HTTP_ERROR])
{
	char request[1024];
	int len = snprintf(request, sizeof(request),
			   "GET %s HTTP/1.0\r\nHost: %s\r\n\r\n", path, address);

	if (len < 0 || (size_t)len >= sizeof(request))
		return fail(why, "the request is too long");
	return send(fd, request, (size_t)len, MSG_NOSIGNAL) == len ||
	       fail(why, strerror(errno));
}

/* All bytes until the peer closes. */
static bool receive_all(int fd, const struct deadline *until, struct http_answer *answer,
			char why[HTTP_ERROR])
{
	size_t cap = 64 * 1024, len = 0;
	ssize_t n = 1;

	for (; n > 0 && cap <= ANSWER_MAX; cap *= 2) {
		char *more = realloc(answer->bytes, cap);

		if (!more)
			return fail(why, strerror(ENOMEM));
		answer->bytes = more;
		while (len < cap) {
			n = recv(fd, more + len, cap - len, 0);
			if (n == 0)
				break;
			if (n > 0)
				len += (size_t)n;
			else if (errno != EAGAIN)
				return fail(why, strerror(errno));
			else if (!endpoint_wait(fd, POLLIN, until))
				return fail(why, "no answer in time");
		}
	}
	answer->body = slice_of(answer->bytes, len);
	return n == 0 || fail(why, "the answer is too long");
}

/* HTTP/1.x NNN ..., header fields, an empty line */
static bool read_head(struct http_answer *answer)
{
	const char *end = memmem(answer->body.ptr, answer->body.len, "\r\n\r\n", 4);
	char head[16];
	size_t len;

	if (!end)
		return false;
	snprintf(head, sizeof(head), "%.*s", (int)sizeof(head) - 1, answer->bytes);
	if (sscanf(head, "HTTP/1.%*1[01] %3u", &answer->status) != 1)
		return false;
	len = (size_t)(end + 4 - answer->bytes);
	answer->body = slice_of(answer->bytes + len, answer->body.len - len);
	return true;
}

bool http_get(const char *address, const char *path, unsigned ms,
	      struct http_answer *answer, char why[HTTP_ERROR])
{
	struct deadline until = deadline_in(ms, NULL);
	int fd = connect_any(address, &until, why);
	bool ok;

	*answer = (struct http_answer){0};
	if (fd < 0)
		return false;
	ok = send_request(fd, address, path, why) && receive_all(fd, &until, answer, why);
	close(fd);
	if (ok && read_head(answer))
		return true;
	if (ok)
		fail(why, "the answer is no HTTP");
	free(answer->bytes);
	answer->bytes = NULL;
	return false;
}
