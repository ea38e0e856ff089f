/* SPDX-License-Identifier: MIT */
/* RFC 4291 section 2.2, text of addresses; section 2.3, of prefixes; RFC 4632, IPv4's */
#include "net/ip.h"

#include <arpa/inet.h>

enum { BITS = 128, MAPPED_BITS = 96 };

static const uint8_t mapped[MAPPED_BITS / 8] = {[10] = 0xFF, [11] = 0xFF};

static bool is_ipv4(const struct ip_address *a)
{
	return memcmp(a->bytes, mapped, sizeof(mapped)) == 0;
}

bool ip_parse(struct slice text, struct ip_address *a)
{
	char copy[INET6_ADDRSTRLEN];
	struct ip_address parsed;

	if (text.len == 0 || text.len >= sizeof(copy) || memchr(text.ptr, 0, text.len))
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	memcpy(parsed.bytes, mapped, sizeof(mapped));
	if (inet_pton(AF_INET, copy, parsed.bytes + sizeof(mapped)) != 1 &&
	    inet_pton(AF_INET6, copy, parsed.bytes) != 1)
		return false;
	*a = parsed;
	return true;
}

/* A number without sign or leading zeros, at most <most>. */
static bool parse_bits(const char *text, unsigned most, unsigned *bits)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 3 || text[digits] != '\0' ||
	    (text[0] == '0' && digits > 1))
		return false;
	for (*bits = 0; *text; text++)
		*bits = *bits * 10 + (unsigned)(*text - '0');
	return *bits <= most;
}

bool ip_network_parse(const char *text, struct ip_network *n)
{
	size_t len = strcspn(text, "/");
	bool dotted = !memchr(text, ':', len);
	unsigned head = dotted ? MAPPED_BITS : 0, bits = BITS - head;
	struct ip_address base;

	if (!ip_parse(slice_of(text, len), &base))
		return false;
	if (text[len] == '/' && !parse_bits(text + len + 1, BITS - head, &bits))
		return false;
	*n = (struct ip_network){base, (uint8_t)(head + bits)};
	return true;
}

/* The bits of byte <i> that belong to the network. */
static uint8_t mask(const struct ip_network *n, size_t i)
{
	unsigned before = (unsigned)i * 8;

	if (n->bits >= before + 8)
		return 0xFF;
	return (uint8_t)(n->bits > before ? 0xFF00 >> (n->bits - before) : 0);
}

static struct ip_network without_host(const struct ip_network *n)
{
	struct ip_network bare = *n;

	for (size_t i = 0; i < sizeof(bare.base.bytes); i++)
		bare.base.bytes[i] &= mask(n, i);
	return bare;
}

bool ip_network_exact(const struct ip_network *n)
{
	struct ip_network bare = without_host(n);

	return memcmp(&bare.base, &n->base, sizeof(bare.base)) == 0;
}

bool ip_network_contains(const struct ip_network *n, const struct ip_address *a)
{
	for (size_t i = 0; i < sizeof(a->bytes); i++)
		if ((a->bytes[i] ^ n->base.bytes[i]) & mask(n, i))
			return false;
	return true;
}

void ip_write(const struct ip_address *a, struct writer *out)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (is_ipv4(a))
		inet_ntop(AF_INET, a->bytes + sizeof(mapped), text, sizeof(text));
	else
		inet_ntop(AF_INET6, a->bytes, text, sizeof(text));
	writer_bytes(out, slice_str(text));
}

void ip_network_write(const struct ip_network *n, struct writer *out)
{
	struct ip_network bare = without_host(n);
	unsigned bits = n->bits, unit = 1;

	if (is_ipv4(&bare.base))
		bits -= MAPPED_BITS;
	ip_write(&bare.base, out);
	writer_u8(out, '/');
	while (bits / unit >= 10)
		unit *= 10;
	for (; unit > 0; unit /= 10)
		writer_u8(out, (uint8_t)('0' + bits / unit % 10));
}
