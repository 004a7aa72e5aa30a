/*
 * One conmon per container: it keeps the container's stdio, writes the log in CRI form, serves attach, and leaves the
 * exit code in a file. Blocking; any thread.
 */
#ifndef KL_CONMON_H
#define KL_CONMON_H

#include "runtime.h"

struct kl_conmon {
	const char *conmon, *runtime; /* programs, absolute */
	const char *runtime_root;     /* --root of the OCI runtime */
	const char *exit_dir;
};
/* Starts conmon, which runs the runtime's `create`; both process ids come back. */
int kl_conmon_create(const struct kl_conmon *c, const struct kl_container_spec *spec, struct kl_container_handle *ret,
	struct kl_err *err);

#endif
