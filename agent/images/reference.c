#include "images.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char lower_digits[] = "abcdefghijklmnopqrstuvwxyz0123456789";

void kl_reference_release(struct kl_reference *ref)
{
	free(ref->registry);
	free(ref->path);
	free(ref->tag);
	free(ref->digest);
	*ref = (struct kl_reference){0};
}

/* distribution/reference: components of [a-z0-9] joined by '.', '_', '__' or dashes. */
static bool valid_path(const char *path)
{
	for (const char *at = path; *at;) {
		size_t len = strcspn(at, "/");
		if (!len || !strchr(lower_digits, at[0]) || !strchr(lower_digits, at[len - 1]))
			return false;
		for (size_t i = 0; i < len; i++)
			if (!strchr(lower_digits, at[i]) && !strchr("._-", at[i]))
				return false;
		at += len;
		if (*at == '/' && !*++at)
			return false;
	}
	return *path && strlen(path) <= 255;
}

static bool valid_tag(const char *tag)
{
	size_t len = strlen(tag);

	return len && len <= 128 && tag[0] != '.' && tag[0] != '-' &&
	       strspn(tag, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == len;
}

static bool valid_digest(const char *digest)
{
	return !strncmp(digest, "sha256:", 7) && strlen(digest) == 71 && strspn(digest + 7, "0123456789abcdef") == 64;
}

static bool valid_registry(const char *host)
{
	return *host &&
	       strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]") == strlen(host);
}

/* The first component is a registry when it has a dot or a port or is "localhost". */
static void split_registry(const char *text, char **ret_registry, char **ret_path)
{
	size_t first = strcspn(text, "/");
	kl_autofree char *host = kl_strndup(text, first);

	if (text[first] && (strpbrk(host, ".:") || !strcmp(host, "localhost"))) {
		*ret_registry = kl_strdup(!strcmp(host, "index.docker.io") ? "docker.io" : host);
		*ret_path = kl_strdup(text + first + 1);
	} else {
		*ret_registry = kl_strdup("docker.io");
		*ret_path = kl_strdup(text);
	}
	if (!strcmp(*ret_registry, "docker.io") && !strchr(*ret_path, '/')) {
		char *full = kl_asprintf("library/%s", *ret_path);
		free(*ret_path);
		*ret_path = full;
	}
}

int kl_reference_parse(const char *text, struct kl_reference *ret, struct kl_err *err)
{
	kl_cleanup(kl_reference_release) struct kl_reference ref = {0};
	kl_autofree char *rest = kl_strdup(text);
	char *at = strchr(rest, '@');

	if (at) {
		*at = 0;
		ref.digest = kl_strdup(at + 1);
	}
	char *colon = strrchr(rest, ':');
	if (colon && !strchr(colon, '/')) {
		*colon = 0;
		ref.tag = kl_strdup(colon + 1);
	}
	split_registry(rest, &ref.registry, &ref.path);
	if (!valid_path(ref.path) || !valid_registry(ref.registry) || (ref.tag && !valid_tag(ref.tag)) ||
		(ref.digest && !valid_digest(ref.digest)))
		return kl_fail_msg(err, EINVAL, "couldn't parse image name \"%.200s\": invalid reference format", text);
	if (!ref.tag && !ref.digest)
		ref.tag = kl_strdup("latest");
	*ret = ref;
	ref = (struct kl_reference){0};
	return 0;
}

char *kl_reference_text(const struct kl_reference *ref)
{
	if (ref->digest)
		return kl_asprintf("%s/%s@%s", ref->registry, ref->path, ref->digest);
	return kl_asprintf("%s/%s:%s", ref->registry, ref->path, ref->tag);
}
