#include "cmd.h"

#include "buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void __attribute__((noreturn, format(printf, 2, 3))) misuse(const struct kl_cmd *cmd, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "keelson %s: ", cmd->name);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "; 'keelson help %s' lists the options\n", cmd->name);
	exit(KL_EXIT_USAGE);
}

static const struct kl_opt *find_long(const struct kl_opt *opts, size_t count, const char *name, size_t len)
{
	for (size_t i = 0; i < count; i++)
		if (opts[i].name && strlen(opts[i].name) == len && !memcmp(opts[i].name, name, len))
			return &opts[i];
	return NULL;
}

static const struct kl_opt *find_short(const struct kl_opt *opts, size_t count, char letter)
{
	for (size_t i = 0; i < count; i++)
		if (opts[i].letter && opts[i].letter == letter)
			return &opts[i];
	return NULL;
}

static void store_int(const struct kl_cmd *cmd, const struct kl_opt *opt, const char *text)
{
	char *end;

	errno = 0;
	long value = strtol(text, &end, 10);
	if (errno || end == text || *end || value != (int)value)
		misuse(cmd, "--%s wants a whole number, not '%s'", opt->name, text);
	*(int *)opt->value = (int)value;
}

static void store_flag(const struct kl_cmd *cmd, const struct kl_opt *opt, const char *text)
{
	if (!text || !strcmp(text, "true") || !strcmp(text, "1"))
		*(bool *)opt->value = true;
	else if (!strcmp(text, "false") || !strcmp(text, "0"))
		*(bool *)opt->value = false;
	else
		misuse(cmd, "--%s is true or false, not '%s'", opt->name, text);
}

static void store_value(const struct kl_cmd *cmd, const struct kl_opt *opt, const char *text)
{
	struct kl_opt_list *list = opt->value;

	switch (opt->type) {
	case KL_OPT_STRING:
		*(const char **)opt->value = text;
		break;
	case KL_OPT_INT:
		store_int(cmd, opt, text);
		break;
	case KL_OPT_FLAG:
		store_flag(cmd, opt, text);
		break;
	case KL_OPT_LIST:
		if (list->count == KL_ARRAY_LEN(list->items))
			misuse(cmd, "--%s is given more than %zu times", opt->name, KL_ARRAY_LEN(list->items));
		list->items[list->count++] = text;
		break;
	}
}

/* Takes argv[at], and its value from behind '=' or from argv[at + 1]. Returns how many words it took. */
static int take_option(const struct kl_cmd *cmd, const struct kl_opt *opts, size_t count, int argc, char **argv, int at)
{
	const char *word = argv[at], *name = word + (word[1] == '-' ? 2 : 1), *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct kl_opt *opt =
		word[1] == '-' ? find_long(opts, count, name, len) : len == 1 ? find_short(opts, count, *name) : NULL;

	if (!opt)
		misuse(cmd, "there is no option '%s'", word);
	if (equals || opt->type == KL_OPT_FLAG) {
		store_value(cmd, opt, equals ? equals + 1 : NULL);
		return 1;
	}
	if (at + 1 >= argc)
		misuse(cmd, "%s wants a value", word);
	store_value(cmd, opt, argv[at + 1]);
	return 2;
}

int kl_opts_parse(const struct kl_cmd *cmd, const struct kl_opt *opts, size_t count, int argc, char **argv)
{
	int positional = 0, at = 1;

	while (at < argc) {
		const char *word = argv[at];
		if (!strcmp(word, "--")) {
			for (at++; at < argc; at++)
				argv[1 + positional++] = argv[at];
			break;
		}
		if (!strcmp(word, "--help") || !strcmp(word, "-h")) {
			fputs(cmd->help, stdout);
			exit(KL_EXIT_OK);
		}
		if (word[0] == '-' && word[1])
			at += take_option(cmd, opts, count, argc, argv, at);
		else
			argv[1 + positional++] = argv[at++];
	}
	return positional;
}

int kl_cmd_fail(const struct kl_cmd *cmd, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "keelson %s: ", cmd->name);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	return KL_EXIT_FAILURE;
}

struct kl_columns {
	size_t width, rows;
	char **cells; /* rows × width, the header first */
};

static void add_row(struct kl_columns *table, const char *const *cells)
{
	table->cells = kl_reallocarray(table->cells, (table->rows + 1) * table->width, sizeof(*table->cells));
	for (size_t i = 0; i < table->width; i++)
		table->cells[table->rows * table->width + i] = kl_strdup(cells[i] && *cells[i] ? cells[i] : "<none>");
	table->rows++;
}

struct kl_columns *kl_columns_new(const char *const *headers)
{
	struct kl_columns *table = kl_calloc(1, sizeof(*table));

	while (headers[table->width])
		table->width++;
	add_row(table, headers);
	return table;
}

void kl_columns_row(struct kl_columns *table, const char *const *cells)
{
	add_row(table, cells);
}

/* As a terminal shows it: colours take no room, nor do the later bytes of a character. */
static size_t shown_width(const char *text)
{
	size_t width = 0;

	while (*text) {
		if (*text == '\033') {
			text += strcspn(text, "m");
			text += *text != 0;
			continue;
		}
		width += (*text++ & 0xc0) != 0x80;
	}
	return width;
}

static size_t column_width(const struct kl_columns *table, size_t column)
{
	size_t widest = 0;

	for (size_t row = 0; row < table->rows; row++) {
		size_t len = shown_width(table->cells[row * table->width + column]);
		if (len > widest)
			widest = len;
	}
	return widest;
}

void kl_columns_print(struct kl_columns *table)
{
	size_t *widths = kl_calloc(table->width, sizeof(*widths));

	for (size_t i = 0; i < table->width; i++)
		widths[i] = column_width(table, i);
	for (size_t row = 0; row < table->rows; row++) {
		for (size_t i = 0; i < table->width; i++) {
			char *cell = table->cells[row * table->width + i];
			bool last = i + 1 == table->width;
			printf("%s%*s", cell, last ? 0 : (int)(widths[i] - shown_width(cell)) + 3, "");
			fputs(last ? "\n" : "", stdout);
			free(cell);
		}
	}
	free(widths);
	free(table->cells);
	free(table);
}
