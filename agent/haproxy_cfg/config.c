/* SPDX-License-Identifier: MIT */
/* HAProxy's configuration.txt: 2 "Configuring HAProxy", 4 "Proxies" */
#include "haproxy_cfg/config.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "haproxy_cfg/words.h"

/* A copy of a word that is kept with the configuration */
struct haproxy_text {
	struct haproxy_text *next;
	bool used_backend; /* it is the argument of use_backend */
	char bytes[];
};

struct reading {
	struct haproxy_config *c;
	struct haproxy_section *now; /* NULL: a section that is not of proxies */
	const char *file;
	unsigned line;
	const char *error; /* static */
};

static const char *keep(struct reading *r, const char *text, bool used_backend)
{
	size_t size = strlen(text) + 1;
	struct haproxy_text *copy = malloc(sizeof(*copy) + size);

	if (!copy) {
		r->error = "out of memory";
		return "";
	}
	*copy = (struct haproxy_text){r->c->texts, used_backend};
	r->c->texts = copy;
	return memcpy(copy->bytes, text, size);
}

/*** sections ***/

/* The "defaults" that a section inherits from: those behind "from", or the last one; a
 * "defaults" inherits nothing by itself.
 */
static const struct haproxy_section *defaults_of(struct reading *r,
						 enum haproxy_kind kind, const char *from)
{
	const struct haproxy_section *found = NULL;

	for (const struct haproxy_section *s = r->c->first; s; s = s->next)
		if (s->kind == HAPROXY_DEFAULTS &&
		    (from ? strcmp(s->name, from) == 0 : kind != HAPROXY_DEFAULTS))
			found = s;
	if (from && !found)
		r->error = "\"from\" names no defaults section above";
	return found;
}

/* The line that begins a section of proxies: KIND NAME [from DEFAULTS].  Only a
 * "defaults" may be without a name.
 */
static void begin_section(struct reading *r, enum haproxy_kind kind,
			  const struct haproxy_words *w)
{
	const bool nameless = kind == HAPROXY_DEFAULTS && strcmp(w->word[1], "from") == 0;
	const char *const *from = &w->word[nameless ? 1 : 2];
	const struct haproxy_section *defaults =
		defaults_of(r, kind, strcmp(from[0], "from") == 0 ? from[1] : NULL);
	struct haproxy_section *s = calloc(1, sizeof(*s));

	if (!s) {
		r->error = "out of memory";
		return;
	}
	*s = defaults ? *defaults : (struct haproxy_section){.mode = "tcp"};
	s->next = NULL;
	s->kind = kind;
	s->name = keep(r, nameless ? "" : w->word[1], false);
	s->file = r->file;
	s->line = r->line;
	if (kind != HAPROXY_DEFAULTS && *s->name == '\0')
		r->error = "a section of proxies without a name";
	*(r->c->last ? &r->c->last->next : &r->c->first) = s;
	r->c->last = r->now = s;
}

static bool has_word(const struct haproxy_words *w, const char *word)
{
	for (size_t i = 1; i < w->n; i++)
		if (strcmp(w->word[i], word) == 0)
			return true;
	return false;
}

/* Of several "option tcp-check", "option httpchk" ... the last counts. */
static void read_option(struct reading *r, const char *option)
{
	size_t len = strlen(option);

	if (len > 5 && (strcmp(option + len - 5, "check") == 0 ||
			strcmp(option + len - 3, "chk") == 0))
		r->now->check = keep(r, option, false);
}

/* What the server depends on: "balance hash EXPR", "balance source". */
static void read_balance(struct reading *r, const struct haproxy_words *w)
{
	const bool hash = strcmp(w->word[1], "hash") == 0;
	const char *what = hash                                ? w->word[2]
			   : strcmp(w->word[1], "source") == 0 ? "src"
							       : NULL;

	r->now->hashes = what ? keep(r, what, false) : NULL;
}

/* server NAME ..., or server-template PREFIX NUMBER ... and PREFIX FIRST-LAST ... */
static void read_server(struct reading *r, const struct haproxy_words *w)
{
	struct haproxy_section *s = r->now;
	unsigned first = 1, last = 1;

	s->has_unchecked |=
		has_word(w, "no-check") || !(s->checks_servers || has_word(w, "check"));
	if (strcmp(w->word[0], "server-template") == 0 &&
	    sscanf(w->word[2], "%u-%u", &first, &last) == 1) {
		last = first;
		first = 1;
	}
	if (!has_word(w, "backup") && last >= first)
		s->servers += last - first + 1;
}

static void read_setting(struct reading *r, const struct haproxy_words *w)
{
	const char *keyword = w->word[0], *argument = w->word[1];
	struct haproxy_section *s = r->now;

	if (strcmp(keyword, "mode") == 0)
		s->mode = keep(r, argument, false);
	else if (strcmp(keyword, "option") == 0)
		read_option(r, argument);
	else if (strcmp(keyword, "disabled") == 0 || strcmp(keyword, "enabled") == 0)
		s->disabled = keyword[0] == 'd';
	else if (strcmp(keyword, "tcp-check") == 0)
		s->sends_rq |= strncmp(argument, "send-binary", 11) == 0 &&
			       strncmp(w->word[2], "0100", 4) == 0;
	else if (strcmp(keyword, "default-server") == 0)
		s->checks_servers |= has_word(w, "check");
	else if (strcmp(keyword, "server") == 0 ||
		 strcmp(keyword, "server-template") == 0)
		read_server(r, w);
	else if (strcmp(keyword, "balance") == 0)
		read_balance(r, w);
	else if (strcmp(keyword, "stick") == 0 && strncmp(argument, "store", 5) != 0)
		s->sticks = keep(r, w->word[2], false);
	else if (strcmp(keyword, "default_backend") == 0)
		s->default_backend = keep(r, argument, false);
	else if (strcmp(keyword, "use_backend") == 0)
		(void)keep(r, argument, true);
}

static void read_words(struct reading *r, const struct haproxy_words *w)
{
	static const char *const proxies[] = {[HAPROXY_DEFAULTS] = "defaults",
					      [HAPROXY_FRONTEND] = "frontend",
					      [HAPROXY_BACKEND] = "backend",
					      [HAPROXY_LISTEN] = "listen"};
	static const char *const others[] = {
		"global",      "peers",       "resolvers", "userlist", "mailers",
		"program",     "http-errors", "ring",      "cache",    "fcgi-app",
		"log-forward", "log-profile", "crt-store", "traces",   "acme"};

	for (size_t i = 0; i < sizeof(proxies) / sizeof(proxies[0]); i++)
		if (strcmp(w->word[0], proxies[i]) == 0) {
			begin_section(r, (enum haproxy_kind)i, w);
			return;
		}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(w->word[0], others[i]) == 0)
			r->now = NULL;
	if (r->now)
		read_setting(r, w);
}

/*** files ***/

static void read_lines(struct reading *r, FILE *in)
{
	struct haproxy_words words;
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	while (!r->error && (len = getline(&line, &room, in)) >= 0) {
		r->line++;
		if (haproxy_words_read(&words, slice_of(line, (size_t)len)))
			read_words(r, &words);
		else
			r->error = "a quote is not closed";
	}
	if (!r->error && ferror(in))
		r->error = strerror(errno);
	free(line);
}

static bool read_file(struct haproxy_config *c, const char *path, char *error,
		      size_t size)
{
	struct reading r = {.c = c};
	FILE *in = fopen(path, "re");

	r.file = keep(&r, path, false);
	if (!in)
		r.error = strerror(errno);
	else if (!r.error)
		read_lines(&r, in);
	if (in)
		fclose(in);
	if (r.error && r.line > 0)
		snprintf(error, size, "%s:%u: %s", path, r.line, r.error);
	else if (r.error)
		snprintf(error, size, "%s: %s", path, r.error);
	return !r.error;
}

static int is_config(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 4 &&
	       strcmp(entry->d_name + len - 4, ".cfg") == 0;
}

bool haproxy_config_read(struct haproxy_config *c, const char *path, char *error,
			 size_t size)
{
	struct dirent **entries = NULL;
	struct stat about;
	char file[PATH_MAX];
	bool ok = true;
	int n;

	if (stat(path, &about) != 0 || !S_ISDIR(about.st_mode))
		return read_file(c, path, error, size);
	n = scandir(path, &entries, is_config, alphasort);
	if (n < 0)
		snprintf(error, size, "%s: %s", path, strerror(errno));
	for (int i = 0; i < n; i++) {
		snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
		if (ok && (stat(file, &about) != 0 || S_ISREG(about.st_mode)))
			ok = read_file(c, file, error, size);
		free(entries[i]);
	}
	free(entries);
	return ok && n >= 0;
}

/*** questions ***/

const char *haproxy_fault(const struct haproxy_section *s)
{
	if (strcmp(s->mode, "spop") == 0 ||
	    (s->check && strcmp(s->check, "spop-check") == 0))
		return "is for agents";
	if (strcmp(s->mode, "tcp") != 0)
		return "is not in mode tcp";
	return s->disabled ? "is disabled" : NULL;
}

bool haproxy_has_dicom_check(const struct haproxy_section *s)
{
	return s->check && strcmp(s->check, "tcp-check") == 0 && s->sends_rq &&
	       !s->has_unchecked;
}

enum haproxy_affinity haproxy_affinity(const struct haproxy_section *s)
{
	const char *const what[] = {s->hashes ? s->hashes : "",
				    s->sticks ? s->sticks : ""};

	if (strstr(what[0], "txn.dicom.key") || strstr(what[1], "txn.dicom.key"))
		return HAPROXY_BY_KEY;
	if (strstr(what[0], "var(") || strstr(what[1], "var("))
		return HAPROXY_BY_VARIABLE;
	return *what[0] || *what[1] ? HAPROXY_BY_SCU : HAPROXY_SPREADS;
}

const struct haproxy_section *haproxy_config_find(const struct haproxy_config *c,
						  const char *name)
{
	const struct haproxy_section *found = NULL;

	for (const struct haproxy_section *s = c->first; s; s = s->next)
		if (s->kind >= HAPROXY_BACKEND && strcmp(s->name, name) == 0 &&
		    (!found || (haproxy_fault(found) && !haproxy_fault(s))))
			found = s;
	return found;
}

bool haproxy_config_uses(const struct haproxy_config *c, const char *name)
{
	for (const struct haproxy_text *t = c->texts; t; t = t->next)
		if (t->used_backend && strcmp(t->bytes, name) == 0)
			return true;
	for (const struct haproxy_section *s = c->first; s; s = s->next)
		if ((s->kind == HAPROXY_FRONTEND || s->kind == HAPROXY_LISTEN) &&
		    s->default_backend && strcmp(s->default_backend, name) == 0)
			return true;
	return false;
}

void haproxy_config_free(struct haproxy_config *c)
{
	while (c->first) {
		struct haproxy_section *next = c->first->next;

		free(c->first);
		c->first = next;
	}
	while (c->texts) {
		struct haproxy_text *next = c->texts->next;

		free(c->texts);
		c->texts = next;
	}
	c->last = NULL;
}
