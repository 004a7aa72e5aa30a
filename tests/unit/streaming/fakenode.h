/*
 * A fake node for tests: a real agent endpoint (plain HTTP on loopback) over a fake container table, a fake runtime
 * that runs commands as ordinary processes of this machine, and a fake conmon behind attach. The processes, pipes,
 * terminals and files are real.
 *
 * The table: pod default/web with containers "main" (running), "done" (ended) and "tty" (running, with a terminal).
 */
#ifndef KL_FAKENODE_H
#define KL_FAKENODE_H

#include "streaming.h"

struct fakenode;

/*
 * dir: an empty folder of its own; self: path of the program, which calls fakenode_runtime() when argv[1] is "runtime".
 * certs: a folder with ca.crt, serving.crt and serving.key; NULL: plain HTTP.
 */
struct fakenode *fakenode_new(const char *dir, const char *self, int port, const char *certs);
int fakenode_port(const struct fakenode *node);
/* Runs a thread with the agent's loop. */
void fakenode_free(struct fakenode *node);

/* Appends a record to the log of "main". tag "F" or "P". */
void fakenode_log(struct fakenode *node, const char *time, const char *stream, const char *tag, const char *text);
/* Renames the log as kubelet's rotation does; the next fakenode_log makes a new one. */
void fakenode_rotate(struct fakenode *node);
/* The process whose end is the end of "main"'s log. */
void fakenode_end_main(struct fakenode *node);
/* The path at which "main"'s attach socket is to be bound. */
const char *fakenode_bundle(const struct fakenode *node);

/* argv: … runtime exec --process FILE ID */
int fakenode_runtime(int argc, char **argv);

#endif
