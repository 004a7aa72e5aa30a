/*
 * Unpacking of layers, mostly of hostile ones: whatever an archive says, nothing outside of the target changes.
 */
#include "file.h"
#include "testlib.h"
#include "unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

struct item {
	const char *path;
	char type;        /* f file, d folder, l symbolic link, h hard link, c device 1:3 */
	const char *data; /* contents, or the link's target */
	int mode;
};

struct place {
	char root[64]; /* root/outside/secret must never change; root/target is unpacked into */
	char *archive, *target, *secret;
};

static struct place place_new(void)
{
	struct place p = {.root = "/tmp/keelson-unpack-XXXXXX"};

	if (!mkdtemp(p.root))
		kl_test_skip("no temporary folder");
	p.archive = kl_asprintf("%s/layer.tar.gz", p.root);
	p.target = kl_asprintf("%s/target", p.root);
	kl_autofree char *outside = kl_asprintf("%s/outside", p.root);
	p.secret = kl_asprintf("%s/secret", outside);
	mkdir(p.target, 0755);
	mkdir(outside, 0755);
	kl_file_write_atomic(p.secret, "old", 3, 0600, NULL);
	return p;
}

static void place_free(struct place *p)
{
	kl_remove_tree(p->root, NULL);
	free(p->archive);
	free(p->target);
	free(p->secret);
}

static void write_archive(const char *path, const struct item *items, size_t count)
{
	struct archive *a = archive_write_new();

	archive_write_add_filter_gzip(a);
	archive_write_set_format_pax_restricted(a);
	archive_write_open_filename(a, path);
	for (size_t i = 0; i < count; i++) {
		struct archive_entry *e = archive_entry_new();
		size_t len = items[i].type == 'f' && items[i].data ? strlen(items[i].data) : 0;
		archive_entry_set_pathname(e, items[i].path);
		archive_entry_set_perm(e, (mode_t)(items[i].mode ? items[i].mode : 0644));
		archive_entry_set_size(e, (la_int64_t)len);
		if (items[i].type == 'h')
			archive_entry_set_hardlink(e, items[i].data);
		else if (items[i].type == 'l')
			archive_entry_set_symlink(e, items[i].data);
		archive_entry_set_filetype(e, items[i].type == 'd'   ? AE_IFDIR
					      : items[i].type == 'l' ? AE_IFLNK
					      : items[i].type == 'c' ? AE_IFCHR
								     : AE_IFREG);
		if (items[i].type == 'c')
			archive_entry_set_rdev(e, makedev(1, 3));
		archive_write_header(a, e);
		if (len)
			archive_write_data(a, items[i].data, len);
		archive_entry_free(e);
	}
	archive_write_close(a);
	archive_write_free(a);
}

static int unpack(struct place *p, const struct item *items, size_t count, struct kl_err *err)
{
	const struct kl_unpack_limits limits = {.entries = 1000, .bytes = 1 << 20};

	write_archive(p->archive, items, count);
	return kl_unpack_layer(p->archive, p->target, NULL, &limits, err);
}

static char *contents(const char *folder, const char *name)
{
	kl_autofree char *path = kl_asprintf("%s/%s", folder, name);
	struct kl_buf text = {0};

	if (kl_file_read(path, &text, NULL))
		return kl_strdup("(none)");
	return text.data ? kl_buf_take(&text) : kl_strdup("");
}

KL_TEST(ordinary_layer)
{
	struct place p = place_new();
	const struct item items[] = {{"./etc/", 'd', NULL, 0750}, {"./etc/passwd", 'f', "root", 0600},
		{"bin/sh", 'f', "#!", 04755}, {"bin/bash", 'h', "bin/sh", 0}, {"lib", 'l', "usr/lib", 0},
		{"lib/a/b", 'f', "deep", 0}, {"usr/lib/", 'd', NULL, 0755}};
	struct stat st;

	/* The link's target comes after a file that goes through it: the folder is made beneath the root. */
	KL_CHECK(unpack(&p, items, 5, NULL) == 0);
	kl_autofree char *shell = contents(p.target, "bin/bash"), *etc = kl_asprintf("%s/etc", p.target);
	KL_CHECK_STR(shell, "#!");
	KL_CHECK(!stat(etc, &st) && (st.st_mode & 07777) == 0750);
	kl_autofree char *sh = kl_asprintf("%s/bin/sh", p.target);
	KL_CHECK(!stat(sh, &st) && (st.st_mode & 07777) == 04755 && st.st_nlink == 2);
	place_free(&p);
}

KL_TEST(names_that_climb_stay_inside)
{
	static const char *const names[] = {"../outside/secret", "/../outside/secret", "a/../../outside/secret",
		"./../outside/secret", "../../../../../../../../tmp/keelson-escaped"};

	for (size_t i = 0; i < KL_ARRAY_LEN(names); i++) {
		struct place p = place_new();
		const struct item items[] = {{names[i], 'f', "new", 0}};
		unpack(&p, items, 1, NULL); /* refused or put inside: both are right */
		kl_autofree char *secret = contents(p.root, "outside/secret");
		KL_CHECK_STR(secret, "old");
		KL_CHECK(!kl_path_exists("/tmp/keelson-escaped"));
		place_free(&p);
	}
}

KL_TEST(links_do_not_lead_out)
{
	static const struct item attacks[][3] = {
		{{"x", 'l', "../outside", 0}, {"x/secret", 'f', "new", 0}, {"y", 'f', "", 0}},
		{{"x", 'l', "/tmp", 0}, {"x/keelson-escaped", 'f', "new", 0}, {"y", 'f', "", 0}},
		{{"x", 'l', "..", 0}, {"x/x/x/outside/secret", 'f', "new", 0}, {"y", 'f', "", 0}},
		{{"secret", 'l', "../outside/secret", 0}, {"secret", 'f', "new", 0}, {"y", 'f', "", 0}},
		{{"h", 'h', "../outside/secret", 0}, {"h", 'f', "new", 0}, {"y", 'f', "", 0}},
		{{"x", 'l', "../outside", 0}, {"h", 'h', "x/secret", 0}, {"h", 'f', "new", 0}},
		{{"x", 'l', "../outside", 0}, {"x/.wh.secret", 'f', "", 0}, {"y", 'f', "", 0}},
		{{"x", 'l', "../outside", 0}, {"x", 'd', NULL, 0777}, {"x/secret", 'f', "new", 0}},
	};

	for (size_t i = 0; i < KL_ARRAY_LEN(attacks); i++) {
		struct place p = place_new();
		unpack(&p, attacks[i], 3, NULL);
		kl_autofree char *secret = contents(p.root, "outside/secret");
		KL_CHECK_STR(secret, "old");
		KL_CHECK(!kl_path_exists("/tmp/keelson-escaped"));
		struct stat st;
		KL_CHECK(!stat(p.secret, &st) && st.st_nlink == 1);
		place_free(&p);
	}
}

KL_TEST(whiteouts)
{
	struct place p = place_new();
	const struct item items[] = {{"a/gone", 'f', "x", 0}, {"a/.wh.gone", 'f', "", 0},
		{"b/.wh..wh..opq", 'f', "", 0}, {"b/.wh..wh.aufs", 'f', "", 0}};
	char value[4] = "";
	struct stat st;

	if (geteuid() != 0)
		kl_test_skip("only root makes whiteouts");
	KL_CHECK_INT(unpack(&p, items, 4, NULL), 0);
	kl_autofree char *gone = kl_asprintf("%s/a/gone", p.target), *b = kl_asprintf("%s/b", p.target);
	kl_autofree char *aufs = kl_asprintf("%s/b/.wh..wh.aufs", p.target);
	KL_CHECK(!lstat(gone, &st) && S_ISCHR(st.st_mode) && st.st_rdev == 0);
	KL_CHECK(getxattr(b, "trusted.overlay.opaque", value, sizeof(value)) == 1 && value[0] == 'y');
	KL_CHECK(!kl_path_exists(aufs));
	place_free(&p);
}

KL_TEST(bad_whiteouts_are_refused)
{
	static const char *const names[] = {".wh.", ".wh...", "a/.wh..", "a/.wh..."};

	for (size_t i = 0; i < KL_ARRAY_LEN(names); i++) {
		struct place p = place_new();
		const struct item items[] = {{names[i], 'f', "", 0}};
		int rc = unpack(&p, items, 1, NULL);
		KL_CHECK(rc == -EINVAL || rc == 0);
		KL_CHECK(kl_path_exists(p.target) && kl_path_exists(p.secret));
		place_free(&p);
	}
}

KL_TEST(kinds_replace_each_other)
{
	struct place p = place_new();
	const struct item items[] = {{"a/b", 'f', "1", 0}, {"a", 'f', "file", 0}, {"c", 'f', "1", 0},
		{"c", 'd', NULL, 0755}, {"c/d", 'f', "2", 0}, {"e", 'l', "c", 0}, {"e", 'f', "3", 0}};

	KL_CHECK_INT(unpack(&p, items, KL_ARRAY_LEN(items), NULL), 0);
	kl_autofree char *a = contents(p.target, "a"), *d = contents(p.target, "c/d"), *e = contents(p.target, "e");
	KL_CHECK_STR(a, "file");
	KL_CHECK_STR(d, "2");
	KL_CHECK_STR(e, "3");
	place_free(&p);
}

KL_TEST(bounds)
{
	struct place p = place_new();
	char *big = kl_malloc((2 << 20) + 1);
	struct kl_err err = {0};

	memset(big, 'x', 2 << 20);
	big[2 << 20] = 0;
	const struct item items[] = {{"big", 'f', big, 0}};
	KL_CHECK(unpack(&p, items, 1, &err) < 0);
	KL_CHECK(strstr(err.text, "larger than"));
	free(big);
	struct item many[1001];
	for (size_t i = 0; i < KL_ARRAY_LEN(many); i++)
		many[i] = (struct item){"same", 'f', "", 0};
	KL_CHECK_INT(unpack(&p, many, KL_ARRAY_LEN(many), &err), -EFBIG);
	place_free(&p);
}

KL_TEST(damaged_archives)
{
	struct place p = place_new();
	struct kl_err err = {0};
	char noise[4096];

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (char)kl_test_random();
	kl_file_write_atomic(p.archive, noise, sizeof(noise), 0600, NULL);
	KL_CHECK(kl_unpack_layer(p.archive, p.target, NULL, NULL, &err) < 0);
	const struct item items[] = {{"a", 'f', "0123456789", 0}, {"b", 'f', "0123456789", 0}};
	write_archive(p.archive, items, 2);
	struct stat st;
	KL_CHECK(!stat(p.archive, &st) && !truncate(p.archive, st.st_size / 2));
	KL_CHECK(kl_unpack_layer(p.archive, p.target, NULL, NULL, &err) < 0);
	KL_CHECK(kl_unpack_layer("/nonexistent", p.target, NULL, NULL, &err) < 0);
	place_free(&p);
}

KL_TEST(another_digest_is_refused)
{
	struct place p = place_new();
	const struct item items[] = {{"a", 'f', "x", 0}};
	struct kl_err err = {0};

	write_archive(p.archive, items, 1);
	KL_CHECK_INT(kl_unpack_layer(p.archive, p.target,
			     "sha256:0000000000000000000000000000000000000000000000000000000000000000", NULL, &err),
		-EBADMSG);
	/* What it says to be is what it is then. */
	kl_autofree char *digest = kl_strndup(strstr(err.text, "sha256:"), 71);
	KL_CHECK_INT(kl_unpack_layer(p.archive, p.target, digest, NULL, &err), 0);
	place_free(&p);
}

KL_MAIN()
