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
	free(container->bundle);
	*container = (struct kl_streaming_container){0};
}
