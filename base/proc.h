/*
 * Other programs, without a shell: argv in, exit code and output out. Blocking; event loops use uv_spawn.
 */
#ifndef KL_PROC_H
#define KL_PROC_H

#include "buf.h"
#include "err.h"

#include <sys/types.h>

struct kl_proc_result {
	int exit_code; /* 128 + signal when killed */
	struct kl_buf out, err_out;
};

/*
 * Runs argv[0] (searched in PATH) to its end; stdin is `input` (NULL: /dev/null); each output is kept up to 1 MiB.
 * Returns 0 when it ran, whatever its exit code; a negative errno when it could not be started or ran longer than
 * timeout_ms (0: no limit), in which case it was killed.
 */
int kl_proc_run(const char *const argv[], const char *input, int timeout_ms, struct kl_proc_result *ret,
	struct kl_err *err);
void kl_proc_result_release(struct kl_proc_result *result);
/* The same, where a non-zero exit is an error whose words are the last line of its stderr. */
int kl_proc_check(const char *const argv[], struct kl_err *err);

#endif
