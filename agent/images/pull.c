#include "images_impl.h"

#include "clock.h"
#include "file.h"
#include "proc.h"
#include "unpack.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PULL_TIMEOUT_MS = 30 * 60 * 1000, MAX_MANIFEST = 4 << 20 };

/* --- registries.conf(5) */

static void toml_string(struct kl_buf *text, const char *value, size_t len)
{
	kl_buf_json_string(text, value, len); /* TOML's basic strings escape like JSON's */
}

/* "docker.io=http://10.88.0.1:5000": several mirrors of one registry are tried in their order. */
static int registry_entry(
	struct kl_buf *text, const char *const *mirrors, size_t at, struct kl_buf *hosts, struct kl_err *err)
{
	size_t name_len = strcspn(mirrors[at], "=");

	for (size_t i = 0; i < at; i++)
		if (!strncmp(mirrors[i], mirrors[at], name_len + 1))
			return 0; /* written with its first mirror */
	kl_buf_str_push(text, "\n[[registry]]\nlocation = ");
	toml_string(text, mirrors[at], name_len);
	for (size_t i = at; mirrors[i]; i++) {
		const char *url = mirrors[i] + name_len + 1;
		if (strncmp(mirrors[i], mirrors[at], name_len) || mirrors[i][name_len] != '=')
			continue;
		bool plain = !strncmp(url, "http://", 7);
		url += plain ? 7 : !strncmp(url, "https://", 8) ? 8 : 0;
		size_t len = strlen(url);
		while (len && url[len - 1] == '/')
			len--;
		if (!len)
			return kl_fail_msg(err, EINVAL, "bad registry mirror '%s'", mirrors[i]);
		kl_buf_str_push(text, "\n[[registry.mirror]]\nlocation = ");
		toml_string(text, url, len);
		kl_buf_printf(text, "\ninsecure = %s\n", plain ? "true" : "false");
		kl_buf_printf(hosts, "%s%.*s", hosts->len ? "," : "", (int)strcspn(url, ":/"), url);
	}
	return 0;
}

int kl_images_write_registries(struct kl_images *images, const char *const *mirrors, struct kl_err *err)
{
	kl_autobuf text = {0}, hosts = {0};

	kl_buf_str_push(&text, "# Written by keelson agent from --registry-mirror.\nunqualified-search-registries = "
			       "[\"docker.io\"]\n");
	for (size_t i = 0; mirrors && mirrors[i]; i++) {
		if (!strchr(mirrors[i], '='))
			return kl_fail_msg(err, EINVAL, "bad registry mirror '%s': REGISTRY=URL is wanted", mirrors[i]);
		int rc = registry_entry(&text, mirrors, i, &hosts, err);
		if (rc)
			return rc;
	}
	images->registries_conf = kl_asprintf("%s/registries.conf", images->work_dir);
	images->no_proxy = kl_buf_take(&hosts);
	return kl_file_write_atomic(images->registries_conf, text.data, text.len, 0644, err);
}

/* --- skopeo */

static char *no_proxy_env(struct kl_images *images)
{
	const char *old = getenv("NO_PROXY");

	if (!old)
		old = getenv("no_proxy");
	return kl_asprintf(
		"NO_PROXY=%s%s%s", old ? old : "", old && *old ? "," : "", images->no_proxy ? images->no_proxy : "");
}

/* skopeo logs time="…" level=fatal msg="words with \" escapes": the words are what a user wants to read. */
static char *skopeo_words(const char *text)
{
	const char *at = strstr(text, "level=fatal msg="), *next;
	kl_autobuf words = {.max = 400};

	if (!at)
		return kl_strndup(text, strcspn(text, "\n"));
	while ((next = strstr(at + 1, "level=fatal msg=")))
		at = next;
	at += strlen("level=fatal msg=");
	bool quoted = *at == '"';
	for (at += quoted; *at && *at != '\n' && !(quoted && *at == '"'); at++) {
		if (*at == '\\' && at[1])
			at++;
		kl_buf_char(&words, *at);
	}
	return kl_strdup(kl_buf_str(&words));
}

static int skopeo_failed(const char *full, const char *output, struct kl_err *err)
{
	kl_autofree char *words = skopeo_words(output);
	static const struct {
		const char *pattern;
		int code;
		const char *grpc;
	} known[] = {
		{"manifest unknown", ENOENT, "NotFound"},
		{"name unknown", ENOENT, "NotFound"},
		{"not found", ENOENT, "NotFound"},
		{"unauthorized", EACCES, "Unknown"},
		{"access to the resource is denied", EACCES, "Unknown"},
	};
	for (size_t i = 0; i < KL_ARRAY_LEN(known); i++)
		if (strstr(words, known[i].pattern))
			return kl_fail_msg(err, known[i].code,
				"rpc error: code = %s desc = failed to pull and unpack image \"%s\": %s", known[i].grpc,
				full, words);
	return kl_fail_msg(
		err, EIO, "rpc error: code = Unknown desc = failed to pull and unpack image \"%s\": %s", full, words);
}

static int run_skopeo(
	struct kl_images *images, const char *full, const char *layout, const char *authfile, struct kl_err *err)
{
	kl_autofree char *source = kl_asprintf("docker://%s", full), *target = kl_asprintf("oci:%s:image", layout);
	kl_autofree char *blobs = kl_asprintf("%s/blobs", images->root);
	kl_autofree char *no_proxy = no_proxy_env(images);
	const char *argv[24] = {"env", no_proxy, images->skopeo, "--insecure-policy", "--registries-conf",
		images->registries_conf, "copy", "--quiet", "--dest-shared-blob-dir", blobs};
	size_t count = 10;
	struct kl_proc_result result;

	if (authfile) {
		argv[count++] = "--authfile";
		argv[count++] = authfile;
	}
	argv[count++] = source;
	argv[count++] = target;
	int rc = kl_proc_run(argv, NULL, PULL_TIMEOUT_MS, &result, err);
	if (!rc && result.exit_code)
		rc = skopeo_failed(full, kl_buf_str(&result.err_out), err);
	kl_proc_result_release(&result);
	return rc;
}

/* --- from the layout that skopeo left to a record */

static json_t *load_blob(struct kl_images *images, const char *digest, struct kl_err *err)
{
	kl_autofree char *path = kl_images_blob_path(images, digest);

	if (!kl_digest_hex(digest)) {
		kl_fail_msg(err, EBADMSG, "bad digest '%.100s' in the image", digest);
		return NULL;
	}
	return kl_json_load(path, MAX_MANIFEST, err);
}

static int unpack_one(struct kl_images *images, const char *digest, const char *diff_id, struct kl_err *err)
{
	kl_autofree char *path = kl_images_layer_path(images, diff_id), *blob = kl_images_blob_path(images, digest);

	if (!kl_digest_hex(diff_id) || !kl_digest_hex(digest))
		return kl_fail_msg(err, EBADMSG, "bad layer digest in the image");
	kl_autoclose int lock = kl_images_lock(images, strrchr(path, '/') + 1, err);
	if (lock < 0)
		return lock;
	if (kl_path_exists(path))
		return 0;
	kl_autofree char *tmp = kl_asprintf("%s/tmp/layer-%s", images->root, strrchr(path, '/') + 1);
	kl_autofree char *tmp_fs = kl_asprintf("%s/fs", tmp);
	kl_remove_tree(tmp, NULL);
	int rc = kl_mkdir_p(tmp_fs, 0755, err);
	if (!rc)
		rc = kl_unpack_layer(blob, tmp_fs, diff_id, NULL, err);
	if (!rc && rename(tmp, path))
		rc = kl_fail(err, errno, "rename '%s'", tmp);
	if (rc)
		kl_remove_tree(tmp, NULL);
	return rc;
}

static int unpack_layers(
	struct kl_images *images, const json_t *manifest, const json_t *diff_ids, int64_t *ret_size, struct kl_err *err)
{
	json_t *layers = json_object_get(manifest, "layers"), *layer;
	size_t i;

	*ret_size = 0;
	if (!json_is_array(layers) || json_array_size(layers) != json_array_size(diff_ids))
		return kl_fail_msg(err, EBADMSG, "the image's manifest and configuration do not match");
	json_array_foreach (layers, i, layer) {
		const char *diff_id = json_string_value(json_array_get(diff_ids, i));
		int rc = unpack_one(images, kl_json_str(layer, "digest", NULL), diff_id ? diff_id : "", err);
		if (rc)
			return kl_fail_prefix(err, "unpack layer %zu", i + 1);
		*ret_size += kl_json_int(layer, 0, "size", NULL);
	}
	return 0;
}

static json_t *blob_list(const json_t *manifest, const char *manifest_digest)
{
	json_t *list = json_pack("[s,s]", manifest_digest, kl_json_str(manifest, "config", "digest", NULL)), *layer;
	size_t i;

	json_array_foreach (json_object_get(manifest, "layers"), i, layer)
		json_array_append_new(list, json_string(kl_json_str(layer, "digest", NULL)));
	return list;
}

static int record_image(struct kl_images *images, const struct kl_reference *ref, const char *layout,
	struct kl_image *ret, struct kl_err *err)
{
	kl_autofree char *full = kl_reference_text(ref), *index_path = kl_asprintf("%s/index.json", layout);
	kl_autojson *index = kl_json_load(index_path, MAX_MANIFEST, err);
	const char *digest = kl_json_str(json_array_get(json_object_get(index, "manifests"), 0), "digest", NULL);
	kl_autojson *manifest = index ? load_blob(images, digest, err) : NULL;
	const char *id = kl_json_str(manifest, "config", "digest", NULL);
	kl_autojson *config = manifest ? load_blob(images, id, err) : NULL;
	json_t *diff_ids = kl_json_get(config, "rootfs", "diff_ids", NULL), *run = json_object_get(config, "config");
	int64_t size;

	if (!config)
		return kl_fail_prefix(err, "read the pulled image '%s'", full);
	int rc = unpack_layers(images, manifest, diff_ids, &size, err);
	if (rc)
		return rc;
	kl_autofree char *repo_digest = kl_asprintf("%s/%s@%s", ref->registry, ref->path, digest);
	kl_autojson *record = json_pack("{s:s,s:s,s:s,s:I,s:I,s:O,s:O,s:o}", "name", full, "id", id, "repoDigest",
		repo_digest, "size", (json_int_t)size, "pulled", (json_int_t)kl_realtime_ms(), "layers", diff_ids,
		"config", json_is_object(run) ? run : json_object(), "blobs", blob_list(manifest, digest));
	rc = kl_images_from_record(record, ret, err);
	if (rc)
		return rc;
	kl_autofree char *path = kl_images_record_path(images, full), *text = kl_json_text(record);
	rc = kl_file_write_atomic(path, text, strlen(text), 0644, err);
	if (rc)
		kl_image_release(ret);
	return rc;
}

static int write_auth(
	struct kl_images *images, const char *hash, const char *auth_json, char **ret_path, struct kl_err *err)
{
	kl_autofree char *path = kl_asprintf("%s/auth-%s.json", images->work_dir, hash);
	int rc = kl_file_write_atomic(path, auth_json, strlen(auth_json), 0600, err);

	if (!rc)
		*ret_path = kl_take(&path);
	return rc;
}

/* The lock makes several pods, and several agents on one root, share one transfer: the next finds all blobs here. */
int kl_images_pull(
	struct kl_images *images, const char *name, const char *auth_json, struct kl_image *ret, struct kl_err *err)
{
	kl_cleanup(kl_reference_release) struct kl_reference ref = {0};
	int rc = kl_reference_parse(name, &ref, err);

	if (rc)
		return rc;
	kl_autofree char *full = kl_reference_text(&ref), *record = kl_images_record_path(images, full);
	kl_autofree char *hash = kl_strndup(strrchr(record, '/') + 1, 32);
	kl_autofree char *layout = kl_asprintf("%s/tmp/pull-%s", images->root, hash), *authfile = NULL;
	kl_autoclose int lock = kl_images_lock(images, hash, err);
	if (lock < 0)
		return lock;
	kl_remove_tree(layout, NULL);
	rc = auth_json ? write_auth(images, hash, auth_json, &authfile, err) : 0;
	if (!rc)
		rc = run_skopeo(images, full, layout, authfile, err);
	if (authfile)
		unlink(authfile);
	if (!rc)
		rc = record_image(images, &ref, layout, ret, err);
	kl_remove_tree(layout, NULL);
	return rc;
}
