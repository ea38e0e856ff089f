/* SPDX-License-Identifier: MIT */
#include "cli/why.h"
#include "base/command.h"
#include "cli/explain_text.h"
#include "net/http_get.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

enum { ANSWER_MS = 5000, ID_MAX = 64 };

struct why {
	const char *id;
	struct command_texts agents;
	bool json;
	json_t *found;        /* what is known, of the agent that was asked last */
	const char *found_at; /* which one that is */
	bool failed;          /* some agent could not be asked */
};

static const char usage[] =
	"usage: dicom-spoa why ID [OPTION]...\n"
	"\n"
	"Says where an association was sent, and why: the one that stands as id=\"ID\" "
	"in\n"
	"HAProxy's log.  It shows no values that may be a patient's.\n"
	"\n"
	"  --agent HOST:PORT     serve --metrics of an agent; may be given several "
	"times\n"
	"                        (default " COMMAND_AGENT ")\n"
	"  --json                for programs\n"
	"  --help                print this\n"
	"\n"
	"Status 1: no agent knows it, or not any more.  Status 2: bad usage.\n";

/* What goes into the path of a request as it is. */
static bool is_id(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len <= ID_MAX &&
	       strspn(text,
		      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		      "-_.:") == len;
}

/*** asking ***/

static const char *text_of(const json_t *entry, const char *name)
{
	const char *text = json_string_value(json_object_get(entry, name));

	return text ? text : "";
}

/* Rank: accept < more < final. */
static int weight_of(const json_t *entry)
{
	const char *verdict = text_of(entry, "verdict");

	return strcmp(verdict, "accept") == 0 ? 0 : strcmp(verdict, "more") == 0 ? 1 : 2;
}

/* Two agents may have answered one association, one message each: the last one decided.
 * Their clocks need not agree, nor tell it.
 */
static void keep_later(struct why *w, json_t *entry, const char *agent)
{
	int more = w->found ? weight_of(entry) - weight_of(w->found) : 1;

	if (more < 0 || (more == 0 && strcmp(text_of(entry, "answered"),
					     text_of(w->found, "answered")) <= 0)) {
		json_decref(entry);
		return;
	}
	json_decref(w->found);
	w->found = entry;
	w->found_at = agent;
}

static void complain(struct why *w, const char *agent, const char *why)
{
	fprintf(stderr, "dicom-spoa: %s: %s\n", agent, why);
	w->failed = true;
}

static void ask(struct why *w, const char *agent)
{
	struct http_answer answer;
	char path[128], why[HTTP_ERROR];
	json_t *entry;

	snprintf(path, sizeof(path), "/decisions/%s", w->id);
	if (!http_get(agent, path, ANSWER_MS, &answer, why)) {
		complain(w, agent, why);
		return;
	}
	entry = json_loadb((const char *)answer.body.ptr, answer.body.len, 0, NULL);
	if (answer.status == 200 && json_is_object(entry))
		keep_later(w, json_incref(entry), agent);
	else if (answer.status != 404)
		complain(w, agent, "its answer is not that of an agent");
	else if (memmem(answer.body.ptr, answer.body.len, "remembered", 10))
		complain(w, agent, "it remembers no decisions (serve --decisions 0)");
	json_decref(entry);
	free(answer.bytes);
}

/*** telling ***/

static void print_line(const json_t *entry, const char *name, const char *words)
{
	const json_t *value = json_object_get(entry, name);
	char *text = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;

	if (text)
		printf("    %s %s\n", words, text);
	free(text);
}

/* The rules, as `explain` tells them; or what is known without them. */
static void print_reasons(const json_t *entry)
{
	const char *rule = text_of(entry, "rule");

	if (json_object_get(entry, "rules")) {
		explain_text_print(entry);
		return;
	}
	if (*text_of(entry, "backend"))
		printf("pool %s by rule \"%s\"\n", text_of(entry, "backend"), rule);
	else if (*rule)
		printf("refused by rule \"%s\"\n", rule);
	else
		printf("no rule decided\n");
	if (*text_of(entry, "error"))
		printf("    %s\n", text_of(entry, "error"));
	printf("    the rules that were tried are not known: %s\n",
	       text_of(entry, "untraced"));
}

static void print_verdict(const char *verdict)
{
	if (strcmp(verdict, "accept") == 0)
		puts("the SCU was accepted; nothing more was asked, so this is the "
		     "fallback:");
	else if (strcmp(verdict, "more") == 0)
		puts("the data that came did not decide; this is the fallback:");
}

static void print_entry(const struct why *w)
{
	const json_t *entry = w->found;

	printf("association %s, %s\n", w->id, text_of(entry, "time"));
	print_line(entry, "client", "client");
	print_line(entry, "calling_ae", "calling AE title");
	print_line(entry, "called_ae", "called AE title");
	print_line(entry, "sop_class", "SOP class");
	print_line(entry, "transfer_syntax", "transfer syntax");
	print_line(entry, "policy", "policy");
	printf("    decided by the agent at %s in %lld us, after %lld questions\n",
	       w->found_at,
	       (long long)json_integer_value(json_object_get(entry, "decision_us")),
	       (long long)json_integer_value(json_object_get(entry, "questions")));
	print_verdict(text_of(entry, "verdict"));
	print_reasons(entry);
}

static bool tell(const struct why *w)
{
	if (!w->found) {
		fprintf(stderr,
			"dicom-spoa: %s: %s knows this association; it may be older than "
			"those that are remembered, or an agent has restarted\n",
			w->id,
			w->failed ? "no agent that answered" : "no agent that was asked");
		return false;
	}
	if (!w->json)
		print_entry(w);
	else if (json_dumpf(w->found, stdout, JSON_INDENT(2)) == 0)
		putchar('\n');
	return true;
}

int why_command(int argc, char **argv)
{
	static struct why w;
	const struct command_option options[] = {
		{"agent", .texts = &w.agents}, {"json", .flag = &w.json}, {.name = NULL}};
	int status;
	char **args = command_arguments(argc, argv, usage, options, 1, &status);
	bool told;

	if (!args)
		return status;
	if (!is_id(args[0]))
		return command_misused(usage, "%s: expected an ID of HAProxy's log",
				       args[0]);
	w.id = args[0];
	if (w.agents.n == 0)
		w.agents.list[w.agents.n++] = COMMAND_AGENT;
	for (size_t i = 0; i < w.agents.n; i++)
		ask(&w, w.agents.list[i]);
	told = tell(&w);
	json_decref(w.found);
	return told ? EXIT_OK : EXIT_CONFIGURATION;
}
