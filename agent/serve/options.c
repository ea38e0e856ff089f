/* SPDX-License-Identifier: MIT */
#include "serve/options.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/sink.h"

enum { MAX_WORKERS = 256, MAX_DECISIONS = 1000000, MAX_FRAME_SIZE = 16 * 1024 * 1024 };

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
	      "  --decisions N         how many to remember for dicom-spoa why, 0 to "
	      "1000000\n"
	      "                        (default 1000), 32 KB each at most\n"
	      "  --user NAME           run as this user once the sockets are open\n"
	      "  --log-level LEVEL     error, info or debug (default info)\n"
	      "  --log-format FORMAT   text or json (default text)\n"
	      "  --log WHERE           stderr or syslog (default stderr)\n"
	      "  --log-patients FILE   log each decision, with a pseudonym of the "
	      "patient: FILE\n"
	      "                        is the key, see dicom-spoa pseudonym\n"
	      "  --help                print this\n"
	      "\n"
	      "The policy is read again when its file changes, or at "
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
	OPTION_DECISIONS,
	OPTION_USER,
	OPTION_LOG_LEVEL,
	OPTION_LOG_FORMAT,
	OPTION_LOG,
	OPTION_LOG_PATIENTS,
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
	{"decisions", required_argument, NULL, OPTION_DECISIONS},
	{"user", required_argument, NULL, OPTION_USER},
	{"log-level", required_argument, NULL, OPTION_LOG_LEVEL},
	{"log-format", required_argument, NULL, OPTION_LOG_FORMAT},
	{"log", required_argument, NULL, OPTION_LOG},
	{"log-patients", required_argument, NULL, OPTION_LOG_PATIENTS},
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
	case OPTION_DECISIONS:
		if (!parse_number("decisions", value, 10, 0, MAX_DECISIONS, &n))
			return false;
		o->decisions = n;
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

static bool log_option(int id, const char *value)
{
	enum log_level level;

	switch (id) {
	case OPTION_LOG_LEVEL:
		if (!log_level_of(value, &level))
			return usage_error("log-level", value, "error, info or debug");
		log_set_level(level);
		return true;
	case OPTION_LOG_FORMAT:
		if (strcmp(value, "text") != 0 && strcmp(value, "json") != 0)
			return usage_error("log-format", value, "text or json");
		log_set_format(value[0] == 'j' ? LOG_JSON : LOG_TEXT);
		return true;
	default:
		if (strcmp(value, "stderr") != 0 && strcmp(value, "syslog") != 0)
			return usage_error("log", value, "stderr or syslog");
		sink_set(value[1] == 'y' ? SINK_SYSLOG : sink_of_stderr());
		return true;
	}
}

static bool serve_option(struct serve_options *o, int id, const char *value)
{
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
	case OPTION_LOG_PATIENTS:
		o->patients = value;
		return true;
	case OPTION_USER:
		o->user = value;
		return true;
	case OPTION_LOG_LEVEL:
	case OPTION_LOG_FORMAT:
	case OPTION_LOG:
		return log_option(id, value);
	default:
		return numeric_option(o, id, value);
	}
}

bool serve_options_end(int argc, char **argv, struct serve_options *o,
		       enum exit_status *status)
{
	int id;

	*status = EXIT_USAGE;
	sink_set(sink_of_stderr());
	if (o->server.workers == 0)
		o->server.workers = processors();
	while ((id = getopt_long(argc, argv, "", serve_long_options, NULL)) != -1) {
		if (id == OPTION_HELP) {
			print_serve_usage(stdout);
			*status = EXIT_OK;
			return true;
		}
		if (id == '?' || !serve_option(o, id, optarg)) {
			print_serve_usage(stderr);
			return true;
		}
	}
	if (optind == argc && o->policy && o->naddresses > 0)
		return false;
	if (optind < argc)
		fprintf(stderr, "dicom-spoa: %s: unexpected\n", argv[optind]);
	else
		fprintf(stderr, "dicom-spoa: --policy and --listen are needed\n");
	print_serve_usage(stderr);
	return true;
}
