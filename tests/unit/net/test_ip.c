/* SPDX-License-Identifier: MIT */
/* RFC 4291 sections 2.2 and 2.3, RFC 4632 section 3.1, RFC 5952 section 4 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "edge.h"
#include "net/ip.h"
#include "sample.h"

static struct ip_address address(const char *text)
{
	struct ip_address a;

	if (!ip_parse(edge(slice_str(text)), &a))
		fail_msg("%s is no address", text);
	return a;
}

static struct ip_network network(const char *text)
{
	struct ip_network n;

	if (!ip_network_parse(text, &n))
		fail_msg("%s is no network", text);
	return n;
}

static void test_addresses(void **state)
{
	static const struct {
		const char *text, *canonical;
	} cases[] = {
		{"10.1.2.3", "10.1.2.3"},
		{"0.0.0.0", "0.0.0.0"},
		{"255.255.255.255", "255.255.255.255"},
		{"::ffff:10.1.2.3", "10.1.2.3"},
		{"::FFFF:0a01:0203", "10.1.2.3"},
		{"0:0:0:0:0:ffff:10.1.2.3", "10.1.2.3"},
		{"0000:0000:0000:0000:0000:ffff:255.255.255.255", "255.255.255.255"},
		{"::", "::"},
		{"::1", "::1"},
		{"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
		{"2001:0db8::0001:0000", "2001:db8::1:0"},
		{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
		{"fe80::1", "fe80::1"},
		{"::fffe:10.1.2.3", "::fffe:a01:203"},
		{"64:ff9b::10.1.2.3", "64:ff9b::a01:203"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ip_address a = address(cases[i].text), again;
		char text[64];
		struct writer out = writer_of(text, sizeof(text));

		ip_write(&a, &out);
		if (!is_text(writer_slice(&out), cases[i].canonical))
			fail_msg("%s became %.*s", cases[i].text, (int)out.len, text);
		again = address(cases[i].canonical);
		assert_memory_equal(&a, &again, sizeof(a));
	}
}

static void test_no_address(void **state)
{
	static const char *const texts[] = {
		"''",
		"' '",
		"'10.1.2'",
		"'10.1.2.3.4'",
		"'10.1.2.256'",
		"'10.1.2.03'",
		"'10.1.2.3 '",
		"' 10.1.2.3'",
		"'10.1.2.3/8'",
		"'0x0a.1.2.3'",
		"'10..2.3'",
		"'+10.1.2.3'",
		"'167838211'",
		"'localhost'",
		"':'",
		"':::'",
		"'1::2::3'",
		"'1:2:3:4:5:6:7'",
		"'1:2:3:4:5:6:7:8:9'",
		"'12345::'",
		"'g::'",
		"'fe80::1%eth0'",
		"'[::1]'",
		"'::10.1.2'",
		"'10.1.2.3' 00",
		"'10.1.2.3' 00 '4'",
		"00",
		"'::1' 00*40",
		"'0'*46",
		"FF",
		"'::ffff:10.1.2.3:1'",
	};
	const struct ip_address before = {{1, 2, 3}};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct ip_address a = before;

		if (ip_parse(edge(sample(texts[i])), &a))
			fail_msg("%s was taken", texts[i]);
		assert_memory_equal(&a, &before, sizeof(a));
	}
	assert_false(ip_parse(slice_of(NULL, 0), &(struct ip_address){{0}}));
}

static void test_networks(void **state)
{
	static const struct {
		const char *text, *canonical;
		unsigned bits;
		bool exact;
	} cases[] = {
		{"10.0.0.0/8", "10.0.0.0/8", 104, true},
		{"10.1.2.3/8", "10.0.0.0/8", 104, false},
		{"10.1.2.3", "10.1.2.3/32", 128, true},
		{"10.1.2.3/32", "10.1.2.3/32", 128, true},
		{"10.1.2.3/31", "10.1.2.2/31", 127, false},
		{"172.16.0.0/12", "172.16.0.0/12", 108, true},
		{"172.24.0.0/12", "172.16.0.0/12", 108, false},
		{"0.0.0.0/0", "0.0.0.0/0", 96, true},
		{"0.0.0.1/0", "0.0.0.0/0", 96, false},
		{"128.0.0.0/1", "128.0.0.0/1", 97, true},
		{"::ffff:10.0.0.0/104", "10.0.0.0/8", 104, true},
		{"::ffff:0:0/96", "0.0.0.0/0", 96, true},
		{"::ffff:0:0/95", "::fffe:0:0/95", 95, false},
		{"2001:db8::/32", "2001:db8::/32", 32, true},
		{"2001:db8::1/32", "2001:db8::/32", 32, false},
		{"2001:db8::1", "2001:db8::1/128", 128, true},
		{"::/0", "::/0", 0, true},
		{"8000::/1", "8000::/1", 1, true},
		{"8000::/0", "::/0", 0, false},
		{"fe80::/10", "fe80::/10", 10, true},
		{"::1/128", "::1/128", 128, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ip_network n = network(cases[i].text);
		char text[64];
		struct writer out = writer_of(text, sizeof(text));

		ip_network_write(&n, &out);
		if (n.bits != cases[i].bits || ip_network_exact(&n) != cases[i].exact ||
		    !is_text(writer_slice(&out), cases[i].canonical))
			fail_msg("%s: %.*s, %u bits", cases[i].text, (int)out.len, text,
				 n.bits);
		n = network(cases[i].canonical);
		assert_int_equal(n.bits, cases[i].bits);
		assert_true(ip_network_exact(&n));
	}
}

static void test_no_network(void **state)
{
	static const char *const texts[] = {
		"",
		"/",
		"/8",
		"10.0.0.0/",
		"10.0.0.0/33",
		"10.0.0.0/-1",
		"10.0.0.0/+8",
		"10.0.0.0/ 8",
		"10.0.0.0/8 ",
		"10.0.0.0/08",
		"10.0.0.0/00",
		"10.0.0.0/8/8",
		"10.0.0.0/104",
		"10/8",
		"10.0.0.0/0008",
		"::/129",
		"::/999",
		"::/1000",
		"::/x",
		"10.0.0.0/4294967304",
		"any",
		"10.0.0.0-10.0.0.9",
		"10.0.0.0/255.0.0.0",
		"fe80::1%1/64",
	};
	struct ip_network n;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (ip_network_parse(texts[i], &n))
			fail_msg("%s was taken", texts[i]);
}

static void test_contains(void **state)
{
	static const struct {
		const char *network, *inside, *outside;
	} cases[] = {
		{"10.0.0.0/8", "10.0.0.0", "9.255.255.255"},
		{"10.0.0.0/8", "10.255.255.255", "11.0.0.0"},
		{"10.0.0.0/8", "::ffff:10.1.2.3", "::10.1.2.3"},
		{"10.1.2.3/8", "10.9.9.9", "11.1.2.3"},
		{"::ffff:10.0.0.0/104", "10.1.2.3", "11.1.2.3"},
		{"192.168.4.0/22", "192.168.7.255", "192.168.8.0"},
		{"10.1.2.3", "10.1.2.3", "10.1.2.2"},
		{"10.1.2.2/31", "10.1.2.3", "10.1.2.4"},
		{"0.0.0.0/0", "255.255.255.255", "::1"},
		{"2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"},
		{"2001:db8:8000::/33", "2001:db8:ffff::1", "2001:db8:7fff::1"},
		{"fe80::/10", "febf::1", "fec0::1"},
		{"::1", "::1", "::"},
		{"::/1", "7fff::", "8000::"},
		{"::/1", "10.1.2.3", "ffff::"},
	};
	struct ip_network all = network("::/0");
	struct ip_address v4 = address("10.1.2.3"), v6 = address("ffff::1");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ip_network n = network(cases[i].network);
		struct ip_address in = address(cases[i].inside),
				  out = address(cases[i].outside);

		if (!ip_network_contains(&n, &in) || ip_network_contains(&n, &out))
			fail_msg("%s: %s, %s", cases[i].network, cases[i].inside,
				 cases[i].outside);
	}
	assert_true(ip_network_contains(&all, &v4));
	assert_true(ip_network_contains(&all, &v6));
}

/* Each bit counts if it is before the end of the prefix, and only then. */
static void test_every_bit(void **state)
{
	for (unsigned bits = 0; bits <= 128; bits++)
		for (unsigned bit = 0; bit < 128; bit++) {
			struct ip_network n = {.bits = (uint8_t)bits};
			struct ip_address a = {{0}};

			a.bytes[bit / 8] = (uint8_t)(0x80 >> bit % 8);
			assert_int_equal(ip_network_contains(&n, &a), bit >= bits);
			n.base = a;
			assert_true(ip_network_contains(&n, &a));
			assert_int_equal(ip_network_exact(&n), bit < bits);
		}
}

static void test_no_room(void **state)
{
	struct ip_network n = network("2001:db8::/32");
	char text[16];

	for (size_t cap = 0; cap < strlen("2001:db8::/32"); cap++) {
		struct writer out = writer_of(text, cap);

		ip_network_write(&n, &out);
		assert_false(writer_ok(&out));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses), cmocka_unit_test(test_no_address),
		cmocka_unit_test(test_networks),  cmocka_unit_test(test_no_network),
		cmocka_unit_test(test_contains),  cmocka_unit_test(test_every_bit),
		cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
