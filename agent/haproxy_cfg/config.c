/* SPDX-License-Identifier: MIT */
/* HAProxy's configuration.txt: 2 "Configuring HAProxy", 3.1 "setenv", 4 "Proxies" */
#include "haproxy_cfg/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "haproxy_cfg/files.h"
#include "haproxy_cfg/words.h"

/* What a section of proxies can inherit. */
struct settings {
	const char *mode;
	const char *default_backend; /* or NULL */
	bool spop_check;
	bool disabled;
};

struct defaults {
	const char *name; /* may be empty */
	struct settings settings;
};

struct variable {
	const char *name;
	const char *value; /* NULL: unset */
};

enum section { OTHER, GLOBAL, DEFAULTS, FRONTEND, LISTEN, BACKEND };

struct haproxy_parts {
	char **texts; /* all that is pointed to */
	size_t ntexts;
	struct defaults *defaults;
	size_t ndefaults;
	const char **references;
	size_t nreferences;
	struct variable *variables; /* what "global" sets; the last counts */
	size_t nvariables;
	enum section section;
	struct settings now; /* of the section */
	const char *file;
	unsigned line;
	const char *error; /* static */
};

/* <rows>, of <size> bytes each, with room for one more behind the first <n>; NULL, and
 * they stay, if there is no memory.  They double.
 */
static void *with_room(struct haproxy_parts *p, void *rows, size_t n, size_t size)
{
	void *more = rows;

	if ((n & (n - 1)) == 0)
		more = realloc(rows, (n ? 2 * n : 1) * size);
	if (!more)
		p->error = "no memory";
	return more;
}

/* A copy that lasts as long as the configuration; empty if there is no memory. */
static const char *keep(struct haproxy_parts *p, const char *text)
{
	char **rows = with_room(p, p->texts, p->ntexts, sizeof(*rows)), *copy;

	if (!rows)
		return "";
	p->texts = rows;
	copy = strdup(text);
	if (!copy) {
		p->error = "no memory";
		return "";
	}
	rows[p->ntexts++] = copy;
	return copy;
}

static const char *value_of(void *context, struct slice name)
{
	const struct haproxy_parts *p = context;
	char text[256];

	for (size_t i = p->nvariables; i > 0; i--)
		if (slice_equal(name, slice_str(p->variables[i - 1].name)))
			return p->variables[i - 1].value;
	if (name.len >= sizeof(text))
		return NULL;
	memcpy(text, name.ptr, name.len);
	text[name.len] = '\0';
	return getenv(text);
}

static void set_variable(struct haproxy_parts *p, const char *name, const char *value)
{
	struct variable *rows = with_room(p, p->variables, p->nvariables, sizeof(*rows));

	if (!rows)
		return;
	p->variables = rows;
	rows[p->nvariables++] =
		(struct variable){keep(p, name), value ? keep(p, value) : NULL};
}

static void read_global(struct haproxy_parts *p, const struct haproxy_words *w)
{
	const char *keyword = w->word[0], *name = w->word[1];

	if (strcmp(keyword, "setenv") == 0 ||
	    (strcmp(keyword, "presetenv") == 0 && !value_of(p, slice_str(name))))
		set_variable(p, name, w->word[2]);
	else if (strcmp(keyword, "unsetenv") == 0)
		for (size_t i = 1; i < w->n; i++)
			set_variable(p, w->word[i], NULL);
}

/* A name that is an expression is known only when there is a connection. */
static void refer(struct haproxy_parts *p, const char *name)
{
	const char **rows;

	if (strchr(name, '%'))
		return;
	rows = with_room(p, p->references, p->nreferences, sizeof(*rows));
	if (!rows)
		return;
	p->references = rows;
	rows[p->nreferences++] = keep(p, name);
}

/* Of several checks the last counts. */
static bool is_check(const char *option)
{
	static const char *const checks[] = {
		"httpchk", "ldap-check", "mysql-check", "pgsql-check",   "redis-check",
		"smtpchk", "spop-check", "tcp-check",   "ssl-hello-chk",
	};

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (strcmp(option, checks[i]) == 0)
			return true;
	return false;
}

static void read_setting(struct haproxy_parts *p, const struct haproxy_words *w)
{
	const char *keyword = w->word[0], *argument = w->word[1];
	struct settings *s = &p->now;

	if (strcmp(keyword, "mode") == 0)
		s->mode = keep(p, argument);
	else if (strcmp(keyword, "option") == 0 && is_check(argument))
		s->spop_check = strcmp(argument, "spop-check") == 0;
	else if (strcmp(keyword, "disabled") == 0)
		s->disabled = true;
	else if (strcmp(keyword, "enabled") == 0)
		s->disabled = false;
	else if (strcmp(keyword, "default_backend") == 0)
		s->default_backend = keep(p, argument);
	else if (strcmp(keyword, "use_backend") == 0)
		refer(p, argument);
}

static const char *fault_of(const struct settings *s)
{
	if (s->spop_check || strcmp(s->mode, "spop") == 0)
		return "is for agents";
	if (strcmp(s->mode, "tcp") != 0)
		return "is not in mode tcp";
	return s->disabled ? "is disabled" : NULL;
}

static void end_section(struct haproxy_config *c)
{
	struct haproxy_parts *p = c->parts;

	if (p->section == DEFAULTS) {
		p->defaults[p->ndefaults - 1].settings = p->now;
	} else if (p->section == BACKEND || p->section == LISTEN) {
		c->proxies[c->n - 1].fault = fault_of(&p->now);
		c->proxies[c->n - 1].pool = !c->proxies[c->n - 1].fault;
	}
	if ((p->section == FRONTEND || p->section == LISTEN) && p->now.default_backend)
		refer(p, p->now.default_backend);
	p->section = OTHER;
}

/* What a section begins with: the settings of the "defaults" behind "from", or of the
 * last one; a "defaults" inherits nothing by itself.
 */
static void inherit(struct haproxy_parts *p, enum section section, const char *from)
{
	p->now = (struct settings){.mode = "tcp"};
	if (!from && section != DEFAULTS && p->ndefaults > 0)
		p->now = p->defaults[p->ndefaults - 1].settings;
	for (size_t i = p->ndefaults; from && i > 0; i--)
		if (strcmp(p->defaults[i - 1].name, from) == 0) {
			p->now = p->defaults[i - 1].settings;
			return;
		}
	if (from)
		p->error = "\"from\" names no defaults section above";
}

static void add_defaults(struct haproxy_parts *p, const char *name)
{
	struct defaults *rows = with_room(p, p->defaults, p->ndefaults, sizeof(*rows));

	if (!rows)
		return;
	p->defaults = rows;
	rows[p->ndefaults++] = (struct defaults){keep(p, name), p->now};
}

static void add_proxy(struct haproxy_config *c, const char *name)
{
	struct haproxy_parts *p = c->parts;
	struct haproxy_proxy *rows = with_room(p, c->proxies, c->n, sizeof(*rows));

	if (!rows)
		return;
	c->proxies = rows;
	rows[c->n++] = (struct haproxy_proxy){
		.name = keep(p, name), .file = p->file, .line = p->line};
}

/* The line that begins a section of proxies: KIND NAME [from DEFAULTS] */
static void begin_section(struct haproxy_config *c, enum section section,
			  const struct haproxy_words *w)
{
	struct haproxy_parts *p = c->parts;
	/* a defaults section needs no name */
	bool unnamed =
		section == DEFAULTS && w->n == 3 && strcmp(w->word[1], "from") == 0;
	const char *const *from = &w->word[unnamed ? 1 : 2];

	inherit(p, section, strcmp(from[0], "from") == 0 ? from[1] : NULL);
	if (section != DEFAULTS && w->word[1][0] == '\0')
		p->error = "a section of proxies without a name";
	if (!p->error && section == DEFAULTS)
		add_defaults(p, unnamed ? "" : w->word[1]);
	else if (!p->error && section != FRONTEND)
		add_proxy(c, w->word[1]);
	if (!p->error)
		p->section = section;
}

static void read_words(struct haproxy_config *c, const struct haproxy_words *w)
{
	static const struct {
		const char *keyword;
		enum section section;
	} sections[] = {
		{"global", GLOBAL},     {"defaults", DEFAULTS}, {"frontend", FRONTEND},
		{"listen", LISTEN},     {"backend", BACKEND},   {"peers", OTHER},
		{"resolvers", OTHER},   {"userlist", OTHER},    {"mailers", OTHER},
		{"program", OTHER},     {"http-errors", OTHER}, {"ring", OTHER},
		{"log-forward", OTHER}, {"log-profile", OTHER}, {"cache", OTHER},
		{"fcgi-app", OTHER},    {"crt-store", OTHER},   {"traces", OTHER},
		{"acme", OTHER},
	};
	struct haproxy_parts *p = c->parts;

	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		if (strcmp(w->word[0], sections[i].keyword) == 0) {
			end_section(c);
			if (sections[i].section > GLOBAL)
				begin_section(c, sections[i].section, w);
			else
				p->section = sections[i].section;
			return;
		}
	if (p->section == GLOBAL)
		read_global(p, w);
	else if (p->section != OTHER)
		read_setting(p, w);
}

static void read_lines(struct haproxy_config *c, FILE *in)
{
	struct haproxy_parts *p = c->parts;
	const struct haproxy_variables variables = {value_of, p};
	struct haproxy_words words;
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	while (!p->error && (len = getline(&line, &room, in)) >= 0) {
		p->line++;
		p->error = haproxy_words_read(&words, slice_of(line, (size_t)len),
					      &variables);
		if (!p->error)
			read_words(c, &words);
	}
	if (!p->error && ferror(in))
		p->error = strerror(errno);
	free(line);
	end_section(c);
}

static bool read_file(void *context, const char *path)
{
	struct haproxy_config *c = context;
	struct haproxy_parts *p = c->parts;
	FILE *in = fopen(path, "re");

	p->file = keep(p, path);
	p->line = 0;
	p->section = OTHER;
	if (!in) {
		p->error = strerror(errno);
		return false;
	}
	if (!p->error)
		read_lines(c, in);
	fclose(in);
	return !p->error;
}

static void mark_references(struct haproxy_config *c)
{
	const struct haproxy_parts *p = c->parts;

	for (size_t i = 0; i < c->n; i++)
		for (size_t k = 0; k < p->nreferences; k++)
			if (strcmp(c->proxies[i].name, p->references[k]) == 0)
				c->proxies[i].referenced = true;
}

bool haproxy_config_read(struct haproxy_config *c, const char *path, char *error,
			 size_t size)
{
	bool ok;

	if (!c->parts)
		c->parts = calloc(1, sizeof(*c->parts));
	if (!c->parts) {
		snprintf(error, size, "%s: no memory", path);
		return false;
	}
	c->parts->error = NULL;
	ok = haproxy_files(path, read_file, c, error, size);
	if (c->parts->error && c->parts->line > 0)
		snprintf(error, size, "%s:%u: %s", c->parts->file, c->parts->line,
			 c->parts->error);
	else if (c->parts->error)
		snprintf(error, size, "%s: %s", c->parts->file, c->parts->error);
	mark_references(c);
	return ok;
}

const struct haproxy_proxy *haproxy_config_find(const struct haproxy_config *c,
						const char *name)
{
	const struct haproxy_proxy *found = NULL;

	for (size_t i = 0; i < c->n; i++)
		if ((!found || (!found->pool && c->proxies[i].pool)) &&
		    strcmp(c->proxies[i].name, name) == 0)
			found = &c->proxies[i];
	return found;
}

void haproxy_config_free(struct haproxy_config *c)
{
	struct haproxy_parts *p = c->parts;

	if (p) {
		for (size_t i = 0; i < p->ntexts; i++)
			free(p->texts[i]);
		free(p->texts);
		free(p->defaults);
		free(p->references);
		free(p->variables);
	}
	free(p);
	free(c->proxies);
	*c = (struct haproxy_config){0};
}
