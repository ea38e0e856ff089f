/* SPDX-License-Identifier: MIT */
/* Text, UTF-8 or not. */
#include "check.h"
#include "base/unicode.h"

typedef bool write_fn(struct unicode_scratch *s, struct slice text, struct writer *out);

static struct unicode_scratch scratch;

/* What was done once stays; three times the bytes are enough, and less than needed is
 * not. */
static struct slice check_write(write_fn *write, struct slice text, uint8_t *room)
{
	struct writer once = writer_of(room, 3 * text.len), twice, less;
	uint8_t *other = malloc(9 * text.len + 1);

	CHECK(write(&scratch, text, &once));
	twice = writer_of(other, 9 * text.len + 1);
	CHECK(write(&scratch, writer_slice(&once), &twice));
	CHECK(slice_equal(writer_slice(&once), writer_slice(&twice)));
	if (once.len > 0) {
		less = writer_of(other, once.len - 1);
		CHECK(!write(&scratch, text, &less) && writer_ok(&less) && less.len == 0);
	}
	free(other);
	return writer_slice(&once);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of(data, size), normal, folded, again;
	uint8_t *room;

	if (size > 1024)
		return 0;
	room = malloc(15 * size + 1);
	normal = check_write(unicode_normalize, text, room);
	folded = check_write(unicode_fold, text, room + 3 * size);
	again = check_write(unicode_fold, normal, room + 6 * size);
	CHECK(slice_equal(folded, again));
	free(room);
	return 0;
}
