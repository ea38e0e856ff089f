/* SPDX-License-Identifier: MIT */
#include "top/top.h"
#include "base/command.h"
#include "base/clock.h"
#include "top/tables.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { ANSWER_MS = 2000 };

static volatile sig_atomic_t told_to_end;

static const char usage[] =
	"usage: dicom-spoa top [OPTION]...\n"
	"\n"
	"Shows what agents do at the moment: associations by rule and pool, the time of\n"
	"an answer, refusals and why, the policy in force.  `q` ends it.\n"
	"\n"
	"  --agent HOST:PORT     serve --metrics of an agent; may be given several\n"
	"                        times: their counters are added up\n"
	"                        (default " COMMAND_AGENT ")\n"
	"  --interval SECONDS    between two looks (default 1)\n"
	"  --once                look twice, print that, and end; so it does where the\n"
	"                        output is no terminal\n"
	"  --help                print this\n"
	"\n"
	"Status 1: no agent answered.  Status 2: bad usage.\n";

static bool read_interval(const char *value, void *to)
{
	double *seconds = to;
	char *end;

	*seconds = strtod(value, &end);
	return end != value && *end == '\0' && *seconds >= 0.1 && *seconds <= 3600;
}

/*** looking ***/

static bool look(struct top *t)
{
	bool any = false;

	for (size_t i = 0; i < t->n; i++) {
		top_agent_ask(&t->agents[i], ANSWER_MS);
		any |= !t->agents[i].why[0];
	}
	return any;
}

static int print_once(struct top *t, double seconds)
{
	bool any = look(t);

	if (any) {
		poll(NULL, 0, (int)(seconds * 1000));
		any = look(t);
	}
	if (!top_text_print(stdout, t)) {
		fprintf(stderr, "dicom-spoa: out of memory\n");
		return EXIT_CONFIGURATION;
	}
	return any ? EXIT_OK : EXIT_CONFIGURATION;
}

/*** the screen ***/

static void on_end(int signal)
{
	(void)signal;
	told_to_end = 1;
}

static void size_of_screen(unsigned *rows, unsigned *columns)
{
	struct winsize size;
	bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 &&
		     size.ws_col > 0;

	*rows = known ? size.ws_row : 24;
	*columns = known ? size.ws_col : 80;
}

/* The lines of <text> that fit, each cut to what fits: bytes that go on with a character
 * of UTF-8 take no column.
 */
static void draw(const char *text)
{
	unsigned rows, columns, row = 0, column = 0;

	size_of_screen(&rows, &columns);
	fputs("\033[H", stdout);
	for (; *text; text++) {
		column += ((unsigned char)*text & 0xc0) != 0x80;
		if (*text != '\n') {
			if (column <= columns)
				putchar(*text);
			continue;
		}
		fputs("\033[K", stdout);
		if (++row == rows)
			break;
		fputs("\r\n", stdout);
		column = 0;
	}
	fputs("\033[J", stdout);
	fflush(stdout);
}

static bool show(struct top *t)
{
	unsigned rows, columns;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	bool printed;

	size_of_screen(&rows, &columns);
	t->most = rows / 3 > 3 ? rows / 3 : 3;
	printed = out && top_text_print(out, t);
	if (out && fclose(out) != 0)
		printed = false;
	if (printed)
		draw(text);
	free(text);
	return printed;
}

/* True if somebody has asked for the end before the next look is due. */
static bool wait_for_end(int64_t due)
{
	struct pollfd keys = {.fd = STDIN_FILENO, .events = POLLIN};
	int64_t left;
	char key;

	while (!told_to_end && (left = due - clock_monotonic_ms()) > 0) {
		if (poll(&keys, 1, (int)left) <= 0)
			continue;
		if (read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q' ||
		    key == 3)
			return true;
	}
	return told_to_end;
}

static bool run_screen(struct top *t, double seconds)
{
	int64_t due;

	do {
		due = clock_monotonic_ms() + (int64_t)(seconds * 1000);
		look(t);
		if (!show(t))
			return false;
	} while (!wait_for_end(due));
	return true;
}

/* The terminal is left as it was, also at a signal. */
static int use_screen(struct top *t, double seconds)
{
	const struct sigaction action = {.sa_handler = on_end};
	struct termios before, keys;
	bool done;

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	if (tcgetattr(STDIN_FILENO, &before) != 0) {
		fprintf(stderr, "dicom-spoa: %s\n", strerror(errno));
		return EXIT_CONFIGURATION;
	}
	keys = before;
	keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
	tcsetattr(STDIN_FILENO, TCSANOW, &keys);
	fputs("\033[?1049h\033[?25l", stdout);
	done = run_screen(t, seconds);
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
	return done ? EXIT_OK : EXIT_CONFIGURATION;
}

int top_command(int argc, char **argv)
{
	static struct top_agent agents[COMMAND_TEXTS];
	static struct command_texts addresses;
	struct top t = {.agents = agents};
	double seconds = 1;
	bool once = false;
	const struct command_option options[] = {
		{"agent", .texts = &addresses},
		{"interval", .read = read_interval, .to = &seconds,
		 .expected = "0.1 to 3600 seconds"},
		{"once", .flag = &once},
		{.name = NULL},
	};
	int status;

	if (!command_arguments(argc, argv, usage, options, 0, &status))
		return status;
	if (addresses.n == 0)
		addresses.list[addresses.n++] = COMMAND_AGENT;
	for (; t.n < addresses.n; t.n++)
		agents[t.n].address = addresses.list[t.n];
	if (once || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		status = print_once(&t, seconds);
	else
		status = use_screen(&t, seconds);
	for (size_t i = 0; i < t.n; i++)
		top_agent_close(&agents[i]);
	return status;
}
