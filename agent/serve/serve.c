/* SPDX-License-Identifier: MIT */
/* Puts the parts of the daemon together; privileges. */
#include "serve/serve.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "serve/exporter.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "serve/reload.h"
#include "serve/options.h"
#include "serve/handler.h"

enum {
	DEFAULT_FRAME_SIZE = 128 * 1024,
	DEFAULT_MAX_CONNECTIONS = 4096,
	DEFAULT_DECISIONS = 1000,
	DEFAULT_HELLO_MS = 10000,
	LINGER_MS = 2000,
	DRAIN_MS = 5000
};

static bool configuration_error(const char *text)
{
	fprintf(stderr, "dicom-spoa: %s\n", text);
	return false;
}

/* One descriptor for each connection is needed; the hard limit is the administrator's. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static bool drop_privileges(const struct passwd *user)
{
	struct log_line line;

	if (!user) {
		if (geteuid() != 0)
			return true;
		log_begin(&line, LOG_LEVEL_INFO, "privileges");
		log_text(&line, "warning", "running as root; --user NAME drops that");
		log_end(&line);
		return true;
	}
	if (geteuid() == user->pw_uid && getegid() == user->pw_gid)
		return true;
	if (initgroups(user->pw_name, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 ||
	    setuid(user->pw_uid) != 0)
		return configuration_error("--user: cannot change to that user");
	return true;
}

static bool open_listeners(const struct serve_options *o, const struct passwd *user,
			   struct listeners *listeners)
{
	struct listener_owner owner = {o->socket_mode, (uid_t)-1, (gid_t)-1};
	struct listener_error error;

	if (user && geteuid() == 0) {
		owner.uid = user->pw_uid;
		owner.gid = user->pw_gid;
	}
	for (size_t i = 0; i < o->addresses.n; i++)
		if (!listener_open(listeners, o->addresses.list[i], &owner, &error))
			return configuration_error(error.text);
	return true;
}

/* Without --metrics they are optional: if the default address is taken, most likely by
 * another agent on this machine, this one serves without them.
 */
static bool open_exporter(const struct serve_options *o, struct exporter **exporter)
{
	struct listener_error error;
	struct log_line line;

	if (o->metrics && strcmp(o->metrics, "off") == 0)
		return true;
	*exporter = exporter_open(o->metrics ? o->metrics : COMMAND_AGENT, &error);
	if (*exporter)
		return true;
	if (o->metrics)
		return configuration_error(error.text);
	log_begin(&line, LOG_LEVEL_ERROR, "metrics");
	log_text(&line, "reason", error.text);
	log_text(&line, "consequence",
		 "no metrics; --metrics HOST:PORT or --metrics off");
	log_end(&line);
	return true;
}

/* What the main thread works on while the workers answer */
struct main_thread {
	struct reload *reload;
	struct exporter *exporter; /* NULL: off */
};

static void on_tick(void *main_thread, bool asked)
{
	reload_tick(((struct main_thread *)main_thread)->reload, asked);
}

static void on_serving(void *main_thread, bool serving)
{
	struct main_thread *m = main_thread;

	if (m->exporter)
		exporter_set_ready(m->exporter, serving);
}

/* Decisions are remembered only if the exporter can show them.  If there is no memory for
 * them, the agent serves without them.
 */
static void open_decisions(size_t n, struct handler_shared *shared, struct exporter *e)
{
	struct log_line line;

	if (!e || n == 0)
		return;
	shared->decisions = journal_new(n);
	exporter_show(e, shared->decisions, shared->policies);
	if (shared->decisions)
		return;
	log_begin(&line, LOG_LEVEL_ERROR, "decisions");
	log_text(&line, "reason", "out of memory");
	log_text(&line, "consequence", "none are remembered");
	log_end(&line);
}

/* Before privileges are dropped: the key may be readable by root alone. */
static bool open_key(const char *path, struct handler_shared *shared)
{
	static struct pseudonym_key key;
	const char *why = path ? pseudonym_read_key(path, &key) : NULL;

	if (why) {
		fprintf(stderr, "dicom-spoa: --log-patients %s: %s\n", path, why);
		return false;
	}
	shared->patients = path ? &key : NULL;
	return true;
}

/* The policy has been loaded.  Sockets are opened before privileges are dropped. */
static bool serve_policies(const struct serve_options *o, struct reload *reload)
{
	struct server_config config = o->server;
	static struct listeners listeners;
	struct main_thread main_thread = {.reload = reload};
	struct handler_shared shared = {.policies = reload_policies(reload)};
	struct passwd *user = NULL;
	bool ok;

	if (o->user && !(user = getpwnam(o->user)))
		return configuration_error("--user: there is no such user");
	config.shared = &shared;
	config.ticking = &main_thread;
	raise_descriptor_limit();
	ok = open_key(o->patients, &shared) && open_exporter(o, &main_thread.exporter);
	open_decisions(o->decisions, &shared, main_thread.exporter);
	ok = ok && open_listeners(o, user, &listeners) && drop_privileges(user) &&
	     (!main_thread.exporter || exporter_start(main_thread.exporter));
	if (ok)
		ok = server_run(&config, &listeners);
	else
		listeners_close(&listeners);
	if (main_thread.exporter)
		exporter_stop(main_thread.exporter);
	journal_free(shared.decisions);
	return ok;
}

static enum exit_status serve(const struct serve_options *o)
{
	static struct report report;
	struct reload *reload;
	bool ok;

	metrics_begin(DICOM_SPOA_VERSION);
	reload = reload_new(o->policy, &report);
	ok = reload && serve_policies(o, reload);

	for (size_t i = 0; i < report.n; i++)
		fprintf(stderr, "dicom-spoa: %s\n", report.entries[i].text);
	report_clear(&report);
	reload_free(reload);
	return ok ? EXIT_OK : EXIT_CONFIGURATION;
}

static const struct serve_options serve_defaults = {
	.socket_mode = 0660,
	.decisions = DEFAULT_DECISIONS,
	.server =
		{
			.max_connections = DEFAULT_MAX_CONNECTIONS,
			.drain_ms = DRAIN_MS,
			.limits = {DEFAULT_FRAME_SIZE, DEFAULT_HELLO_MS, LINGER_MS},
			.error_variable = "error",
			.on_message = handler_on_message,
			.handler_new = handler_new,
			.handler_free = handler_free,
			.tick_ms = RELOAD_TICK_MS,
			.on_tick = on_tick,
			.on_serving = on_serving,
		},
};

int serve_command(int argc, char **argv)
{
	struct serve_options o = serve_defaults;
	int status;

	if (!serve_options_read(argc, argv, &o, &status))
		return status;
	return (int)serve(&o);
}
