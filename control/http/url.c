#include "url.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int kl_url_decode(char *text, bool plus_is_space)
{
	char *to = text;
	for (const char *from = text; *from; from++) {
		if (*from == '%') {
			int high = hex(from[1]);
			int low = high < 0 ? -1 : hex(from[2]);
			if (low < 0 || (high | low) == 0)
				return -EINVAL;
			*to++ = (char)(high << 4 | low);
			from += 2;
		} else {
			*to++ = *from == '+' && plus_is_space ? ' ' : *from;
		}
	}
	*to = '\0';
	return 0;
}

static size_t count_params(const char *query)
{
	size_t count = 1;
	for (const char *at = query; (at = strchr(at, '&')); at++)
		count++;
	return count;
}

static int parse_params(char *query, struct kl_url *url)
{
	size_t room = count_params(query);
	if (room > KL_URL_MAX_PARAMS)
		return -EINVAL;
	url->params = kl_calloc(room, sizeof(*url->params));
	for (char *rest = query, *pair; (pair = strsep(&rest, "&"));) {
		if (!*pair)
			continue;
		char *value = strchr(pair, '=');
		if (value)
			*value++ = '\0';
		else
			value = pair + strlen(pair);
		if (kl_url_decode(pair, true) < 0 || kl_url_decode(value, true) < 0)
			return -EINVAL;
		url->params[url->param_count++] = (struct kl_http_param){pair, value};
	}
	return 0;
}

int kl_url_parse(const char *target, struct kl_url *ret)
{
	if (target[0] != '/')
		return -EINVAL;
	size_t path_len = strcspn(target, "?#");
	const char *query = target[path_len] == '?' ? target + path_len + 1 : "";
	size_t query_len = strcspn(query, "#");

	/* path, raw path, query to be cut up, raw query: each with its NUL */
	char *texts = kl_malloc(2 * (path_len + 1) + 2 * (query_len + 1));
	struct kl_url url = {.path = texts, .raw_path = texts + path_len + 1};
	char *cut = url.raw_path + path_len + 1;
	url.raw_query = cut + query_len + 1;
	memcpy(url.path, target, path_len);
	memcpy(url.raw_path, target, path_len);
	memcpy(cut, query, query_len);
	memcpy(url.raw_query, query, query_len);
	url.path[path_len] = url.raw_path[path_len] = cut[query_len] = url.raw_query[query_len] = '\0';

	if (kl_url_decode(url.path, false) < 0 || (*cut && parse_params(cut, &url) < 0)) {
		kl_url_release(&url);
		return -EINVAL;
	}
	*ret = url;
	return 0;
}

void kl_url_release(struct kl_url *url)
{
	free(url->path);
	free(url->params);
	*url = (struct kl_url){0};
}
