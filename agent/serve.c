/* SPDX-License-Identifier: MIT */
/* Arguments, privileges, wiring. */
#include "serve.h"

#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "decide.h"
#include "exporter.h"
#include "log.h"
#include "metrics.h"
#include "reload.h"
#include "server.h"

enum {
	MAX_WORKERS = 256,
	MAX_FRAME_SIZE = 16 * 1024 * 1024,
	DEFAULT_FRAME_SIZE = 128 * 1024,
	DEFAULT_MAX_CONNECTIONS = 4096,
	DEFAULT_HELLO_MS = 10000,
	LINGER_MS = 2000,
	DRAIN_MS = 5000
};

static const char default_metrics[] = "127.0.0.1:8405";

struct serve_options {
	const char *policy;
	const char *user;
	const char *metrics; /* NULL: not given */
	const char *addresses[LISTENER_MAX];
	size_t naddresses;
	mode_t socket_mode;
	struct server_config server;
};

static void print_serve_usage(FILE *out)
{
	fputs("usage: dicom-spoa serve --policy FILE --listen ADDRESS [OPTION]...\n"
	      "\n"
	      "  --policy FILE         the rules (JSON)\n"
	      "  --listen ADDRESS      HOST:PORT, [IPv6]:PORT, *:PORT or unix@/path;\n"
	      "                        may be given several times\n"
	      "  --socket-mode MODE    permissions of UNIX sockets, octal (default 660)\n"
	      "  --workers N           threads (default: one for each processor)\n"
	      "  --max-frame-size N    bytes, 256 to 16777216 (default 131072)\n"
	      "  --max-connections N   of all workers (default 4096)\n"
	      "  --hello-timeout MS    from connection to HELLO (default 10000)\n"
	      "  --metrics HOST:PORT   Prometheus' metrics, /healthz and /readyz over "
	      "HTTP,\n"
	      "                        or off (default 127.0.0.1:8405, if it is free)\n"
	      "  --user NAME           run as this user once the sockets are open\n"
	      "  --log-level LEVEL     error, info or debug (default info)\n"
	      "  --help                print this\n"
	      "\n"
	      "Logs to stderr.  The policy is read again when its file changes, or at "
	      "SIGHUP.\n"
	      "SIGTERM ends it: status 0 once all that came is answered.\n"
	      "Status 1: bad configuration.  Status 2: bad usage.\n",
	      out);
}

/*** arguments ***/

static bool usage_error(const char *option, const char *value, const char *expected)
{
	fprintf(stderr, "dicom-spoa: --%s %s: expected %s\n", option, value, expected);
	return false;
}

static bool parse_number(const char *option, const char *text, int base,
			 unsigned long min, unsigned long max, unsigned long *number)
{
	char expected[64];
	char *end;

	errno = 0;
	*number = strtoul(text, &end, base);
	if (errno == 0 && *text >= '0' && *text <= '9' && *end == '\0' &&
	    *number >= min && *number <= max)
		return true;
	snprintf(expected, sizeof(expected),
		 base == 8 ? "an octal number from %lo to %lo"
			   : "a number from %lu to %lu",
		 min, max);
	return usage_error(option, text, expected);
}

static unsigned processors(void)
{
	cpu_set_t set;
	int count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

	return count < 1 ? 1 : count > MAX_WORKERS ? MAX_WORKERS : (unsigned)count;
}

enum option_id {
	OPTION_POLICY = 256,
	OPTION_LISTEN,
	OPTION_SOCKET_MODE,
	OPTION_WORKERS,
	OPTION_MAX_FRAME_SIZE,
	OPTION_MAX_CONNECTIONS,
	OPTION_HELLO_TIMEOUT,
	OPTION_METRICS,
	OPTION_USER,
	OPTION_LOG_LEVEL,
	OPTION_HELP
};

static const struct option serve_long_options[] = {
	{"policy", required_argument, NULL, OPTION_POLICY},
	{"listen", required_argument, NULL, OPTION_LISTEN},
	{"socket-mode", required_argument, NULL, OPTION_SOCKET_MODE},
	{"workers", required_argument, NULL, OPTION_WORKERS},
	{"max-frame-size", required_argument, NULL, OPTION_MAX_FRAME_SIZE},
	{"max-connections", required_argument, NULL, OPTION_MAX_CONNECTIONS},
	{"hello-timeout", required_argument, NULL, OPTION_HELLO_TIMEOUT},
	{"metrics", required_argument, NULL, OPTION_METRICS},
	{"user", required_argument, NULL, OPTION_USER},
	{"log-level", required_argument, NULL, OPTION_LOG_LEVEL},
	{"help", no_argument, NULL, OPTION_HELP},
	{NULL, 0, NULL, 0},
};

static bool numeric_option(struct serve_options *o, int id, const char *value)
{
	unsigned long n = 0;

	switch (id) {
	case OPTION_SOCKET_MODE:
		if (!parse_number("socket-mode", value, 8, 0, 0777, &n))
			return false;
		o->socket_mode = (mode_t)n;
		return true;
	case OPTION_WORKERS:
		if (!parse_number("workers", value, 10, 1, MAX_WORKERS, &n))
			return false;
		o->server.workers = (unsigned)n;
		return true;
	case OPTION_MAX_FRAME_SIZE:
		if (!parse_number("max-frame-size", value, 10, SPOP_MIN_FRAME_SIZE,
				  MAX_FRAME_SIZE, &n))
			return false;
		o->server.limits.max_frame_bytes = (uint32_t)n;
		return true;
	case OPTION_MAX_CONNECTIONS:
		if (!parse_number("max-connections", value, 10, 1, 1000000, &n))
			return false;
		o->server.max_connections = (unsigned)n;
		return true;
	case OPTION_HELLO_TIMEOUT:
		if (!parse_number("hello-timeout", value, 10, 1, 3600000, &n))
			return false;
		o->server.limits.hello_ms = (unsigned)n;
		return true;
	default:
		return false;
	}
}

static bool serve_option(struct serve_options *o, int id, const char *value)
{
	enum log_level level;

	switch (id) {
	case OPTION_POLICY:
		o->policy = value;
		return true;
	case OPTION_LISTEN:
		if (o->naddresses == LISTENER_MAX)
			return usage_error("listen", value, "fewer addresses");
		o->addresses[o->naddresses++] = value;
		return true;
	case OPTION_METRICS:
		o->metrics = value;
		return true;
	case OPTION_USER:
		o->user = value;
		return true;
	case OPTION_LOG_LEVEL:
		if (!log_level_of(value, &level))
			return usage_error("log-level", value, "error, info or debug");
		log_set_level(level);
		return true;
	default:
		return numeric_option(o, id, value);
	}
}

/*** serve ***/

static void *worker_new(void *policies)
{
	return decide_new(policies);
}

static void worker_free(void *context)
{
	decide_free(context);
}

static void on_message(void *context, struct slice name, struct reader args,
		       unsigned nargs, struct writer *ack)
{
	decide_message(context, name, args, nargs, ack);
	decide_release(context);
}

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
		log_begin(&line, LOG_INFO, "privileges");
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
	for (size_t i = 0; i < o->naddresses; i++)
		if (!listener_open(listeners, o->addresses[i], &owner, &error))
			return configuration_error(error.text);
	return true;
}

/* Without --metrics they are a gift: an address that is taken, by another agent on this
 * machine most likely, is no reason not to serve.
 */
static bool open_exporter(const struct serve_options *o, struct exporter **exporter)
{
	struct listener_error error;
	struct log_line line;

	if (o->metrics && strcmp(o->metrics, "off") == 0)
		return true;
	*exporter = exporter_open(o->metrics ? o->metrics : default_metrics, &error);
	if (*exporter)
		return true;
	if (o->metrics)
		return configuration_error(error.text);
	log_begin(&line, LOG_ERROR, "metrics");
	log_text(&line, "reason", error.text);
	log_text(&line, "consequence",
		 "no metrics; --metrics HOST:PORT or --metrics off");
	log_end(&line);
	return true;
}

/* What the main thread looks after while the workers work */
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

/* With the policy loaded: sockets first, then privileges, then work. */
static bool serve_policies(const struct serve_options *o, struct reload *reload)
{
	struct server_config config = o->server;
	static struct listeners listeners;
	struct main_thread main_thread = {.reload = reload};
	struct passwd *user = NULL;
	bool ok;

	if (o->user && !(user = getpwnam(o->user)))
		return configuration_error("--user: there is no such user");
	config.shared = reload_policies(reload);
	config.ticking = &main_thread;
	raise_descriptor_limit();
	ok = open_exporter(o, &main_thread.exporter) &&
	     open_listeners(o, user, &listeners) && drop_privileges(user) &&
	     (!main_thread.exporter || exporter_start(main_thread.exporter));
	if (ok)
		ok = server_run(&config, &listeners);
	else
		listeners_close(&listeners);
	if (main_thread.exporter)
		exporter_stop(main_thread.exporter);
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
	.server =
		{
			.max_connections = DEFAULT_MAX_CONNECTIONS,
			.drain_ms = DRAIN_MS,
			.limits = {DEFAULT_FRAME_SIZE, DEFAULT_HELLO_MS, LINGER_MS},
			.error_variable = "error",
			.on_message = on_message,
			.worker_new = worker_new,
			.worker_free = worker_free,
			.tick_ms = RELOAD_TICK_MS,
			.on_tick = on_tick,
			.on_serving = on_serving,
		},
};

int serve_command(int argc, char **argv)
{
	struct serve_options o = serve_defaults;
	int id;

	o.server.workers = processors();
	while ((id = getopt_long(argc, argv, "", serve_long_options, NULL)) != -1) {
		if (id == OPTION_HELP) {
			print_serve_usage(stdout);
			return EXIT_OK;
		}
		if (id == '?' || !serve_option(&o, id, optarg)) {
			print_serve_usage(stderr);
			return EXIT_USAGE;
		}
	}
	if (optind < argc || !o.policy || o.naddresses == 0) {
		if (optind < argc)
			fprintf(stderr, "dicom-spoa: %s: unexpected\n", argv[optind]);
		else
			fprintf(stderr, "dicom-spoa: --policy and --listen are needed\n");
		print_serve_usage(stderr);
		return EXIT_USAGE;
	}
	return (int)serve(&o);
}
