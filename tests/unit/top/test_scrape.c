/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>

#include "edge.h"
#include "top/scrape.h"

/* What a text reads as: "name{labels}=value;..." */
static const char *samples(const char *text)
{
	static char out[4096];
	struct reader r = reader_of(edge(slice_str(text)), false);
	struct sample one;
	size_t len = 0;

	out[0] = '\0';
	while (scrape_next(&r, &one))
		len += (size_t)snprintf(out + len, sizeof(out) - len, "%.*s{%.*s}=%g;",
					(int)one.name.len, (const char *)one.name.ptr,
					(int)one.labels.len, (const char *)one.labels.ptr,
					one.value);
	return out;
}

static void test_samples(void **state)
{
	assert_string_equal(samples(""), "");
	assert_string_equal(samples("a 1"), "a{}=1;");
	assert_string_equal(samples("# HELP a b\n# TYPE a counter\n\na 1\nb_2:c 2.5e3\n"),
			    "a{}=1;b_2:c{}=2500;");
	assert_string_equal(samples("a{} 1\na{b=\"c\"} 2 1795650660577\n"),
			    "a{}=1;a{b=\"c\"}=2;");
	assert_string_equal(samples(" a { b = \"c\" , d=\"\", }\t-4\n"),
			    "a{ b = \"c\" , d=\"\", }=-4;");
	assert_string_equal(samples("a +Inf\nb -Inf\nc NaN\n"),
			    "a{}=inf;b{}=-inf;c{}=nan;");
	assert_string_equal(samples("a{b=\"}\\\" # \\\\\"} 1\n"),
			    "a{b=\"}\\\" # \\\\\"}=1;");
}

static void test_what_is_no_sample_is_left_out(void **state)
{
	static const char *const lines[] = {
		"a",
		"a ",
		"1a 1",
		"a{b=\"c\" 1",
		"a{b=\"c} 1",
		"a{b=c} 1",
		"a{=\"c\"} 1",
		"a{b} 1",
		"a{b=\"c\"",
		"a{b=\"c\\",
		"a{b=\"\\",
		"a{",
		"a{b",
		"a{b=",
		"a 1x",
		"a{b=\"c\"d=\"e\"} 1",
		"a 111111111111111111111111111111111111111111111"
		"111111111111111111111",
		"\x80 1",
		"{b=\"c\"} 1",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char text[256];

		assert_string_equal(samples(lines[i]), "");
		snprintf(text, sizeof(text), "before 1\n%s\nbehind 2\n", lines[i]);
		assert_string_equal(samples(text), "before{}=1;behind{}=2;");
	}
}

static void label_is(const char *labels, const char *name, const char *expected)
{
	struct slice value;
	bool found = scrape_label(edge(slice_str(labels)), name, &value);

	assert_int_equal(found, expected != NULL);
	if (found)
		assert_true(slice_equal(value, slice_str(expected)));
}

static void test_labels(void **state)
{
	label_is("", "a", NULL);
	label_is("a=\"1\",b=\"2\"", "a", "1");
	label_is("a=\"1\",b=\"2\"", "b", "2");
	label_is("a=\"1\",b=\"2\"", "c", NULL);
	label_is("ab=\"1\"", "a", NULL);
	label_is("x=\",a=\\\"1\\\"\"", "a", NULL);
	label_is("a=\"\\\\\",b=\"2\"", "b", "2");
	label_is("a=\"1", "a", NULL);
	label_is("a", "a", NULL);
}

static void shows(const char *value, size_t room, const char *expected)
{
	char text[64];
	struct writer out = writer_of(text, room);

	scrape_show(&out, edge(slice_str(value)));
	assert_int_equal(out.len, strlen(expected));
	assert_memory_equal(text, expected, out.len);
}

static void test_show(void **state)
{
	shows("CT", 63, "CT");
	shows("", 63, "");
	shows("\\\\x7f \\\" \\n \\", 63, "\\x7f \" ? \\");
	shows("\x1b[2J\x7f\r\t", 63, "?[2J???");
	shows("R\xc3\xb6ntgen \xc2\x9b"
	      "31m",
	      63, "R\xc3\xb6ntgen \xc2?31m");
	shows("abcdef", 3, "abc");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_what_is_no_sample_is_left_out),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_show),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
