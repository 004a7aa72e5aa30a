/* What a URL path of the API means. Pure, fuzzed. */
#ifndef KL_REST_PATH_H
#define KL_REST_PATH_H

#include <stdbool.h>

enum kl_rest_path_kind {
	KL_PATH_RESOURCE, /* /api/v1/… or /apis/GROUP/VERSION/… with a resource */
	KL_PATH_OTHER,    /* everything else: discovery, health, … */
	KL_PATH_BAD,      /* more segments than anything has, or an empty one */
};

/* Texts live in `storage`. */
struct kl_rest_path {
	char *storage;
	const char *group, *version; /* "" and "v1" for core */
	const char *ns;              /* NULL: none in the path */
	const char *resource;
	const char *name;        /* NULL: the collection */
	const char *subresource; /* NULL: none */
	const char *rest;        /* behind the subresource (proxies), without its leading '/'; NULL: none */
	bool watch;              /* the old form /api/v1/watch/… */
};
enum kl_rest_path_kind kl_rest_path_parse(const char *path, struct kl_rest_path *ret);
void kl_rest_path_release(struct kl_rest_path *path);

#endif
