/* SPDX-License-Identifier: MIT */
/* endpoint.h - HOST:PORT, its addresses, and TCP connections to them with a deadline. */
#ifndef NET_ENDPOINT_H
#define NET_ENDPOINT_H

#include "base/clock.h"

#include <stddef.h>

struct addrinfo;

struct endpoint {
	char host[256]; /* without brackets; may be empty or "*" */
	char port[6];   /* 0 to 65535 */
};

/* Take HOST:PORT or [IPv6]:PORT apart.  False if it is neither. */
bool endpoint_parse(const char *text, struct endpoint *e);

/* The addresses for a TCP connection.  The caller frees them with freeaddrinfo().  NULL
 * with <why> set to a static text if there are none, or if none was found until <until>.
 * A name is looked up in a thread of its own, since getaddrinfo() cannot be stopped.
 */
struct addrinfo *endpoint_resolve(const struct endpoint *e, const struct deadline *until,
				  const char **why);

/* Wait for <events> of poll(2), or for an error, on <fd>.  False: the deadline has passed
 * or the wait has been stopped.
 */
bool endpoint_wait(int fd, short events, const struct deadline *until);

/* Connect to one address of endpoint_resolve().  Returns a non-blocking socket, which the
 * caller closes, or -1 with errno set: ETIMEDOUT if <until> has ended the wait.
 */
int endpoint_connect(const struct addrinfo *ai, const struct deadline *until);

#endif
