/* SPDX-License-Identifier: MIT */
/* ip.h - IP addresses, and the networks in which they are. */
#ifndef NET_IP_H
#define NET_IP_H

#include "base/bytes.h"

/* IPv6 in network order; IPv4 as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2). */
struct ip_address {
	uint8_t bytes[16];
};

struct ip_network {
	struct ip_address base; /* as it was written, host bits included */
	uint8_t bits;           /* length of the prefix, 0 to 128 */
};

/* "10.0.0.0/8", "2001:db8::/32", or one address.  False if <text> is malformed.
 * ::ffff:10.0.0.0/104 is 10.0.0.0/8, and ::/0 has every address, those of IPv4 too.
 */
bool ip_network_parse(const char *text, struct ip_network *n) MUST_CHECK;

/* True if the base has no host bits: 10.0.0.0/8, but not 10.1.2.3/8. */
bool ip_network_exact(const struct ip_network *n);

/* Append the network in canonical text, without host bits: "10.0.0.0/8". */
void ip_network_write(const struct ip_network *n, struct writer *out);

bool ip_network_contains(const struct ip_network *n, const struct ip_address *a);

/* Dotted IPv4, or IPv6 without a zone.  False if <text> is something else. */
bool ip_parse(struct slice text, struct ip_address *a) MUST_CHECK;

/* Append the address in canonical text: IPv4 dotted, IPv6 by RFC 5952. */
void ip_write(const struct ip_address *a, struct writer *out);

#endif
