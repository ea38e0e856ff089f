/* SPDX-License-Identifier: MIT */
/* read_attributes ENCODING STEP FILE < TAGS, of
 * tests/e2e/policy/test_dataset_against_pydicom.py
 *
 * FILE holds a data set without preamble and header, ENCODING is implicit, little,
 * big or deflated, TAGS are hexadecimal, ascending.  Writes for each tag: the tag,
 * "absent" or "present", the value in hexadecimal.  Then the same is asked for each
 * beginning of the file, STEP bytes apart: exit status 1 and a line on stderr if one
 * contradicts the whole.
 */
#include <stdio.h>
#include <stdlib.h>

#include "dicom/dataset_scan.h"
#include "dicom/inflate.h"

enum { MOST = 4096, LARGEST = 1 << 24 };

static struct dataset_wanted whole[MOST], part[MOST];
static uint8_t file[LARGEST], inflated[LARGEST];
static size_t n;

static enum read_state collect(struct slice in, bool cut, enum dataset_encoding encoding,
			       struct dataset_wanted *w)
{
	struct dataset ds = {.bytes = reader_of(in, cut), .encoding = encoding};

	for (size_t i = 0; i < n; i++)
		w[i].tag = whole[i].tag;
	return dataset_collect(&ds, w, n);
}

static int wrong(const char *what, size_t len, uint32_t tag)
{
	fprintf(stderr, "%s after %zu bytes, tag %08X\n", what, len, tag);
	return 1;
}

/* <in> is whole, <len> its beginning. */
static int check_prefix(struct slice in, size_t len, enum dataset_encoding encoding)
{
	enum read_state state = collect(slice_head(in, len), true, encoding, part);

	if (state == READ_BAD)
		return wrong("bad", len, 0);
	for (size_t i = 0; i < n; i++) {
		if (part[i].state == DATASET_UNKNOWN && state == READ_MORE)
			continue;
		if (part[i].state != whole[i].state ||
		    !slice_equal(part[i].value, whole[i].value))
			return wrong("another value", len, whole[i].tag);
	}
	return 0;
}

static void print(const struct dataset_wanted *w)
{
	printf("%08X %s ", w->tag, w->state == DATASET_PRESENT ? "present" : "absent");
	for (size_t i = 0; i < w->value.len; i++)
		printf("%02x", w->value.ptr[i]);
	putchar('\n');
}

static struct slice load(const char *path, bool deflated)
{
	static max_align_t arena[INFLATE_ARENA / sizeof(max_align_t)];
	struct writer out = writer_of(inflated, sizeof(inflated));
	FILE *f = fopen(path, "rb");
	bool cut = false;
	size_t len;

	if (!f)
		exit(2);
	len = fread(file, 1, sizeof(file), f);
	fclose(f);
	if (!deflated)
		return slice_of(file, len);
	if (!inflate_prefix(slice_of(file, len), &out, arena, &cut) || cut)
		exit(1);
	return writer_slice(&out);
}

int main(int argc, char **argv)
{
	enum dataset_encoding encoding;
	struct slice in;
	size_t step;
	unsigned tag;

	if (argc != 4)
		return 2;
	encoding = argv[1][0] == 'i'   ? DATASET_IMPLICIT_LE
		   : argv[1][0] == 'b' ? DATASET_EXPLICIT_BE
				       : DATASET_EXPLICIT_LE;
	step = (size_t)atol(argv[2]);
	in = load(argv[3], argv[1][0] == 'd');
	while (n < MOST && scanf("%x", &tag) == 1)
		whole[n++].tag = tag;
	if (collect(in, false, encoding, whole) == READ_BAD)
		return wrong("bad", in.len, 0);
	for (size_t i = 0; i < n; i++)
		print(&whole[i]);
	for (size_t len = 0; step > 0 && len < in.len; len += step)
		if (check_prefix(in, len, encoding) != 0)
			return 1;
	return check_prefix(in, in.len, encoding);
}
