/* SPDX-License-Identifier: MIT */
#include "haproxy_cfg/words.h"

#include <stdio.h>
#include <stdlib.h>

static void put(struct haproxy_words *w, struct writer *out, struct slice bytes)
{
	if (w->n == HAPROXY_WORDS)
		return;
	if (!w->word[w->n])
		w->word[w->n] = w->text + out->len;
	writer_bytes(out, bytes);
}

static void end_word(struct haproxy_words *w, struct writer *out)
{
	if (w->n == HAPROXY_WORDS || !w->word[w->n])
		return;
	writer_u8(out, '\0');
	if (writer_ok(out))
		w->n++;
}

static bool is_in_name(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (c >= '0' && c <= '9');
}

/* Behind a $: NAME, {NAME} or {NAME-default}.  The value lies in the environment or in
 * the line.
 */
static struct slice read_variable(struct slice *line)
{
	struct slice otherwise = {0}, name;
	const char *value;
	char text[256];

	if (line->len > 0 && line->ptr[0] == '{') {
		*line = slice_tail(*line, 1);
		otherwise = slice_part(line, '}');
		name = slice_part(&otherwise, '-');
	} else {
		name = slice_head(*line, 0);
		while (name.len < line->len && is_in_name(line->ptr[name.len]))
			name.len++;
		*line = slice_of(line->ptr + name.len, line->len - name.len);
	}
	snprintf(text, sizeof(text), "%.*s", (int)name.len, (const char *)name.ptr);
	value = getenv(text);
	return value ? slice_str(value) : otherwise;
}

/* Of a backslash that escapes nothing the backslash itself. */
static struct slice read_escaped(struct slice *line, char quote)
{
	struct slice next = slice_head(*line, 1);

	if (next.len == 0 || !next.ptr[0] ||
	    !strchr(quote ? " \\#'\"$" : " \\#'\"", next.ptr[0]))
		return slice_str("\\");
	*line = slice_of(line->ptr + 1, line->len - 1);
	return next;
}

bool haproxy_words_read(struct haproxy_words *words, struct slice line)
{
	struct writer out = writer_of(words->text, sizeof(words->text));
	char quote = '\0';

	words->n = 0;
	memset(words->word, 0, sizeof(words->word));
	while (line.len > 0 && *line.ptr && !strchr("\r\n", *line.ptr)) {
		struct slice c = slice_head(line, 1);
		const char byte = (char)*line.ptr;

		line = slice_of(line.ptr + 1, line.len - 1);
		if (byte == '#' && !quote)
			break;
		if (quote ? byte == quote : byte == '"' || byte == '\'') {
			quote = quote ? '\0' : byte;
			put(words, &out, slice_of(NULL, 0));
		} else if (byte == '\\' && quote != '\'') {
			put(words, &out, read_escaped(&line, quote));
		} else if (byte == '$' && quote == '"') {
			put(words, &out, read_variable(&line));
		} else if (!quote && strchr(" \t\v\f", byte)) {
			end_word(words, &out);
		} else {
			put(words, &out, c);
		}
	}
	end_word(words, &out);
	for (size_t i = words->n; i < HAPROXY_WORDS; i++)
		words->word[i] = "";
	return !quote;
}
