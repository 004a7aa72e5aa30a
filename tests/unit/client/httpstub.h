/*
 * A stub HTTP/1.1 server for the client's tests: on the test's own loop, one handler for all requests, keep-alive, and
 * chunked bodies that the test writes piece by piece. It stands for an API server only in its framing.
 */
#ifndef HTTPSTUB_H
#define HTTPSTUB_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct stub;
struct stub_conn;
/* The handler answers with stub_reply or stub_chunks, at once or later. */
typedef void stub_handler(struct stub_conn *conn, const char *method, const char *path, const char *body, void *arg);

struct stub *stub_new(uv_loop_t *loop, stub_handler *handler, void *arg);
int stub_port(const struct stub *stub);
int stub_accepted(const struct stub *stub); /* connections so far */
bool stub_alive(const struct stub *stub, const struct stub_conn *conn); /* not closed yet */
void stub_free(struct stub *stub);

void stub_reply(struct stub_conn *conn, int code, const char *body);
void stub_chunks(struct stub_conn *conn); /* 200 and a chunked body */
void stub_chunk(struct stub_conn *conn, const char *data, size_t len);
void stub_end(struct stub_conn *conn); /* the last chunk */
void stub_cut(struct stub_conn *conn); /* closes the connection in the middle */

#endif
