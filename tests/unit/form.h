/* SPDX-License-Identifier: MIT */
/* form.h - the same data set in any encoding, with sequences and items of either length.
 */
#ifndef FORM_H
#define FORM_H

#include <string.h>

#include "dicom/dataset.h"

struct form {
	enum dataset_encoding encoding;
	bool undefined;
};

static const struct form forms[] = {
	{DATASET_IMPLICIT_LE, false}, {DATASET_IMPLICIT_LE, true},
	{DATASET_EXPLICIT_LE, false}, {DATASET_EXPLICIT_LE, true},
	{DATASET_EXPLICIT_BE, false}, {DATASET_EXPLICIT_BE, true},
};

enum { FORMS = sizeof(forms) / sizeof(forms[0]) };

static inline void put_number(struct writer *w, struct form f, uint32_t v, int bytes)
{
	for (int i = 0; i < bytes; i++)
		writer_u8(w, (uint8_t)(v >> (f.encoding == DATASET_EXPLICIT_BE
						     ? 8 * (bytes - 1 - i)
						     : 8 * i)));
}

/* The length that follows, of what is written up to end(); 0 in place of <vr>: an item */
static inline size_t begin(struct writer *w, struct form f, uint32_t tag, const char *vr)
{
	bool wide = !vr || f.encoding == DATASET_IMPLICIT_LE || strstr("SQ UN OW UT", vr);

	put_number(w, f, tag >> 16, 2);
	put_number(w, f, tag & 0xFFFF, 2);
	if (vr && f.encoding != DATASET_IMPLICIT_LE) {
		writer_bytes(w, slice_str(vr));
		put_number(w, f, 0, wide ? 2 : 0);
	}
	put_number(w, f, 0xFFFFFFFF, wide ? 4 : 2);
	return w->len;
}

static inline void patch(struct writer *w, struct form f, size_t at, int bytes)
{
	struct writer length = writer_of(w->buf + at - bytes, (size_t)bytes);

	put_number(&length, f, (uint32_t)(w->len - at), bytes);
}

static inline void put(struct writer *w, struct form f, uint32_t tag, const char *vr,
		       const char *value)
{
	size_t at = begin(w, f, tag, vr);
	bool wide = f.encoding == DATASET_IMPLICIT_LE || strstr("SQ UN OW UT", vr);

	writer_bytes(w, slice_str(value));
	patch(w, f, at, wide ? 4 : 2);
}

static inline void end(struct writer *w, struct form f, size_t at, uint32_t delimitation)
{
	if (!f.undefined) {
		patch(w, f, at, 4);
		return;
	}
	put_number(w, f, delimitation >> 16, 2);
	put_number(w, f, delimitation & 0xFFFF, 2);
	put_number(w, f, 0, 4);
}

static inline size_t begin_item(struct writer *w, struct form f)
{
	return begin(w, f, 0xFFFEE000, NULL);
}

static inline void end_item(struct writer *w, struct form f, size_t at)
{
	end(w, f, at, 0xFFFEE00D);
}

static inline struct form within(struct form f, const char *vr)
{
	return (struct form){vr[0] == 'U' ? DATASET_IMPLICIT_LE : f.encoding,
			     f.undefined};
}

static inline void end_sequence(struct writer *w, struct form f, size_t at,
				const char *vr)
{
	end(w, f.undefined ? within(f, vr) : f, at, 0xFFFEE0DD);
}

#endif
