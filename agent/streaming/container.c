#include "streaming.h"

#include "mem.h"

#include <stdlib.h>

void kl_streaming_container_release(struct kl_streaming_container *container)
{
	free(container->state);
	free(container->log_path);
	free(container->log_path_previous);
	for (char **arg = container->runtime_argv; arg && *arg; arg++)
		free(*arg);
	free(container->runtime_argv);
	free(container->container_id);
	json_decref(container->process);
	free(container->attach_socket);
	free(container->winsz_path);
	*container = (struct kl_streaming_container){0};
}
