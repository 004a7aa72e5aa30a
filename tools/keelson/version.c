#include "cmd.h"

#include "json.h"

#include <stdio.h>
#include <string.h>

static int run_version(int argc, char **argv)
{
	const char *output = "";
	const struct kl_opt opts[] = {{"output", 'o', KL_OPT_STRING, &output}};

	if (kl_opts_parse(&kl_cmd_version, opts, KL_ARRAY_LEN(opts), argc, argv))
		return kl_cmd_fail(&kl_cmd_version, "takes no arguments");
	if (!strcmp(output, "json")) {
		kl_autojson *json = json_pack("{s:s, s:s, s:s}", "version", KL_VERSION, "commit", KL_COMMIT, "kubernetes",
			KL_KUBERNETES_VERSION);
		kl_autofree char *text = kl_json_text(json);
		puts(text);
	} else {
		printf("keelson %s (%s), speaks Kubernetes %s\n", KL_VERSION, KL_COMMIT, KL_KUBERNETES_VERSION);
	}
	return KL_EXIT_OK;
}

const struct kl_cmd kl_cmd_version = {
	.name = "version",
	.summary = "Print the version",
	.run = run_version,
	.help = "Usage: keelson version [-o json]\n\nPrints Keelson's version, its commit and the Kubernetes version it speaks.\n",
};
