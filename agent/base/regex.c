/* SPDX-License-Identifier: MIT */
/* pcre2api(3), pcre2callout(3) */
#include "base/regex.h"

#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* PCRE2 counts its match limit anew from each place in the text where a match can begin,
 * and not at all within a repeat like [a-z]*+; the work for both can be quadratic.  So a
 * callout before each item of the pattern counts the work, for the whole text.
 */
enum {
	WORK = 1 << 20,   /* at most: about the steps of the simplest repeat */
	CALL = 16,        /* to come to an item, at least */
	FRAMES_KIB = 1024 /* for the choices that it may have to go back to */
};

struct regex {
	pcre2_code *code;
	size_t call;   /* to come to an item of this pattern */
	size_t repeat; /* the most that an item must be repeated before the next call */
	bool back_references;
};

struct regex_scratch {
	pcre2_match_context *context;
	pcre2_match_data *data;
	const struct regex *regex;
	size_t work;                  /* so far, on this text */
	size_t position, item_length; /* at the last call */
};

static const char *const unbounded[] = {
	"\\X", "(*sr:", "(*script_run:", "(*asr:", "(*atomic_script_run:"};

static bool is_unbounded(struct slice item)
{
	for (size_t i = 0; i < sizeof(unbounded) / sizeof(unbounded[0]); i++)
		if (slice_equal(slice_head(item, strlen(unbounded[i])),
				slice_str(unbounded[i])))
			return true;
	return false;
}

/* n of an item's {n}, {n,} or {n,m}; \x{n} and \o{n} are code points. */
static size_t least_repeat(struct slice item)
{
	size_t most = 0;

	for (size_t i = 0; i < item.len; i++) {
		size_t n = 0;

		if (item.ptr[i] != '{' ||
		    (i > 1 && item.ptr[i - 2] == '\\' && strchr("xo", item.ptr[i - 1])))
			continue;
		while (++i < item.len && item.ptr[i] >= '0' && item.ptr[i] <= '9' &&
		       n < UINT16_MAX)
			n = n * 10 + item.ptr[i] - '0';
		i--;
		most = n > most ? n : most;
	}
	return most;
}

struct survey {
	struct regex *regex;
	const char *pattern;
	struct regex_error *error;
};

/* Note what the callout before this item must know. */
static int survey_item(pcre2_callout_enumerate_block *block, void *data)
{
	struct survey *s = data;
	struct slice item =
		slice_of(s->pattern + block->pattern_position, block->next_item_length);
	size_t repeat = least_repeat(item);

	if (repeat > s->regex->repeat)
		s->regex->repeat = repeat;
	if (!is_unbounded(item))
		return 0;
	*s->error = (struct regex_error){"\\X and script runs are not supported",
					 block->pattern_position};
	return PCRE2_ERROR_CALLOUT;
}

static bool survey(struct regex *regex, const char *pattern, struct regex_error *error)
{
	struct survey s = {regex, pattern, error};
	uint32_t captures = 0, highest = 0;

	pcre2_pattern_info(regex->code, PCRE2_INFO_CAPTURECOUNT, &captures);
	pcre2_pattern_info(regex->code, PCRE2_INFO_BACKREFMAX, &highest);
	regex->call = CALL + captures; /* which are copied at each choice */
	regex->back_references = highest > 0;
	return pcre2_callout_enumerate(regex->code, survey_item, &s) == 0;
}

static bool compile(struct regex *regex, const char *pattern, uint32_t options,
		    struct regex_error *error)
{
	int number;

	regex->code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
				    options | PCRE2_AUTO_CALLOUT | PCRE2_DOLLAR_ENDONLY |
					    PCRE2_NEVER_BACKSLASH_C,
				    &number, &error->offset, NULL);
	if (regex->code)
		return survey(regex, pattern, error);
	pcre2_get_error_message(number, (PCRE2_UCHAR *)error->text, sizeof(error->text));
	return false;
}

struct regex *regex_new(const char *pattern, bool ignore_case, struct regex_error *error)
{
	struct regex *regex = calloc(1, sizeof(*regex));
	uint32_t options = PCRE2_UTF | PCRE2_UCP | (ignore_case ? PCRE2_CASELESS : 0);

	*error = (struct regex_error){"no memory", 0};
	if (regex && !compile(regex, pattern, options, error)) {
		regex_free(regex);
		regex = NULL;
	}
	return regex;
}

void regex_free(struct regex *regex)
{
	if (regex)
		pcre2_code_free(regex->code);
	free(regex);
}

/* The bytes of the longest group, which a back reference compares. */
static size_t longest_capture(const pcre2_callout_block *block)
{
	size_t most = 0;

	for (uint32_t i = 1; i < block->capture_top; i++) {
		const PCRE2_SIZE *at = block->offset_vector + 2 * (size_t)i;
		size_t len = at[1] - at[0];

		most = len > most ? len : most;
	}
	return most;
}

/* The longer an item is, the more a step of its repeat costs: [a-z0-9\p{Greek}] */
static int count_work(pcre2_callout_block *block, void *data)
{
	struct regex_scratch *s = data;
	const struct regex *regex = s->regex;
	size_t from = s->position, to = block->current_position;
	size_t length = block->subject_length;

	s->work += regex->call + s->item_length;
	s->work += regex->repeat < length ? regex->repeat : length;
	if (to > from)
		s->work += (to - from) * (1 + s->item_length / 8);
	if (regex->back_references)
		s->work += longest_capture(block);
	s->position = to;
	s->item_length = block->next_item_length;
	return s->work > WORK ? PCRE2_ERROR_CALLOUT : 0;
}

static int match(const struct regex *regex, struct regex_scratch *s, struct slice text)
{
	s->regex = regex;
	s->work = s->position = s->item_length = 0;
	return pcre2_match(regex->code, text.len > 0 ? text.ptr : (PCRE2_SPTR) "",
			   text.len, 0, 0, s->data, s->context);
}

static bool open_scratch(struct regex_scratch *s)
{
	s->context = pcre2_match_context_create(NULL);
	s->data = pcre2_match_data_create(1, NULL);
	if (!s->context || !s->data)
		return false;
	pcre2_set_callout(s->context, count_work, s);
	pcre2_set_heap_limit(s->context, FRAMES_KIB);
	return true;
}

/* The frames grow to their limit and stay, so that no later match allocates any. */
static bool grow_frames(struct regex_scratch *s)
{
	static const char text[FRAMES_KIB * 1024 / 128];
	struct regex_error error;
	struct regex regex = {0};
	int result = 0;

	if (compile(&regex, "(?:.|x)*", 0, &error))
		result = match(&regex, s, slice_of(text, sizeof(text)));
	pcre2_code_free(regex.code);
	return result == PCRE2_ERROR_HEAPLIMIT;
}

struct regex_scratch *regex_scratch_new(void)
{
	struct regex_scratch *s = calloc(1, sizeof(*s));

	if (s && !(open_scratch(s) && grow_frames(s))) {
		regex_scratch_free(s);
		s = NULL;
	}
	return s;
}

void regex_scratch_free(struct regex_scratch *s)
{
	if (!s)
		return;
	pcre2_match_data_free(s->data);
	pcre2_match_context_free(s->context);
	free(s);
}

enum regex_result regex_match(const struct regex *regex, struct regex_scratch *scratch,
			      struct slice text)
{
	int result = match(regex, scratch, text);

	if (result >= 0)
		return REGEX_YES;
	if (result == PCRE2_ERROR_NOMATCH ||
	    (result <= PCRE2_ERROR_UTF8_ERR1 && result >= PCRE2_ERROR_UTF8_ERR21))
		return REGEX_NO;
	return REGEX_TOO_HARD;
}
