/* SPDX-License-Identifier: MIT */
/* endpoint.h - HOST:PORT, and the addresses that it stands for. */
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

/* The addresses for a TCP connection, for freeaddrinfo(); NULL with <why> filled in
 * (static text) if there are none, or not until <until>.  A name is looked up in a thread
 * of its own, since the resolver cannot be stopped.
 */
struct addrinfo *endpoint_resolve(const struct endpoint *e, const struct deadline *until,
				  const char **why);

#endif
