/* SPDX-License-Identifier: MIT */
/* Metrics of an agent that may not be one. */
#include "check.h"
#include "top/scrape.h"
#include "top/series.h"

static void check_labels(struct slice labels)
{
	uint8_t text[32];
	struct writer out = writer_of(text, sizeof(text));
	struct slice value;

	if (!scrape_label(labels, "le", &value))
		return;
	check_inside(value, labels);
	scrape_show(&out, value);
	CHECK(writer_ok(&out) && out.len <= value.len);
	for (size_t i = 0; i < out.len; i++)
		CHECK(text[i] >= ' ' && text[i] != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const labels[] = {"le", "message", "rule"};
	const struct series none = {0};
	struct slice all = slice_of(data, size);
	struct reader r = reader_of(all, false);
	struct counts sums = {0};
	struct series s;
	struct sample one;
	size_t n = 0;

	while (scrape_next(&r, &one)) {
		CHECK(one.name.len > 0);
		check_inside(one.name, all);
		check_inside(one.labels, all);
		check_labels(one.labels);
		n++;
	}
	CHECK(reader_left(&r) == 0);
	CHECK(series_read(&s, NULL, all) && s.n == n);
	for (size_t i = 0; i < s.n; i++)
		CHECK(series_find(&s, s.all[i].name, s.all[i].labels));
	CHECK(series_sum(&s, &none, "a", labels, &sums) && sums.n <= n);
	counts_sort(&sums);
	(void)counts_quantile(&sums, 0.9, "x");
	counts_free(&sums);
	series_free(&s);
	return 0;
}
