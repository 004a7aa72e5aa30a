#include "rest_path.h"

#include "mem.h"

#include <stdlib.h>
#include <string.h>

/* Cuts the next segment off; NULL at the end. A trailing slash is no segment. */
static const char *next_segment(char **at)
{
	if (!*at || !**at)
		return NULL;
	char *segment = *at, *slash = strchr(segment, '/');
	if (slash)
		*slash = '\0';
	*at = slash ? slash + 1 : NULL;
	return segment;
}

static bool starts_with(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

/* "/api/v1/…" or "/apis/GROUP/VERSION/…": what follows the version, or NULL. */
static char *parse_version(char *text, struct kl_rest_path *path)
{
	char *at = NULL;
	if (starts_with(text, "/api/")) {
		at = text + strlen("/api/");
		path->group = "";
	} else if (starts_with(text, "/apis/")) {
		at = text + strlen("/apis/");
		path->group = next_segment(&at);
	}
	path->version = at ? next_segment(&at) : NULL;
	return path->version ? at : NULL;
}

/* "namespaces/NS/RESOURCE…" is in a namespace; "namespaces[/NS[/SUBRESOURCE]]" is the namespace itself. */
static bool is_namespace_part(const char *third)
{
	return third && strcmp(third, "status") != 0 && strcmp(third, "finalize") != 0;
}

static void parse_namespace(char **at, struct kl_rest_path *path)
{
	const char *ns = next_segment(at);
	if (!ns)
		return; /* the collection of namespaces */
	const char *third = next_segment(at);
	if (is_namespace_part(third)) {
		path->ns = ns;
		path->resource = third;
		path->name = next_segment(at);
		path->subresource = next_segment(at);
	} else {
		path->name = ns;
		path->subresource = third;
	}
}

enum kl_rest_path_kind kl_rest_path_parse(const char *text, struct kl_rest_path *ret)
{
	struct kl_rest_path path = {.storage = kl_strdup(text)};
	char *at = parse_version(path.storage, &path);
	path.resource = next_segment(&at);
	if (path.resource && !strcmp(path.resource, "watch")) {
		path.watch = true;
		path.resource = next_segment(&at);
	}
	if (!path.resource) {
		kl_rest_path_release(&path);
		return KL_PATH_OTHER;
	}
	if (!strcmp(path.resource, "namespaces")) {
		parse_namespace(&at, &path);
	} else {
		path.name = next_segment(&at);
		path.subresource = next_segment(&at);
	}
	path.rest = at && *at ? at : NULL;
	const char *segments[] = {path.ns, path.resource, path.name, path.subresource};
	for (unsigned i = 0; i < KL_ARRAY_LEN(segments); i++)
		if (segments[i] && !*segments[i]) {
			kl_rest_path_release(&path);
			return KL_PATH_BAD;
		}
	*ret = path;
	return KL_PATH_RESOURCE;
}

void kl_rest_path_release(struct kl_rest_path *path)
{
	free(path->storage);
	*path = (struct kl_rest_path){0};
}
