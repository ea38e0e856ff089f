/* SPDX-License-Identifier: MIT */
/* A value, a bound, a span, an address or a network. */
#include "check.h"
#include "net/ip.h"
#include "dicom/value.h"

static const enum value_kind kinds[] = {VALUE_TEXT, VALUE_NUMBER,    VALUE_DATE,
					VALUE_TIME, VALUE_DATE_TIME, VALUE_AGE};

/* What is a value is a bound too, and lies in the period that it names. */
static void check_value(enum value_kind kind, struct slice value, const char *text)
{
	double number = -1, lower = -1, upper = -1;
	bool is_value = value_number(kind, value, &number);
	bool is_lower = value_bound(kind, text, false, &lower);

	CHECK(number - number == 0);
	CHECK(is_lower == value_bound(kind, text, true, &upper));
	CHECK(lower <= upper);
	if (is_value && strlen(text) == value.len)
		CHECK(is_lower && lower == number);
	if (kind == VALUE_TEXT)
		CHECK(!is_value && !is_lower);
	if (kind == VALUE_TIME && is_lower)
		CHECK(lower >= 0 && upper < 24 * 60 * 60);
}

static void check_span(const char *text)
{
	static const int64_t now = 1600000000;
	struct value_span span;

	if (!value_span_parse(text, &span))
		return;
	CHECK(span.amount >= 0 && span.amount <= 999999);
	CHECK(value_before(VALUE_DATE_TIME, span, now) <= (double)now);
	CHECK(value_before(VALUE_DATE, span, now) <= (double)now / 86400);
}

/* What was written is read as the same. */
static void check_address(struct slice text)
{
	struct ip_address a, again;
	char room[64];
	struct writer out = writer_of(room, sizeof(room));

	if (!ip_parse(text, &a))
		return;
	ip_write(&a, &out);
	CHECK(writer_ok(&out) && ip_parse(writer_slice(&out), &again));
	CHECK(memcmp(&a, &again, sizeof(a)) == 0);
}

static void check_network(const char *text)
{
	struct ip_network n, again;
	char room[64] = "";
	struct writer out = writer_of(room, sizeof(room) - 1);

	if (!ip_network_parse(text, &n))
		return;
	CHECK(n.bits <= 128 && ip_network_contains(&n, &n.base));
	ip_network_write(&n, &out);
	CHECK(writer_ok(&out) && ip_network_parse(room, &again));
	CHECK(again.bits == n.bits && ip_network_exact(&again));
	CHECK(ip_network_contains(&n, &again.base) &&
	      ip_network_contains(&again, &n.base));
	if (ip_network_exact(&n))
		CHECK(memcmp(&n.base, &again.base, sizeof(n.base)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[128];
	struct slice value = slice_of(data, size);

	if (size >= sizeof(text))
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		check_value(kinds[i], value, text);
	check_span(text);
	check_address(value);
	check_network(text);
	return 0;
}
