// SPDX-License-Identifier: GPL-2.0-or-later
/* Texts of strangers on a terminal and in JSON. */
#include <limits.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "tools/omps.h"

/**
 * struct glyph - A character as the terminal shows it
 * @text:	Its bytes, in the locale's encoding
 * @len:	Their number
 * @width:	Its columns
 */
struct glyph {
	const char *text;
	size_t len;
	unsigned int width;
};

/**
 * glyph_next() - Take the next character off a text
 * @at:		The text, not at its end; moved on
 * @state:	Of the conversion, zeroed at the start of the text
 *
 * Return: the character; a '?' when it is none, or does something instead of being seen.
 */
static struct glyph glyph_next(const char **at, mbstate_t *state)
{
	struct glyph glyph = { *at, 1, 1 };
	wchar_t c = 0;
	size_t len = mbrtowc(&c, *at, strnlen(*at, MB_LEN_MAX), state);
	int width = len > MB_LEN_MAX ? -1 : wcwidth(c);

	if (len > MB_LEN_MAX) {
		memset(state, 0, sizeof(*state));
		len = 1;
	}
	*at += len;
	if (width <= 0 || !iswprint((wint_t)c)) {
		glyph.text = "?";
		return glyph;
	}
	glyph.len = len;
	glyph.width = (unsigned int)width;
	return glyph;
}

unsigned int omps_text_width(const char *text)
{
	mbstate_t state = { 0 };
	unsigned int width = 0;

	while (*text)
		width += glyph_next(&text, &state).width;
	return width;
}

unsigned int omps_text_print(FILE *out, const char *text, unsigned int max)
{
	bool whole = omps_text_width(text) <= max;
	mbstate_t state = { 0 };
	unsigned int width = 0;

	if (!max)
		return 0;
	while (*text) {
		struct glyph glyph = glyph_next(&text, &state);

		if (!whole && width + glyph.width > max - 1)
			break;
		fwrite(glyph.text, 1, glyph.len, out);
		width += glyph.width;
	}
	if (!whole) {
		putc('+', out);
		width++;
	}
	return width;
}

/**
 * utf8_len() - Length of the UTF-8 character that a text starts with
 * @s:		The text, not at its end
 *
 * Return: 1 to 4, or 0 when it is none: cut short, longer than it need be, a surrogate, beyond Unicode.
 */
static size_t utf8_len(const unsigned char *s)
{
	/* First bytes from, to; then what the second byte may be */
	static const struct {
		unsigned char from, to, len, second_from, second_to;
	} row[] = {
		{ 0x01, 0x7f, 1, 0x00, 0xff }, { 0xc2, 0xdf, 2, 0x80, 0xbf }, { 0xe0, 0xe0, 3, 0xa0, 0xbf },
		{ 0xe1, 0xec, 3, 0x80, 0xbf }, { 0xed, 0xed, 3, 0x80, 0x9f }, { 0xee, 0xef, 3, 0x80, 0xbf },
		{ 0xf0, 0xf0, 4, 0x90, 0xbf }, { 0xf1, 0xf3, 4, 0x80, 0xbf }, { 0xf4, 0xf4, 4, 0x80, 0x8f },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		if (s[0] < row[i].from || s[0] > row[i].to)
			continue;
		if (s[1] < row[i].second_from || s[1] > row[i].second_to)
			return 0;
		for (size_t j = 2; j < row[i].len; j++) {
			if ((s[j] & 0xc0) != 0x80)
				return 0;
		}
		return row[i].len;
	}
	return 0;
}

void omps_text_json(FILE *out, const char *text)
{
	putc('"', out);
	while (*text) {
		size_t len = utf8_len((const unsigned char *)text);
		unsigned char c = (unsigned char)*text;

		if (len == 0)
			fputs("\\ufffd", out);
		else if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < ' ' || c == 0x7f)
			fprintf(out, "\\u%04x", c);
		else
			fwrite(text, 1, len, out);
		text += len ? len : 1;
	}
	putc('"', out);
}
