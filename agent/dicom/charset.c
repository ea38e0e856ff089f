/* SPDX-License-Identifier: MIT */
/* PS3.3 C.12.1.1.2, Specific Character Set; PS3.5 6.1.2.5, code extension */
#include "dicom/charset.h"

#include <iconv.h>
#include <stdlib.h>

/* A repertoire that an escape sequence can put into G0 (bytes below 80H) or G1. */
struct repertoire {
	const char *term;   /* behind "ISO_IR " or "ISO 2022 IR "; or a term of its own */
	const char *escape; /* behind ESC; NULL if it is never designated so */
	const char *iconv;  /* the encoding in which its bytes can be converted */
	bool g0;
	uint8_t bytes;  /* of one character */
	uint8_t high;   /* set in each byte for iconv */
	uint8_t prefix; /* before each character for iconv */
};

/* PS3.3 Tables C.12-2 to C.12-5.  CP932 is JIS X 0201 (and more) with the backslash
 * where DICOM wants the delimiter.
 */
static const struct repertoire repertoires[] = {
	{"6", "(B", NULL, true, 1, 0, 0},
	{"100", "-A", "ISO-8859-1", false, 1, 0, 0},
	{"101", "-B", "ISO-8859-2", false, 1, 0, 0},
	{"109", "-C", "ISO-8859-3", false, 1, 0, 0},
	{"110", "-D", "ISO-8859-4", false, 1, 0, 0},
	{"144", "-L", "ISO-8859-5", false, 1, 0, 0},
	{"127", "-G", "ISO-8859-6", false, 1, 0, 0},
	{"126", "-F", "ISO-8859-7", false, 1, 0, 0},
	{"138", "-H", "ISO-8859-8", false, 1, 0, 0},
	{"148", "-M", "ISO-8859-9", false, 1, 0, 0},
	{"203", "-b", "ISO-8859-15", false, 1, 0, 0},
	{"166", "-T", "TIS-620", false, 1, 0, 0},
	{"13", ")I", "CP932", false, 1, 0, 0},
	{"14", "(J", NULL, true, 1, 0, 0},
	{"87", "$B", "EUC-JP", true, 2, 0x80, 0},
	{"159", "$(D", "EUC-JP", true, 2, 0x80, 0x8F},
	{"149", "$)C", "EUC-KR", false, 2, 0, 0},
	{"58", "$)A", "EUC-CN", false, 2, 0, 0},
	/* without code extension: all bytes at once */
	{"192", NULL, "UTF-8", false, 0, 0, 0},
	{"GB18030", NULL, "GB18030", false, 0, 0, 0},
	{"GBK", NULL, "GBK", false, 0, 0, 0},
};

enum {
	REPERTOIRES = sizeof(repertoires) / sizeof(repertoires[0]),
	ASCII = 0,
	LATIN_1 = 1
};

struct charset {
	iconv_t converters[REPERTOIRES];
};

static const iconv_t CLOSED = (iconv_t)-1;

struct charset *charset_new(void)
{
	struct charset *cs = malloc(sizeof(*cs));

	for (size_t i = 0; cs && i < REPERTOIRES; i++)
		cs->converters[i] = CLOSED;
	return cs;
}

void charset_free(struct charset *cs)
{
	for (size_t i = 0; cs && i < REPERTOIRES; i++)
		if (cs->converters[i] != CLOSED)
			iconv_close(cs->converters[i]);
	free(cs);
}

static void put_replacement(struct writer *out)
{
	writer_bytes(out, slice_str("\xEF\xBF\xBD"));
}

/* Convert bytes in the encoding of a repertoire to UTF-8. */
static void convert(struct charset *cs, size_t which, struct slice in, struct writer *out)
{
	iconv_t *cd = &cs->converters[which];
	char *from = (char *)(uintptr_t)in.ptr;
	size_t from_left = in.len;

	if (*cd == CLOSED)
		*cd = iconv_open("UTF-8", repertoires[which].iconv);
	while (from_left > 0 && writer_ok(out)) {
		char *to = (char *)out->buf + out->len;
		size_t to_left = out->cap - out->len;
		size_t done = *cd == CLOSED
				      ? (size_t)-1
				      : iconv(*cd, &from, &from_left, &to, &to_left);

		out->len = out->cap - to_left;
		if (done != (size_t)-1)
			break;
		if (to_left < 8) {
			out->failed = true;
			break;
		}
		put_replacement(out);
		from++;
		from_left--;
		if (*cd != CLOSED)
			iconv(*cd, NULL, NULL, NULL, NULL);
	}
}

static bool drop_prefix(struct slice *s, const char *prefix)
{
	size_t len = strlen(prefix);

	if (!slice_equal(slice_head(*s, len), slice_str(prefix)))
		return false;
	*s = slice_tail(*s, len);
	return true;
}

/* The repertoire that the first value of Specific Character Set names. */
static size_t first_repertoire(struct slice specific)
{
	struct slice term = slice_trim(slice_part(&specific, '\\'));
	bool known = drop_prefix(&term, "ISO_IR ") ||
		     drop_prefix(&term, "ISO 2022 IR ") || term.len > 2;

	for (size_t i = 0; known && i < REPERTOIRES; i++)
		if (slice_equal(term, slice_str(repertoires[i].term)))
			return i;
	return ASCII;
}

/* The repertoire that the escape sequence at the head of <s> (behind ESC)
 * designates, or REPERTOIRES; <len> is its length.
 */
static size_t designated(struct slice s, size_t *len)
{
	for (size_t i = 0; i < REPERTOIRES; i++) {
		const char *escape = repertoires[i].escape;

		if (!escape)
			continue;
		*len = strlen(escape);
		if (slice_equal(slice_head(s, *len), slice_str(escape)))
			return i;
	}
	*len = 0;
	return REPERTOIRES;
}

/* Bytes at the head of <s> that belong to the same half of the code table. */
static size_t run_length(struct slice s, bool high, const char *delimiters)
{
	size_t n = 0;

	while (n < s.len && (s.ptr[n] >= 0x80) == high && s.ptr[n] != 0x1B &&
	       !(n > 0 && byte_is_one_of(s.ptr[n], delimiters)))
		n++;
	return n;
}

static void decode_run(struct charset *cs, size_t which, struct slice run,
		       struct writer *out)
{
	const struct repertoire *rep = &repertoires[which];
	uint8_t chunk[96];
	size_t n = 0;

	if (!rep->iconv) {
		writer_bytes(out, run);
		return;
	}
	if (!rep->high) {
		convert(cs, which, run, out);
		return;
	}
	for (size_t i = 0; i < run.len; i++) {
		if (rep->prefix && i % rep->bytes == 0)
			chunk[n++] = rep->prefix;
		chunk[n++] = run.ptr[i] | rep->high;
		if (i + 1 == run.len || (i % rep->bytes == 1 && n + 3 > sizeof(chunk))) {
			convert(cs, which, slice_of(chunk, n), out);
			n = 0;
		}
	}
}

/* ISO 2022 with G0 in the lower and G1 in the upper half (PS3.5 6.1.2.5.3).  In a set
 * of two bytes there are no delimiters.
 */
static void decode_extended(struct charset *cs, size_t first, const char *delimiters,
			    struct slice raw, struct writer *out)
{
	size_t initial_g1 = repertoires[first].g0 ? LATIN_1 : first;
	size_t g0 = ASCII, g1 = initial_g1;

	while (raw.len > 0 && writer_ok(out)) {
		size_t len;

		if (raw.ptr[0] == 0x1B) {
			struct slice rest = slice_tail(raw, 1);
			size_t which = designated(rest, &len);

			if (which < REPERTOIRES && repertoires[which].g0)
				g0 = which;
			else if (which < REPERTOIRES)
				g1 = which;
			raw = slice_tail(rest, len);
			continue;
		}
		if (repertoires[g0].bytes == 1 &&
		    byte_is_one_of(raw.ptr[0], delimiters)) {
			g0 = ASCII;
			g1 = initial_g1;
		}
		len = run_length(raw, raw.ptr[0] >= 0x80,
				 repertoires[g0].bytes == 1 ? delimiters : "");
		decode_run(cs, raw.ptr[0] >= 0x80 ? g1 : g0, slice_head(raw, len), out);
		raw = slice_tail(raw, len);
	}
}

bool charset_decode(struct charset *cs, struct slice specific, const char *delimiters,
		    struct slice raw, struct writer *out)
{
	size_t first;
	bool plain = true;

	for (size_t i = 0; i < raw.len && plain; i++)
		plain = raw.ptr[i] < 0x80 && raw.ptr[i] != 0x1B;
	if (plain) {
		writer_bytes(out, raw);
		return writer_ok(out);
	}
	first = first_repertoire(specific);
	if (repertoires[first].bytes == 0)
		convert(cs, first, raw, out);
	else
		decode_extended(cs, first, delimiters, raw, out);
	return writer_ok(out);
}
