/* A request's target, what it means as a path of the API, and an Accept header. */
#include "accept.h"
#include "rest_path.h"
#include "url.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was decoded is never longer than what was sent, and every text ends. */
static void check_url(const struct kl_url *url, size_t len)
{
	if (strlen(url->path) > len || url->path[0] != '/' || url->param_count > KL_URL_MAX_PARAMS)
		abort();
	for (size_t i = 0; i < url->param_count; i++)
		if (strlen(url->params[i].name) + strlen(url->params[i].value) > len)
			abort();
}

static void check_path(const struct kl_rest_path *path)
{
	if (!path->resource || !*path->resource || !path->group || !path->version)
		abort();
	if ((path->name && !*path->name) || (path->subresource && !path->name))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	kl_autofree char *text = kl_strndup((const char *)data, size);
	struct kl_url url;
	struct kl_rest_path path;
	struct kl_accept accept;
	kl_accept_parse(text, &accept);
	if (kl_url_parse(text, &url) < 0)
		return 0;
	check_url(&url, strlen(text));
	if (kl_rest_path_parse(url.path, &path) == KL_PATH_RESOURCE) {
		check_path(&path);
		kl_rest_path_release(&path);
	}
	kl_url_release(&url);
	return 0;
}
