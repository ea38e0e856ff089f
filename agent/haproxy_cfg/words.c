/* SPDX-License-Identifier: MIT */
/* HAProxy's configuration.txt, 2.2 "Quoting and escaping", 2.3 "Environment variables" */
#include "haproxy_cfg/words.h"

struct lexer {
	struct reader in;
	struct writer out;
	struct haproxy_words *words;
	const struct haproxy_variables *variables;
	bool quoted;  /* by " */
	bool in_word; /* also an empty one */
	const char *error;
};

/* The next byte, which stays; 0 at the end of the line. */
static uint8_t peek(const struct lexer *l)
{
	struct reader ahead = l->in;

	return reader_u8(&ahead);
}

static bool is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static void begin_word(struct lexer *l)
{
	struct haproxy_words *w = l->words;

	if (!l->in_word && w->n < HAPROXY_WORDS)
		w->word[w->n] = w->text + l->out.len;
	l->in_word = true;
}

static void put(struct lexer *l, uint8_t byte)
{
	begin_word(l);
	if (l->words->n < HAPROXY_WORDS)
		writer_u8(&l->out, byte);
}

static void end_word(struct lexer *l)
{
	if (!l->in_word)
		return;
	put(l, '\0');
	if (l->words->n < HAPROXY_WORDS && writer_ok(&l->out))
		l->words->n++;
	l->in_word = false;
}

static void read_strong_quotes(struct lexer *l)
{
	begin_word(l);
	while (peek(l) != '\'') {
		if (peek(l) == 0) {
			l->error = "a ' without its other";
			return;
		}
		put(l, reader_u8(&l->in));
	}
	reader_u8(&l->in);
}

/* -1 if it is none */
static int hex_digit(uint8_t c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c | 0x20 : c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static void read_hex(struct lexer *l)
{
	int high = hex_digit(reader_u8(&l->in)), low = hex_digit(reader_u8(&l->in));

	if (high < 0 || low < 0)
		l->error = "\\x without two hexadecimal digits";
	else
		put(l, (uint8_t)(high << 4 | low));
}

/* Behind a backslash.  One that escapes nothing stands for itself. */
static void read_escape(struct lexer *l)
{
	static const char control[] = "t\tn\nr\r";
	uint8_t c = peek(l);
	const char *special = c ? strchr(control, c) : NULL;

	if (c == 'x') {
		reader_u8(&l->in);
		read_hex(l);
	} else if (c && (strchr(" \\#'\"", c) || (c == '$' && l->quoted))) {
		put(l, reader_u8(&l->in));
	} else if (special && is_letter(c)) {
		reader_u8(&l->in);
		put(l, (uint8_t)special[1]);
	} else {
		put(l, '\\');
	}
}

/* The bytes up to, not including, <end>, which is stepped over. */
static struct slice read_until(struct lexer *l, uint8_t end)
{
	struct slice rest = {l->in.pos, reader_left(&l->in)}, found;
	const uint8_t *at = rest.len > 0 ? memchr(rest.ptr, end, rest.len) : NULL;

	if (!at) {
		l->error = "a { without its }";
		return (struct slice){0};
	}
	found = reader_slice(&l->in, (size_t)(at - rest.ptr));
	reader_u8(&l->in);
	return found;
}

static struct slice read_name(struct lexer *l)
{
	struct slice rest = {l->in.pos, reader_left(&l->in)};
	size_t before = rest.len;

	if (peek(l) == '.' || is_letter(peek(l)))
		reader_u8(&l->in);
	else
		l->error = "a $ that names no variable";
	while (is_letter(peek(l)) || is_digit(peek(l)))
		reader_u8(&l->in);
	return slice_head(rest, before - reader_left(&l->in));
}

/* <apart>: spaces part words. */
static void put_value(struct lexer *l, struct slice value, bool apart)
{
	for (size_t i = 0; i < value.len; i++) {
		if (apart && is_space(value.ptr[i]))
			end_word(l);
		else
			put(l, value.ptr[i]);
	}
}

/* Behind a $ within double quotes: NAME, {NAME}, {NAME-default}, {NAME[*]} */
static void read_variable(struct lexer *l)
{
	bool braces = peek(l) == '{', apart = false;
	struct slice name, otherwise = {0};
	const char *value;

	if (braces)
		reader_u8(&l->in);
	name = read_name(l);
	if (braces && !l->error) {
		apart = peek(l) == '[';
		if (apart && !slice_equal(reader_slice(&l->in, 3), slice_str("[*]")))
			l->error = "a [ behind a variable that is not [*]";
		else if (peek(l) != '-' && peek(l) != '}')
			l->error = "a { without its }";
		else if (reader_u8(&l->in) == '-')
			otherwise = read_until(l, '}');
	}
	if (l->error)
		return;
	value = l->variables->value(l->variables->context, name);
	put_value(l, value ? slice_str(value) : otherwise, apart);
}

/* False at the end of the line. */
static bool read_next(struct lexer *l)
{
	uint8_t c = reader_u8(&l->in);

	if (c == 0 || c == '\n' || c == '\r' || (c == '#' && !l->quoted))
		return false;
	if (c == '"') {
		begin_word(l);
		l->quoted = !l->quoted;
	} else if (c == '\\') {
		read_escape(l);
	} else if (c == '\'' && !l->quoted) {
		read_strong_quotes(l);
	} else if (c == '$' && l->quoted) {
		read_variable(l);
	} else if (is_space(c) && !l->quoted) {
		end_word(l);
	} else {
		put(l, c);
	}
	return !l->error;
}

const char *haproxy_words_read(struct haproxy_words *words, struct slice line,
			       const struct haproxy_variables *variables)
{
	struct lexer l = {.in = reader_of(line, false),
			  .out = writer_of(words->text, sizeof(words->text)),
			  .words = words,
			  .variables = variables};

	words->n = 0;
	while (read_next(&l))
		;
	if (!l.error && l.quoted)
		l.error = "a \" without its other";
	/* an empty one does not count at the end of a line */
	if (l.in_word && words->n < HAPROXY_WORDS &&
	    words->word[words->n] == words->text + l.out.len)
		l.in_word = false;
	end_word(&l);
	for (size_t i = words->n; i < HAPROXY_WORDS; i++)
		words->word[i] = "";
	return l.error;
}
