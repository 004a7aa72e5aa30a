/*
 * The API over HTTP: paths, parameters, content negotiation, watches; what a request means is the registry's business.
 */
#ifndef KL_REST_H
#define KL_REST_H

#include "httpd.h"
#include "jwt.h"
#include "proxy.h"
#include "registry.h"

struct kl_rest;

struct kl_rest_options {
	struct kl_registry *registry;
	struct kl_proxy *proxy;             /* NULL: streams and proxies answer 503 */
	const struct kl_jwt_key *token_key; /* signs ServiceAccount tokens; NULL: none are issued or accepted */
	bool (*ready)(void *arg);           /* for /readyz; NULL: always */
	void *ready_arg;
};
/* Registers "/" in httpd, which must not have been started. */
int kl_rest_new(
	const struct kl_rest_options *options, struct kl_httpd *httpd, struct kl_rest **ret, struct kl_err *err);
/* After kl_httpd_free(). Accepts NULL. */
void kl_rest_free(struct kl_rest *rest);

/* A Status for failures that the HTTP layer answers: kl_httpd_options.error_body. */
void kl_rest_error_body(int status, const char *message, struct kl_buf *ret_body, const char **ret_content_type);

#endif
