// SPDX-License-Identifier: GPL-2.0-or-later
/* omps: show the tasks that run elsewhere, and where. See tools/omps.h for the theory of operation. */
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "tools/omps.h"

#define EXIT_INCOMPLETE 1   /* something could not be found out */
#define WATCH_S		2.0 /* unless said otherwise */
#define WATCH_S_MIN	0.1
#define WATCH_S_MAX	86400.0

static const char usage[] =
	"Usage: omps [OPTION]...\n"
	"Show the tasks that omrun has sent to other nodes: where they are and what they do.\n"
	"\n"
	"  -a, --all               the tasks of all users, as far as we may see them\n"
	"      --tree              children below their parents\n"
	"      --json              one JSON document on one line, for programs\n"
	"      --watch[=SECONDS]   again and again, every SECONDS (2)\n"
	"      --no-headers        without the line of titles\n"
	"  -h, --help              show this text and exit\n"
	"  -V, --version           show the version and exit\n"
	"\n"
	"STATE is the system call that a task waits for, as read(), or one of starting, running, stopped,\n"
	"ending, home; THR its threads; UTIME and RSS the processor time and memory it uses there;\n"
	"CALLS/S the system calls made for it here; MIG how often it moved; WHY what keeps it from moving.\n"
	"The exit status is 0, or 1 if a deputy gave no answer, or 125 if omps itself fails.\n";

/**
 * struct options - What is asked for
 * @format:	How a table is to look; its width is found out each time
 * @all:	Of all users
 * @json:	For programs
 * @watch_s:	Seconds between two pictures, 0 = one picture
 */
struct options {
	struct omps_format format;
	bool all, json;
	double watch_s;
};

/**
 * struct screen - The terminal that is written to
 * @is_tty:	There is one
 * @width:	Its columns
 * @height:	Its lines
 */
struct screen {
	bool is_tty;
	unsigned int width, height;
};

/**
 * screen_look() - Find out how large the terminal is
 */
static struct screen screen_look(void)
{
	const char *columns = getenv("COLUMNS");
	struct screen screen = { isatty(STDOUT_FILENO), 80, 24 };
	struct winsize size;

	if (!screen.is_tty)
		return screen;
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col && size.ws_row) {
		screen.width = size.ws_col;
		screen.height = size.ws_row;
	} else if (columns && atoi(columns) > 0) {
		screen.width = (unsigned int)atoi(columns);
	}
	return screen;
}

/**
 * picture_make() - Find out how things are, and write it to memory
 * @opt:	What is asked for
 * @screen:	The terminal
 * @text:	What is to be printed, to be freed
 * @failed:	It is not all
 *
 * Return: 0 or -ENOMEM.
 */
static int picture_make(const struct options *opt, const struct screen *screen, char **text, bool *failed)
{
	struct omps_format format = opt->format;
	struct omps_view view = { 0 };
	size_t len;
	FILE *out = open_memstream(text, &len);
	int ret;

	if (!out)
		return -ENOMEM;
	format.width = screen->is_tty ? screen->width : 0;
	ret = omps_ask(opt->all, &view);
	if (!ret)
		ret = omps_tasks_find(&view);
	if (!ret && opt->json)
		omps_json_print(out, &view);
	else if (!ret)
		omps_table_print(out, &view, &format);
	*failed = view.failed;
	omps_view_free(&view);
	if (fclose(out) == EOF && !ret)
		ret = -ENOMEM;
	return ret;
}

/**
 * picture_redraw() - Replace the last picture on the terminal
 * @text:	The new one
 * @height:	Lines that the terminal has
 */
static void picture_redraw(const char *text, unsigned int height)
{
	fputs("\033[H", stdout);
	while (*text && --height) {
		size_t len = strcspn(text, "\n");

		fwrite(text, 1, len, stdout);
		fputs("\033[K\n", stdout);
		text += len + (text[len] != '\0');
	}
	fputs("\033[J", stdout);
}

/**
 * time_left() - Time until the next picture
 * @next:	When it is due
 */
static struct timespec time_left(const struct timespec *next)
{
	struct timespec now, left = { 0, 0 };

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec > next->tv_sec || (now.tv_sec == next->tv_sec && now.tv_nsec >= next->tv_nsec))
		return left;
	left.tv_sec = next->tv_sec - now.tv_sec;
	left.tv_nsec = next->tv_nsec - now.tv_nsec;
	if (left.tv_nsec < 0) {
		left.tv_sec--;
		left.tv_nsec += 1000000000;
	}
	return left;
}

/**
 * next_await() - Wait until the next picture is due, or the terminal has another size
 * @seconds:	Between two pictures
 */
static void next_await(double seconds)
{
	struct timespec next, left;
	sigset_t resize;

	clock_gettime(CLOCK_MONOTONIC, &next);
	next.tv_sec += (time_t)seconds;
	next.tv_nsec += (long)((seconds - (double)(time_t)seconds) * 1e9);
	if (next.tv_nsec >= 1000000000) {
		next.tv_sec++;
		next.tv_nsec -= 1000000000;
	}
	sigemptyset(&resize);
	sigaddset(&resize, SIGWINCH);
	do
		left = time_left(&next);
	while (sigtimedwait(&resize, NULL, &left) < 0 && errno == EINTR); /* stopped and continued */
}

/**
 * show() - Show one picture, or one after the other
 * @opt:	What is asked for
 *
 * Return: the exit status.
 */
static int show(const struct options *opt)
{
	bool failed = false;
	sigset_t resize;

	sigemptyset(&resize);
	sigaddset(&resize, SIGWINCH);
	sigprocmask(SIG_BLOCK, &resize, NULL);
	for (bool first = true;; first = false) {
		struct screen screen = screen_look();
		char *text = NULL;

		if (picture_make(opt, &screen, &text, &failed) < 0) {
			free(text);
			die(EXIT_FAILED, "%s", strerror(ENOMEM));
		}
		if (opt->watch_s > 0 && screen.is_tty && !opt->json) {
			fputs(first ? "\033[2J" : "", stdout);
			picture_redraw(text, screen.height);
		} else {
			fputs(text, stdout);
		}
		free(text);
		if (fflush(stdout) == EOF || ferror(stdout))
			die(EXIT_FAILED, "standard output: %s", strerror(errno));
		if (opt->watch_s <= 0)
			return failed ? EXIT_INCOMPLETE : 0;
		next_await(opt->watch_s);
	}
}

/**
 * misused() - The arguments are wrong, which was said
 */
static int misused(void)
{
	fputs("Try 'omps --help' for more information.\n", stderr);
	return EXIT_FAILED;
}

/**
 * seconds_parse() - Parse the argument of --watch
 * @text:	The argument, NULL: there is none
 * @out:	The seconds
 *
 * Return: false when it is not a number of seconds that makes sense; that is logged.
 */
static bool seconds_parse(const char *text, double *out)
{
	char *end;

	*out = WATCH_S;
	if (!text)
		return true;
	*out = strtod(text, &end);
	if (end != text && !*end && *out >= WATCH_S_MIN && *out <= WATCH_S_MAX)
		return true;
	log_error("--watch=%s: not a number of seconds from %.1f to %.0f", text, WATCH_S_MIN, WATCH_S_MAX);
	return false;
}

int main(int argc, char **argv)
{
	enum { OPT_TREE = 256, OPT_JSON, OPT_WATCH, OPT_NO_HEADERS };
	static const struct option options[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "tree", no_argument, NULL, OPT_TREE },
		{ "json", no_argument, NULL, OPT_JSON },
		{ "watch", optional_argument, NULL, OPT_WATCH },
		{ "no-headers", no_argument, NULL, OPT_NO_HEADERS },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	struct options opt = { .format.headers = true };
	int c;

	log_init("omps");
	setlocale(LC_CTYPE, "");
	while ((c = getopt_long(argc, argv, "ahV", options, NULL)) != -1) {
		switch (c) {
		case 'a':
			opt.all = opt.format.user = true;
			break;
		case OPT_TREE:
			opt.format.tree = true;
			break;
		case OPT_JSON:
			opt.json = true;
			break;
		case OPT_WATCH:
			if (!seconds_parse(optarg, &opt.watch_s))
				return misused();
			break;
		case OPT_NO_HEADERS:
			opt.format.headers = false;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		case 'V':
			puts("omps (openMosix) " OM_VERSION);
			return 0;
		default:
			return misused();
		}
	}
	if (optind < argc) {
		log_error("%s: omps takes no arguments but options", argv[optind]);
		return misused();
	}
	return show(&opt);
}
