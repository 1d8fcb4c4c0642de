// SPDX-License-Identifier: GPL-2.0-or-later
/* The text form of what a deputy tells of its family; see include/report.h for the theory of operation. */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

/* What a field is */
enum field_kind {
	FIELD_NUMBER, /* uint64_t */
	FIELD_PID,    /* uint64_t from 1 to INT_MAX */
	FIELD_TEXT,   /* char[] */
};

/**
 * struct field - A field of a line
 * @key:	Its key
 * @kind:	enum field_kind
 * @at:		Its place in the struct
 * @size:	Bytes of a text, with the NUL
 */
struct field {
	const char *key;
	enum field_kind kind;
	size_t at;
	size_t size;
};

/**
 * struct line_kind - A kind of line
 * @word:	Its first word
 * @field:	Its fields, in the order in which they are written
 * @field_nr:	Their number; each has a bit in an unsigned int
 */
struct line_kind {
	const char *word;
	const struct field *field;
	size_t field_nr;
};

#define FIELD(type, member, kind) #member, kind, offsetof(struct type, member), sizeof(((struct type *)0)->member)
#define FIELDS(table)		  (sizeof(table) / sizeof((table)[0]))

static const struct field deputy_field[] = {
	{ FIELD(report_deputy, pid, FIELD_PID) },	  { FIELD(report_deputy, node, FIELD_TEXT) },
	{ FIELD(report_deputy, cipher, FIELD_TEXT) },	  { FIELD(report_deputy, rtt_us, FIELD_NUMBER) },
	{ FIELD(report_deputy, rx_bytes, FIELD_NUMBER) }, { FIELD(report_deputy, tx_bytes, FIELD_NUMBER) },
	{ FIELD(report_deputy, tasks, FIELD_NUMBER) },
};

static const struct field task_field[] = {
	{ FIELD(report_task, pid, FIELD_PID) },		  { FIELD(report_task, node, FIELD_TEXT) },
	{ FIELD(report_task, state, FIELD_TEXT) },	  { FIELD(report_task, call, FIELD_TEXT) },
	{ FIELD(report_task, threads, FIELD_NUMBER) },	  { FIELD(report_task, utime_us, FIELD_NUMBER) },
	{ FIELD(report_task, stime_us, FIELD_NUMBER) },	  { FIELD(report_task, rss_bytes, FIELD_NUMBER) },
	{ FIELD(report_task, calls, FIELD_NUMBER) },	  { FIELD(report_task, calls_per_s, FIELD_NUMBER) },
	{ FIELD(report_task, migrations, FIELD_NUMBER) }, { FIELD(report_task, why, FIELD_TEXT) },
};

static const struct line_kind deputy_line = { "deputy", deputy_field, FIELDS(deputy_field) };
static const struct line_kind task_line = { "task", task_field, FIELDS(task_field) };
static const char end_line[] = "end";

static_assert(FIELDS(deputy_field) <= 32 && FIELDS(task_field) <= 32, "which fields a line had is noted in 32 bits");
/* The word, keys with '=' and blank, numbers of 20 digits, texts with three characters per byte, the end of the line */
static_assert(6 + FIELDS(deputy_field) * 14 + 5ul * 20 + 3ul * (64 + 32) + 1 <= REPORT_LINE_MAX, "none is longer");
static_assert(4 + FIELDS(task_field) * 14 + 8ul * 20 + 3ul * (64 + 16 + 32 + 128) + 1 <= REPORT_LINE_MAX,
	      "none is longer");

/**
 * struct line - A line that is being written, in memory: a large family has thousands, and its deputy has other work
 * @text:	Its text
 * @len:	Its length
 */
struct line {
	char text[REPORT_LINE_MAX];
	size_t len;
};

/**
 * add_word() - Add a word as it is
 * @line:	The line
 * @word:	The word
 */
static void add_word(struct line *line, const char *word)
{
	size_t len = strlen(word);

	memcpy(line->text + line->len, word, len);
	line->len += len;
}

/**
 * add_text() - Add a text, escaped
 * @line:	The line
 * @text:	The text
 * @size:	Size of its array
 */
static void add_text(struct line *line, const char *text, size_t size)
{
	static const char digit[] = "0123456789ABCDEF";

	for (size_t i = 0; i < size && text[i]; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c > ' ' && c < 0x7f && c != '%') {
			line->text[line->len++] = (char)c;
			continue;
		}
		line->text[line->len++] = '%';
		line->text[line->len++] = digit[c >> 4];
		line->text[line->len++] = digit[c & 15];
	}
}

/**
 * add_number() - Add a number
 * @line:	The line
 * @number:	The number
 */
static void add_number(struct line *line, uint64_t number)
{
	char digits[21], *at = digits + sizeof(digits) - 1;

	*at = '\0';
	do {
		*--at = (char)('0' + number % 10);
	} while (number /= 10);
	add_word(line, at);
}

/**
 * put_line() - Write a line
 * @out:	Where to
 * @kind:	Its kind
 * @from:	The struct
 */
static void put_line(FILE *out, const struct line_kind *kind, const void *from)
{
	struct line line;

	line.len = 0;
	add_word(&line, kind->word);
	for (size_t i = 0; i < kind->field_nr; i++) {
		const struct field *field = &kind->field[i];
		const char *at = (const char *)from + field->at;
		uint64_t number;

		add_word(&line, " ");
		add_word(&line, field->key);
		add_word(&line, "=");
		if (field->kind == FIELD_TEXT) {
			add_text(&line, at, field->size);
			continue;
		}
		memcpy(&number, at, sizeof(number));
		add_number(&line, number);
	}
	add_word(&line, "\n");
	fwrite(line.text, 1, line.len, out);
}

void report_put_deputy(FILE *out, const struct report_deputy *deputy)
{
	put_line(out, &deputy_line, deputy);
}

void report_put_task(FILE *out, const struct report_task *task)
{
	put_line(out, &task_line, task);
}

void report_put_end(FILE *out)
{
	fprintf(out, "%s\n", end_line);
}

/**
 * struct piece - A part of the report that is read
 * @at:		Its first character
 * @len:	Its length; it is not terminated
 */
struct piece {
	const char *at;
	size_t len;
};

/**
 * piece_cut() - Take the part before a character off a piece
 * @rest:	The piece; what is behind the character remains, or nothing when there is none
 * @c:		The character
 */
static struct piece piece_cut(struct piece *rest, char c)
{
	const char *end = rest->len ? memchr(rest->at, c, rest->len) : NULL;
	struct piece part = { rest->at, end ? (size_t)(end - rest->at) : rest->len };
	size_t used = part.len + (end ? 1 : 0);

	rest->at += used;
	rest->len -= used;
	return part;
}

/**
 * piece_is() - Is it this word?
 * @piece:	The piece
 * @word:	The word
 */
static bool piece_is(struct piece piece, const char *word)
{
	return piece.len == strlen(word) && !memcmp(piece.at, word, piece.len);
}

/**
 * parse_number() - Read a decimal number
 * @piece:	Its digits
 * @max:	Largest that is allowed
 * @out:	The number
 *
 * Return: false when it is none, or is larger.
 */
static bool parse_number(struct piece piece, uint64_t max, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < piece.len; i++) {
		unsigned int digit = (unsigned int)(unsigned char)piece.at[i] - '0';

		if (digit > 9 || *out > (max - digit) / 10)
			return false;
		*out = *out * 10 + digit;
	}
	return piece.len > 0;
}

/**
 * hex_digit() - Value of a digit as put_text() writes it
 * @c:		The digit
 *
 * Return: 0-15, or -1 when it is none.
 */
static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/**
 * parse_text() - Read a text
 * @piece:	Its escaped form
 * @out:	The text
 * @size:	Its size
 *
 * Return: false when the form is wrong, the text holds a NUL, or is longer than its field.
 */
static bool parse_text(struct piece piece, char *out, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < piece.len; i++) {
		unsigned char c = (unsigned char)piece.at[i];

		if (c <= ' ' || c >= 0x7f)
			return false;
		if (c == '%') {
			int high = piece.len - i > 2 ? hex_digit(piece.at[i + 1]) : -1;
			int low = high >= 0 ? hex_digit(piece.at[i + 2]) : -1;

			if (low < 0 || !(high | low))
				return false;
			c = (unsigned char)(high << 4 | low);
			i += 2;
		}
		if (len + 1 >= size)
			return false;
		out[len++] = (char)c;
	}
	out[len] = '\0';
	return true;
}

/**
 * parse_field() - Read the value of a field
 * @field:	The field
 * @value:	Its written form
 * @into:	The struct
 */
static bool parse_field(const struct field *field, struct piece value, void *into)
{
	char *at = (char *)into + field->at;
	uint64_t number;

	if (field->kind == FIELD_TEXT)
		return parse_text(value, at, field->size);
	if (!parse_number(value, field->kind == FIELD_PID ? INT_MAX : UINT64_MAX, &number))
		return false;
	if (field->kind == FIELD_PID && number == 0)
		return false;
	memcpy(at, &number, sizeof(number));
	return true;
}

/**
 * parse_pairs() - Read what is behind the word of a line
 * @kind:	Kind of the line
 * @rest:	What is behind the word
 * @into:	The struct, zeroed
 *
 * Return: false when a value is wrong, a field comes twice, or there is no pid.
 */
static bool parse_pairs(const struct line_kind *kind, struct piece rest, void *into)
{
	unsigned int seen = 0;

	while (rest.len) {
		struct piece value = piece_cut(&rest, ' '), whole = value, key = piece_cut(&value, '=');

		if (key.len == 0 || key.len == whole.len)
			return false;
		for (size_t i = 0; i < kind->field_nr; i++) {
			if (!piece_is(key, kind->field[i].key))
				continue;
			if (seen & 1u << i || !parse_field(&kind->field[i], value, into))
				return false;
			seen |= 1u << i;
		}
	}
	return seen & 1; /* pid is the first field of both */
}

/**
 * task_room() - Make room for one more task
 * @report:	The report
 * @room:	For how many there is room
 *
 * Return: 0, -EMSGSIZE, -ENOMEM.
 */
static int task_room(struct report *report, size_t *room)
{
	struct report_task *more;

	if (report->task_nr < *room)
		return 0;
	if (report->task_nr == REPORT_TASKS_MAX)
		return -EMSGSIZE;
	*room = *room ? *room * 2 : 16;
	more = realloc(report->task, *room * sizeof(*more));
	if (!more)
		return -ENOMEM;
	report->task = more;
	return 0;
}

/**
 * parse_tasks() - Read the lines behind the first
 * @rest:	They
 * @out:	The report
 *
 * Return: 0 or negative errno.
 */
static int parse_tasks(struct piece rest, struct report *out)
{
	size_t room = 0;

	while (rest.len) {
		struct piece line = piece_cut(&rest, '\n'), word = piece_cut(&line, ' ');
		int err;

		if (piece_is(word, end_line))
			return rest.len || line.len ? -EPROTO : 0;
		if (!piece_is(word, task_line.word))
			continue;
		err = task_room(out, &room);
		if (err)
			return err;
		out->task[out->task_nr] = (struct report_task){ 0 };
		if (!parse_pairs(&task_line, line, &out->task[out->task_nr]))
			return -EPROTO;
		out->task_nr++;
	}
	return -ENODATA;
}

int report_parse(const char *text, size_t len, struct report *out)
{
	struct piece rest = { text, len }, line, word;
	int err;

	*out = (struct report){ 0 };
	if (len > REPORT_BYTES_MAX)
		return -EMSGSIZE;
	if (!len || text[len - 1] != '\n')
		return -ENODATA;
	line = piece_cut(&rest, '\n');
	word = piece_cut(&line, ' ');
	if (!piece_is(word, deputy_line.word) || !parse_pairs(&deputy_line, line, &out->deputy))
		return -EPROTO;
	err = parse_tasks(rest, out);
	if (err)
		report_free(out);
	return err;
}

void report_free(struct report *report)
{
	free(report->task);
	*report = (struct report){ 0 };
}
