/*
 * Which of the pinned folders of maps is in force. Every step of a migration leaves something from which the next start
 * can tell how far it came; this is where it is told.
 */
#include "maps_impl.h"

#include "fields.h"
#include "file.h"
#include "mem.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void kl_pins_release(struct kl_pins *pins)
{
	free(pins->dir);
	free(pins->old);
	*pins = (struct kl_pins){0};
}

/* What a folder's kl_config says of it. */
struct state {
	bool there, complete;
	uint32_t migration; /* enum kl_migration_step */
};

static uint32_t word_of(int fd, const char *member, const uint8_t *value, uint32_t fallback)
{
	uint32_t at, word;
	if (kl_fields_place(fd, member, &at, NULL))
		return fallback;
	memcpy(&word, value + at, sizeof(word));
	return word;
}

static struct state state_of(const char *dir)
{
	kl_autofree char *path = kl_asprintf("%s/kl_config", dir);
	kl_autoclose int fd = bpf_obj_get(path);
	struct bpf_map_info info = {0};
	uint32_t len = sizeof(info), zero = 0;
	struct state ret = {.there = kl_path_exists(dir)};
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
		return ret;
	kl_autofree uint8_t *value = kl_calloc(1, info.value_size);
	if (bpf_map_lookup_elem(fd, &zero, value))
		return ret;
	ret.complete = word_of(fd, "layout", value, 0);
	ret.migration = word_of(fd, "migration", value, KL_MIGRATION_NONE);
	return ret;
}

static char *folder(const char *pin_dir, int layout, const char *name)
{
	return kl_asprintf("%s/v%d/%s", pin_dir, layout, name);
}

static int newest_first(const void *a, const void *b)
{
	return *(const int *)b - *(const int *)a;
}

enum { MAX_LAYOUTS = 64 };

/* Numbers of the layouts whose folders are there, ours not among them. */
static size_t other_layouts(const char *pin_dir, int ret[MAX_LAYOUTS])
{
	DIR *dir = opendir(pin_dir);
	size_t count = 0;
	int layout;
	char rest;
	for (const struct dirent *entry; dir && count < MAX_LAYOUTS && (entry = readdir(dir));)
		if (sscanf(entry->d_name, "v%d%c", &layout, &rest) == 1 && layout != KL_LAYOUT)
			ret[count++] = layout;
	if (dir)
		closedir(dir);
	qsort(ret, count, sizeof(*ret), newest_first);
	return count;
}

/* The maps of another layout, complete ones; *ret NULL when there are none. Those of a newer agent are not ours to read. */
static int find_other(const char *pin_dir, char **ret, struct kl_err *err)
{
	int layouts[MAX_LAYOUTS];
	size_t count = other_layouts(pin_dir, layouts);
	*ret = NULL;
	for (size_t i = 0; i < count; i++) {
		kl_autofree char *dir = folder(pin_dir, layouts[i], "maps");
		if (!state_of(dir).complete)
			continue;
		if (layouts[i] > KL_LAYOUT)
			return kl_fail_msg(err, EPROTO,
				"the tables in '%s' were made by a newer release (layout %d, this one knows %d)", dir,
				layouts[i], KL_LAYOUT);
		*ret = kl_take(&dir);
		return 0;
	}
	return 0;
}

static int remove_others(const char *pin_dir, struct kl_err *err)
{
	int layouts[MAX_LAYOUTS], failed = 0;
	size_t count = other_layouts(pin_dir, layouts);
	for (size_t i = 0; i < count && !failed; i++) {
		kl_autofree char *dir = kl_asprintf("%s/v%d", pin_dir, layouts[i]);
		failed = kl_remove_tree(dir, err);
	}
	return failed;
}

static int move(const char *from, const char *to, struct kl_err *err)
{
	return rename(from, to) ? kl_fail(err, errno, "rename '%s' to '%s'", from, to) : 0;
}

int kl_pins_finish(const char *pin_dir, struct kl_err *err)
{
	kl_autofree char *maps = folder(pin_dir, KL_LAYOUT, "maps");
	kl_autofree char *next = folder(pin_dir, KL_LAYOUT, "next");
	kl_autofree char *old = folder(pin_dir, KL_LAYOUT, "old");
	int failed = 0;
	if (kl_path_exists(next)) {
		if (kl_path_exists(old))
			failed = kl_remove_tree(old, err);
		if (!failed && kl_path_exists(maps))
			failed = move(maps, old, err);
		if (!failed)
			failed = move(next, maps, err);
	}
	if (!failed && kl_path_exists(old))
		failed = kl_remove_tree(old, err);
	return failed ? failed : remove_others(pin_dir, err);
}

/* A `next` folder is there: an agent died in the middle. */
static int settle_next(const char *pin_dir, const char *next, bool in_force, struct kl_pins *ret, struct kl_err *err)
{
	struct state state = state_of(next);
	if (!state.complete || state.migration == KL_MIGRATION_COPYING)
		return kl_remove_tree(next, err);
	if (state.migration == KL_MIGRATION_NONE)
		return kl_pins_finish(pin_dir, err);
	int failed = 0;
	if (in_force)
		ret->old = folder(pin_dir, KL_LAYOUT, "maps");
	else
		failed = find_other(pin_dir, &ret->old, err);
	ret->resume = ret->old;
	if (failed || ret->old)
		return failed;
	return kl_pins_finish(pin_dir, err); /* what it came from is gone: it is all there is */
}

int kl_pins_settle(const char *pin_dir, struct kl_pins *ret, struct kl_err *err)
{
	kl_cleanup(kl_pins_release) struct kl_pins pins = {0};
	kl_autofree char *maps = folder(pin_dir, KL_LAYOUT, "maps");
	kl_autofree char *next = folder(pin_dir, KL_LAYOUT, "next");
	int failed = 0;
	if (kl_path_exists(next))
		failed = settle_next(pin_dir, next, state_of(maps).complete, &pins, err);
	if (failed)
		return failed;
	if (!pins.resume && state_of(maps).complete)
		failed = kl_pins_finish(pin_dir, err); /* leftovers */
	else if (!pins.resume)
		failed = find_other(pin_dir, &pins.old, err);
	if (!failed && pins.old && !pins.resume && kl_path_exists(maps))
		failed = kl_remove_tree(maps, err); /* never completed */
	if (failed)
		return failed;
	pins.dir = kl_strdup(pins.old ? next : maps);
	*ret = pins;
	pins = (struct kl_pins){0};
	return 0;
}

void kl_pins_grow(const char *pin_dir, struct kl_pins *pins)
{
	free(pins->old);
	pins->old = pins->dir;
	pins->dir = folder(pin_dir, KL_LAYOUT, "next");
}
