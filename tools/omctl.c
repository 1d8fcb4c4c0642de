// SPDX-License-Identifier: GPL-2.0-or-later
/* omctl: look after nodes. One file per subcommand; the table below drives dispatch and help. */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "log.h"
#include "tools/omctl.h"

static const struct omctl_command commands[] = {
	{ "keygen", "FILE", "make a new cluster key in FILE, which must not exist", omctl_keygen },
	{ "status", "[--json] [NODE]", "ask NODE (default: this machine) how it is", omctl_status },
	{ "ping", "[--count N] [--size BYTES] [--json] NODE", "measure round trips over the encrypted channel",
	  omctl_ping },
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

/**
 * print_help() - Print how omctl is used
 */
static void print_help(void)
{
	puts("usage: omctl COMMAND [ARG...]");
	puts("Look after openMosix nodes.\n");
	for (size_t i = 0; i < COMMANDS; i++)
		printf("  %s %s\n      %s\n", commands[i].name, commands[i].usage, commands[i].help);
	puts("  --help, --version\n      print this help, or the version\n");
	puts("NODE is a node's name, a host name or an address, each with or without :PORT. See omctl(1).");
}

/**
 * find_command() - Find a row of the table
 * @name:	Name of the subcommand
 *
 * Return: the row or NULL.
 */
static const struct omctl_command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

int omctl_misused(const char *name)
{
	log_error("%s: usage: omctl %s %s", name, name, find_command(name)->usage);
	return EXIT_FAILED;
}

bool omctl_number(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	return isdigit((unsigned char)text[0]) && *end == '\0' && errno == 0 && *out >= min && *out <= max;
}

uint64_t omctl_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void omctl_print_field(const uint8_t *field, size_t size, bool json)
{
	if (json)
		putchar('"');
	for (size_t i = 0; i < size && field[i]; i++) {
		if (!isascii(field[i]) || !isprint(field[i])) {
			putchar('?');
			continue;
		}
		if (json && (field[i] == '"' || field[i] == '\\'))
			putchar('\\');
		putchar(field[i]);
	}
	if (json)
		putchar('"');
}

int main(int argc, char **argv)
{
	const struct omctl_command *command;
	int status;

	log_init("omctl");
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		log_error("what to do? See omctl --help");
		return EXIT_FAILED;
	}
	if (strcmp(argv[1], "--help") == 0) {
		print_help();
		return 0;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("omctl " OM_VERSION);
		return 0;
	}
	command = find_command(argv[1]);
	if (!command) {
		log_error("%s: no such command, see omctl --help", argv[1]);
		return EXIT_FAILED;
	}
	status = command->run(argc - 1, argv + 1);
	if (fflush(stdout) == EOF || ferror(stdout)) {
		log_error("standard output: %s", strerror(errno));
		return EXIT_FAILED;
	}
	return status;
}
