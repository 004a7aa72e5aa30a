/*
 * A whole API server in the test's process (store, registry, HTTPS, no controllers), and a client of it with the
 * administrator's certificate, another one, or none.
 */
#ifndef APITEST_H
#define APITEST_H

#include "json.h"
#include "pki.h"
#include "registry.h"
#include "testlib.h"

#include <sys/types.h>

/* The server is started at the first call and stopped at exit. */
struct kl_registry *api_registry(void);
const char *api_url(void); /* https://127.0.0.1:PORT */
struct kl_pki *api_pki(void);
void api_restart(void); /* closes everything and opens it again */

/*
 * The same server as a process of its own, which can be killed: main() calls api_serve() first, which serves and does not
 * return when the program was started for that. api_apart() starts it, also again after api_kill(), on the same data and at
 * the same port.
 */
void api_serve(int argc, char **argv);
void api_apart(void);
void api_kill(void);    /* with SIGKILL; returns when it is dead */
pid_t api_pid(void);

/* The administrator's certificate, and the CA's file, for clients of a test's own. */
const struct kl_pki_pair *api_admin(void);
int api_port(void);

struct api_answer {
	long code; /* 0: none came */
	struct kl_buf body, headers;
	json_t *json; /* NULL when the body is none */
};
void api_answer_release(struct api_answer *answer);
#define api_auto kl_cleanup(api_answer_release) struct api_answer

struct api_request {
	const char *method, *path, *body, *content_type, *accept;
	size_t body_len;                    /* 0: strlen */
	const struct kl_pki_pair *identity; /* NULL: the administrator */
	bool anonymous;
	const char *header; /* one more */
	bool chunked;
};
struct api_answer api_send(const struct api_request *request);
/* Short forms with the administrator's certificate. */
struct api_answer api_get(const char *path);
struct api_answer api_post(const char *path, const char *body);
struct api_answer api_put(const char *path, const json_t *object);
struct api_answer api_patch(const char *path, const char *content_type, const char *body);
struct api_answer api_delete(const char *path, const char *body);

/* A stream: lines as they come. */
struct api_watch;
struct api_watch *api_watch_open(const char *path);
/* The next line as JSON, new reference; NULL: none within timeout_ms, or the end (*ret_ended). */
json_t *api_watch_next(struct api_watch *watch, int timeout_ms, bool *ret_ended);
void api_watch_close(struct api_watch *watch);

/* The answer's reason and message, "" when it is no Status. */
const char *api_reason(const struct api_answer *answer);
const char *api_message(const struct api_answer *answer);

#endif
