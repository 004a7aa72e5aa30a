/*
 * The target of an HTTP request: path and query, decoded. Pure, bounded, fuzzed.
 */
#ifndef KL_URL_H
#define KL_URL_H

#include "httpd.h"

#define KL_URL_MAX_PARAMS 256

/* One allocation holds all the texts. */
struct kl_url {
	char *path;     /* decoded */
	char *raw_path; /* as sent */
	char *raw_query;
	struct kl_http_param *params;
	size_t param_count;
};
/*
 * "/a%20b?x=1&y" → path "/a b", params x="1", y="". '+' is a space in the query only. Returns -EINVAL on a target that
 * does not start with '/', a broken escape, an escaped NUL or more than KL_URL_MAX_PARAMS parameters.
 */
int kl_url_parse(const char *target, struct kl_url *ret);
void kl_url_release(struct kl_url *url);
/* Decodes in place; -EINVAL as above. */
int kl_url_decode(char *text, bool plus_is_space);

#endif
