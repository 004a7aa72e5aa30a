/*
 * pod_switch PIN_DIR on|off: shortcuts past the node's stack, at once, for measuring both ways in one run.
 */
#include "maps.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	struct kl_err err = {0};
	struct kl_maps *maps;
	if (argc != 3)
		return 2;
	if (kl_maps_open(argv[1], NULL, &maps, &err)) {
		fprintf(stderr, "pod_switch: %s\n", kl_err_text(&err));
		return 1;
	}
	if (!strcmp(argv[2], "on"))
		__atomic_or_fetch(&maps->net->flags, KL_NET_SHORTCUTS, __ATOMIC_SEQ_CST);
	else
		__atomic_and_fetch(&maps->net->flags, ~(unsigned)KL_NET_SHORTCUTS, __ATOMIC_SEQ_CST);
	kl_maps_close(maps);
	return 0;
}
