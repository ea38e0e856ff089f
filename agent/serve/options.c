/* SPDX-License-Identifier: MIT */
#include "serve/options.h"

#include <sched.h>
#include <string.h>

#include "base/log.h"

enum { MAX_WORKERS = 256, MAX_DECISIONS = 1000000, MAX_FRAME_SIZE = 16 * 1024 * 1024 };

static const char usage[] =
	"usage: dicom-spoa serve --policy FILE --listen ADDRESS [OPTION]...\n"
	"\n"
	"  --policy FILE         the rules (JSON)\n"
	"  --listen ADDRESS      HOST:PORT, [IPv6]:PORT, *:PORT or unix@/path;\n"
	"                        may be given several times\n"
	"  --socket-mode MODE    permissions of UNIX sockets, octal (default 660)\n"
	"  --workers N           threads (default: one for each processor)\n"
	"  --max-frame-size N    bytes, 256 to 16777216 (default 131072)\n"
	"  --max-connections N   of all workers (default 4096)\n"
	"  --hello-timeout MS    from connection to HELLO (default 10000)\n"
	"  --metrics HOST:PORT   Prometheus' metrics, /healthz and /readyz over HTTP,\n"
	"                        or off (default " COMMAND_AGENT ", if it is free)\n"
	"  --decisions N         how many to remember for dicom-spoa why, 0 to 1000000\n"
	"                        (default 1000), 32 KB each at most\n"
	"  --user NAME           run as this user once the sockets are open\n"
	"  --log-level LEVEL     error, info or debug (default info)\n"
	"  --log-format FORMAT   text or json (default text)\n"
	"  --log WHERE           stderr or syslog (default stderr)\n"
	"  --log-patients FILE   log each decision, with a pseudonym of the patient: "
	"FILE\n"
	"                        is the key, see dicom-spoa pseudonym\n"
	"  --help                print this\n"
	"\n"
	"The policy is read again when its file changes, or at SIGHUP.\n"
	"SIGTERM ends it: status 0 once all that came is answered.\n"
	"Status 1: bad configuration.  Status 2: bad usage.\n";

static unsigned processors(void)
{
	cpu_set_t set;
	int count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

	return count < 1 ? 1 : count > MAX_WORKERS ? MAX_WORKERS : (unsigned)count;
}

static bool read_log_level(const char *value, void *to)
{
	enum log_level level;

	(void)to;
	if (!log_level_of(value, &level))
		return false;
	log_set_level(level);
	return true;
}

static bool read_log_format(const char *value, void *to)
{
	(void)to;
	log_set_format(value[0] == 'j' ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT);
	return strcmp(value, "text") == 0 || strcmp(value, "json") == 0;
}

static bool read_log(const char *value, void *to)
{
	(void)to;
	log_set_destination(value[1] == 'y' ? LOG_TO_SYSLOG
					    : log_destination_of_stderr());
	return strcmp(value, "syslog") == 0 || strcmp(value, "stderr") == 0;
}

bool serve_options_read(int argc, char **argv, struct serve_options *o, int *status)
{
	const struct command_option options[] = {
		{"policy", .text = &o->policy},
		{"listen", .texts = &o->addresses},
		{"socket-mode", .number = &o->socket_mode, .max = 0777, .octal = true},
		{"workers", .number = &o->server.workers, .min = 1, .max = MAX_WORKERS},
		{"max-frame-size", .number = &o->server.limits.max_frame_bytes,
		 .min = SPOP_MIN_FRAME_SIZE, .max = MAX_FRAME_SIZE},
		{"max-connections", .number = &o->server.max_connections, .min = 1,
		 .max = 1000000},
		{"hello-timeout", .number = &o->server.limits.hello_ms, .min = 1,
		 .max = 3600000},
		{"metrics", .text = &o->metrics},
		{"decisions", .number = &o->decisions, .max = MAX_DECISIONS},
		{"user", .text = &o->user},
		{"log-level", .read = read_log_level, .expected = "error, info or debug"},
		{"log-format", .read = read_log_format, .expected = "text or json"},
		{"log", .read = read_log, .expected = "stderr or syslog"},
		{"log-patients", .text = &o->patients},
		{.name = NULL},
	};

	log_set_destination(log_destination_of_stderr());
	o->server.workers = processors();
	if (!command_arguments(argc, argv, usage, options, 0, status))
		return false;
	if (o->policy && o->addresses.n > 0)
		return true;
	*status = command_misused(usage, "--policy and --listen are needed");
	return false;
}
