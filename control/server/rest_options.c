/* The parameters of lists and watches: which state is wanted, and which page of it. */
#include "rest_impl.h"

#include "base64.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- continue tokens --- */

enum { TOKEN_MAX = 4096 };

/*
 * Where the next page starts, and of which moment: "v1", the first page's resourceVersion (or "-1": whatever is there),
 * the namespace and the name of the last object that was shown. Clients must not look inside.
 */
static char *write_token(int64_t rv, const char *ns, const char *name)
{
	kl_autofree char *text = kl_asprintf("v1\t%" PRId64 "\t%s\t%s", rv, ns, name);
	kl_autobuf buf = {0};
	kl_base64_encode(&buf, text, strlen(text), KL_BASE64_URL);
	return kl_buf_take(&buf);
}

char *list_token(uint64_t rv, const struct kl_object *last)
{
	return write_token((int64_t)rv, last->ns, last->name);
}

char *list_token_inconsistent(const struct list_options *options)
{
	return write_token(-1, options->after_ns, options->after_name);
}

int list_token_parse(const char *token, struct list_options *options, struct kl_status *st)
{
	kl_autobuf buf = {.max = TOKEN_MAX};
	bool base64 = kl_base64_decode(&buf, token, strlen(token), KL_BASE64_URL) == 0 && !buf.overflow;
	char *rest = base64 && buf.len && !memchr(buf.data, '\0', buf.len) ? buf.data : NULL, *end = NULL;
	const char *version = strsep(&rest, "\t"), *rv = strsep(&rest, "\t"), *ns = strsep(&rest, "\t");
	errno = 0;
	long long number = rv && *rv ? strtoll(rv, &end, 10) : 0;
	if (!version || strcmp(version, "v1") != 0 || !end || *end || errno || !number || number < -1 || !ns || !rest ||
		!*rest || strchr(rest, '\t'))
		return kl_status_bad_request(st, "continue key is not valid: %s", base64 ? "wrong form" : "not base64");
	options->exact = number > 0;
	options->rv = number > 0 ? (uint64_t)number : 0;
	options->after_ns = kl_strdup(ns);
	options->after_name = kl_strdup(rest);
	return 0;
}

int list_expired(const struct list_options *options, struct kl_status *st)
{
	if (!options->after_name)
		return kl_status_set(st, 410, "Expired", "The resourceVersion for the provided list is too old.");
	return kl_status_set(st, 410, "Expired",
		"The provided continue parameter is too old to display a consistent list result. You can start a new "
		"list "
		"without the continue parameter, or use the continue token in this response to retrieve the remainder "
		"of the "
		"results. Continuing with the provided token results in an inconsistent list - objects that were "
		"created, "
		"modified, or deleted between the time the first chunk was returned and now may show up in the list.");
}

/* --- which state --- */

bool parse_rv(const struct kl_http_request *req, uint64_t *ret, bool *ret_given, struct kl_status *st)
{
	const char *text = kl_http_query(req, "resourceVersion");
	*ret = 0;
	*ret_given = text && *text;
	if (!*ret_given)
		return true;
	char *end;
	errno = 0;
	*ret = strtoull(text, &end, 10);
	if (*end == '\0' && !errno && text[0] >= '0' && text[0] <= '9')
		return true;
	kl_status_bad_request(st,
		"resourceVersion: Invalid value: \"%s\": strconv.ParseUint: parsing \"%s\": invalid syntax", text,
		text);
	return false;
}

/* Several things may be wrong at once: each is a cause, and the message names all of them as upstream's does. */
struct complaints {
	struct kl_status *st;
	struct kl_buf text;
	unsigned count;
};

static void complain(struct complaints *c, const char *reason, const char *field, const char *why)
{
	kl_status_cause(c->st, reason, field, "%s", why);
	kl_buf_printf(&c->text, "%s%s: %s", c->count ? ", " : "", field, why);
	c->count++;
}

static int settle(struct complaints *c)
{
	if (c->count)
		kl_status_set(c->st, 422, "Invalid",
			c->count > 1 ? "ListOptions.meta.k8s.io \"\" is invalid: [%s]"
				     : "ListOptions.meta.k8s.io \"\" is invalid: %s",
			kl_buf_str(&c->text));
	kl_buf_release(&c->text);
	return c->count ? -1 : 0;
}

#define FORBIDDEN     "FieldValueForbidden"
#define NOT_SUPPORTED "FieldValueNotSupported"
#define MATCH         "resourceVersionMatch"

static const char *parameter(const struct kl_http_request *req, const char *name)
{
	const char *value = kl_http_query(req, name);
	return value && *value ? value : NULL;
}

static int check_list(const struct kl_http_request *req, struct kl_status *st)
{
	struct complaints c = {.st = st};
	const char *match = parameter(req, MATCH), *rv = parameter(req, "resourceVersion");
	bool exact = match && !strcmp(match, "Exact");
	if (match && !rv)
		complain(&c, FORBIDDEN, MATCH,
			"Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided");
	if (match && parameter(req, "continue"))
		complain(&c, FORBIDDEN, MATCH, "Forbidden: resourceVersionMatch is forbidden for continue");
	if (match && !exact && strcmp(match, "NotOlderThan") != 0) {
		kl_autofree char *why = kl_asprintf(
			"Unsupported value: \"%s\": supported values: \"Exact\", \"NotOlderThan\", \"\"", match);
		complain(&c, NOT_SUPPORTED, MATCH, why);
	}
	if (exact && rv && !strcmp(rv, "0"))
		complain(&c, FORBIDDEN, MATCH,
			"Forbidden: resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
	if (parameter(req, "sendInitialEvents"))
		complain(&c, FORBIDDEN, "sendInitialEvents", "Forbidden: sendInitialEvents is forbidden for list");
	return settle(&c);
}

int watch_options_check(const struct kl_http_request *req, struct kl_status *st)
{
	struct complaints c = {.st = st};
	const char *match = parameter(req, MATCH), *send = parameter(req, "sendInitialEvents");
	bool newer = match && !strcmp(match, "NotOlderThan");
	if (send && !newer)
		complain(&c, FORBIDDEN, MATCH,
			"Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
	if (match && !send)
		complain(&c, FORBIDDEN, MATCH,
			"Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
	if (match && !newer) {
		kl_autofree char *why =
			kl_asprintf("Unsupported value: \"%s\": supported values: \"NotOlderThan\"", match);
		complain(&c, NOT_SUPPORTED, MATCH, why);
	}
	if (match && parameter(req, "continue"))
		complain(&c, FORBIDDEN, MATCH, "Forbidden: resourceVersionMatch is forbidden for continue");
	return settle(&c);
}

int check_not_in_future(const struct rest_call *call, uint64_t rv, struct kl_status *st)
{
	uint64_t now = kl_store_rv(call->rest->store);
	if (rv <= now)
		return 0;
	kl_status_set(st, 504, "Timeout", "Too large resource version: %" PRIu64 ", current: %" PRIu64, rv, now);
	kl_status_cause(st, "ResourceVersionTooLarge", NULL, "Too large resource version");
	json_object_set_new(st->details, "retryAfterSeconds", json_integer(1));
	return -1;
}

/*
 * "Exact" asks for that very state. So does, for old clients, a resourceVersion with a limit and no match. Everything else
 * asks for a state that is not older, and the present one is.
 */
static int choose_state(const struct rest_call *call, struct list_options *options, struct kl_status *st)
{
	uint64_t rv;
	bool given;
	const char *match = parameter(call->req, MATCH);
	if (!parse_rv(call->req, &rv, &given, st))
		return -1;
	if (options->after_name)
		return rv ? kl_status_bad_request(st, "specifying resource version is not allowed when using continue")
			  : 0;
	if (check_not_in_future(call, rv, st) < 0)
		return -1;
	options->exact = rv && (match ? !strcmp(match, "Exact") : options->limit > 0);
	options->rv = rv;
	return 0;
}

static int parse_limit(const struct rest_call *call, struct list_options *options, struct kl_status *st)
{
	const char *limit = parameter(call->req, "limit");
	char *end = NULL;
	errno = 0;
	long long value = limit ? strtoll(limit, &end, 10) : 0;
	if (limit && (*end || errno))
		return kl_status_bad_request(st,
			"limit: Invalid value: \"%s\": strconv.ParseInt: parsing \"%s\": invalid syntax", limit, limit);
	options->limit = value > 0 ? (uint64_t)value : 0;
	return 0;
}

int list_options_parse(const struct rest_call *call, struct list_options *options, struct kl_status *st)
{
	const char *token = parameter(call->req, "continue");
	if (parse_limit(call, options, st) < 0 || check_list(call->req, st) < 0)
		return -1;
	if (token && list_token_parse(token, options, st) < 0)
		return -1;
	return choose_state(call, options, st) < 0 ? -1 : filter_parse(call, &options->filter, st);
}

void list_options_release(struct list_options *options)
{
	free(options->after_ns);
	free(options->after_name);
	filter_release(&options->filter);
}
