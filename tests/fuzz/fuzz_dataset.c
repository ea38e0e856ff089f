/* SPDX-License-Identifier: MIT */
/* A data set in the encoding that the first byte names, and the same cut short where the
 * next two say.
 */
#include "check.h"
#include "dataset.h"

static const uint32_t tags[] = {0x00080005, 0x00080016, 0x00080060, 0x00090010, 0x00100020,
				0x00180015, 0x00280010, 0x7FE00010};

enum { TAGS = sizeof(tags) / sizeof(tags[0]) };

static enum read_state collect(struct slice in, bool cut, enum dataset_encoding encoding,
			       struct dataset_wanted *w)
{
	struct dataset ds = {reader_of(in, cut), encoding};
	enum read_state state;

	for (size_t i = 0; i < TAGS; i++)
		w[i].tag = tags[i];
	state = dataset_collect(&ds, w, TAGS);
	for (size_t i = 0; i < TAGS; i++) {
		CHECK(w[i].tag == tags[i]);
		CHECK(w[i].state != DATASET_UNKNOWN || state == READ_MORE);
		CHECK(w[i].state == DATASET_PRESENT || w[i].value.len == 0);
		check_inside(w[i].value, in);
	}
	CHECK(state != READ_MORE || cut);
	return state;
}

static void walk(struct slice in, enum dataset_encoding encoding)
{
	struct dataset ds = {reader_of(in, false), encoding};
	struct dataset_element el;
	const uint8_t *last = in.ptr;
	char text[256];

	while (dataset_next(&ds, &el)) {
		struct writer out = writer_of(text, sizeof(text));

		check_inside(el.value, in);
		CHECK(el.value.ptr > last || (size_t)(el.value.ptr - last) <= in.len);
		last = el.value.ptr;
		if (!dataset_number_text(el.vr, el.value, encoding, &out))
			CHECK(!writer_ok(&out) || out.len == 0);
	}
	CHECK(ds.bytes.state != READ_MORE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dataset_wanted whole[TAGS], part[TAGS];
	enum dataset_encoding encoding;
	struct slice in;
	size_t cut;

	if (size < 3)
		return 0;
	encoding = (enum dataset_encoding)(data[0] % 3);
	in = slice_of(data + 3, size - 3);
	cut = (size_t)(data[1] << 8 | data[2]) % (in.len + 1);
	walk(in, encoding);
	CHECK(collect(in, false, encoding, whole) != READ_MORE);
	collect(slice_of(in.ptr, cut), true, encoding, part);
	/* What the beginning tells is not taken back by the rest. */
	for (size_t i = 0; i < TAGS; i++) {
		if (part[i].state == DATASET_UNKNOWN)
			continue;
		CHECK(part[i].state == whole[i].state);
		CHECK(slice_equal(part[i].value, whole[i].value));
	}
	return 0;
}
