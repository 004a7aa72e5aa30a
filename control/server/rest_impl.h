/* What the files of the REST layer share: not for others. */
#ifndef KL_REST_IMPL_H
#define KL_REST_IMPL_H

#include "accept.h"
#include "auth.h"
#include "impersonate.h"
#include "metrics.h"
#include "op.h"
#include "rest.h"
#include "rest_path.h"
#include "snapshot.h"

#include <pthread.h>
#include <stdatomic.h>

struct watch_call;

struct kl_rest {
	struct kl_rest_options options;
	struct kl_registry *registry;
	struct kl_store *store;
	struct kl_httpd *httpd;
	struct kl_snapshots *snapshots;
	struct kl_rest_metrics *metrics;
	pthread_t ticker;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t wake;
	bool stop;
	struct watch_call *watches;
	unsigned watch_count;
};

/* One request under way; lives as the HTTP request's state. */
struct rest_call {
	struct kl_rest *rest;
	struct kl_http_request *req;
	int64_t begin_ns;
	struct kl_rest_path path;
	const struct kl_kind *kind;
	struct kl_accept accept;
	struct kl_user user;
	struct kl_auth_user auth;
	struct kl_impersonation impersonation;
	/* writes */
	struct kl_op op;
	bool op_begun;
	struct kl_request request;
	struct kl_response response;
	json_t *body;
	char *delete_options;
	struct kl_warnings decode_warnings;
};

/* --- rest_reply.c: every function answers the request */
void reply_status(struct kl_http_request *req, const struct kl_status *st);
/* Takes the status' contents over. */
void reply_failure(struct kl_http_request *req, struct kl_status *st);
void reply_json(struct rest_call *call, int code, const json_t *json);
/* In the form the client wants; steals the reference. */
void reply_object(struct rest_call *call, int code, struct kl_object *obj);
/* A tree that is no stored object, in the client's version. */
void reply_tree(struct rest_call *call, int code, const json_t *tree);
bool plain_form(const struct rest_call *call);
/* Appends one object in the client's form (not for tables): converted, or its metadata alone. */
void render_object(const struct rest_call *call, const struct kl_object *obj, struct kl_buf *buf);
enum kl_include_object include_object(const struct kl_http_request *req);
void json_to_yaml(const char *json, size_t len, struct kl_buf *buf);

/* --- rest_filter.c: label and field selectors of a list or watch */
struct filter {
	struct kl_selector *labels;       /* NULL: all */
	struct kl_field_selector *fields; /* NULL: all */
	const char *name;                 /* the one name that can match; NULL: any */
	const char *needles[4];           /* texts that a matching object's bytes must contain; NULL-terminated */
};
int filter_parse(const struct rest_call *call, struct filter *ret, struct kl_status *st);
void filter_release(struct filter *filter);
bool filter_matches(const struct filter *filter, const struct kl_object *obj);
bool filter_all(const struct filter *filter);

/* --- rest_options.c: which state a list or watch wants */
struct list_options {
	uint64_t limit;              /* 0: all */
	bool exact;                  /* the state at `rv`, no other */
	uint64_t rv;                 /* 0: none given */
	char *after_ns, *after_name; /* continue behind this key; NULL: from the start */
	struct filter filter;
};
int list_options_parse(const struct rest_call *call, struct list_options *options, struct kl_status *st);
void list_options_release(struct list_options *options);
/* Pure; fuzzed. */
int list_token_parse(const char *token, struct list_options *options, struct kl_status *st);
char *list_token(uint64_t rv, const struct kl_object *last);
/* Goes on where `options` would have, with whatever is there. */
char *list_token_inconsistent(const struct list_options *options);
int list_expired(const struct list_options *options, struct kl_status *st);
int watch_options_check(const struct kl_http_request *req, struct kl_status *st);
/* 504 with upstream's words when the store has not come so far. */
int check_not_in_future(const struct rest_call *call, uint64_t rv, struct kl_status *st);

/* --- rest_read.c, rest_watch.c, rest_write.c: each answers the request */
void rest_get(struct rest_call *call);
void rest_list(struct rest_call *call);
void rest_watch(struct rest_call *call);
void rest_write(struct rest_call *call);
void rest_delete_collection(struct rest_call *call);
/* rest_component.c: what the server knows of itself */
void rest_components(struct rest_call *call);
/* rest_review.c */
bool is_review(const struct kl_kind *kind);
void rest_review(struct rest_call *call);
void rest_token(struct rest_call *call);
/* Parameters and body of a creation; -1 with st. */
int rest_read_body(struct rest_call *call, struct kl_status *st);
/* ?resourceVersion= as a number; false and a status when it is none. *ret_given: it was there and not empty. */
bool parse_rv(const struct kl_http_request *req, uint64_t *ret, bool *ret_given, struct kl_status *st);
/* Called every second by the ticker: wakes watches whose time has come. */
void watches_tick(struct kl_rest *rest, int64_t now_ms);

#endif
