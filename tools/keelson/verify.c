/*
 * `keelson verify`: is what stands in the kernel what should?
 */
#include "cmd.h"

#include "look.h"

#include <stdio.h>
#include <string.h>

enum { ASK_TIMEOUT_MS = 30000 };
enum { EXIT_SAME = 0, EXIT_DIFFERS = 1, EXIT_UNKNOWN = 2 };

static long long number(const json_t *json, const char *name)
{
	return (long long)kl_json_int(json, 0, name, NULL);
}

static void print_words(const json_t *answer, const struct kl_look *look)
{
	const json_t *compared = kl_json_get(answer, "compared", NULL),
		     *differences = kl_json_get(answer, "differences", NULL);
	bool repaired = kl_json_bool(answer, false, "repaired", NULL);
	size_t i;
	json_t *difference;
	json_array_foreach (differences, i, difference)
		printf("%s%s%s\n", kl_colour(KL_RED), json_string_value(difference), kl_colour(KL_PLAIN));
	printf("%s%lld services, %lld frontends, %lld backends, %lld slots compared on %s: ", i ? "\n" : "",
		number(compared, "services"), number(compared, "frontends"), number(compared, "backends"),
		number(compared, "slots"), look->name);
	if (!i)
		printf("%sno difference%s\n", kl_colour(KL_GREEN), kl_colour(KL_PLAIN));
	else
		printf("%lld missing, %lld wrong, %lld foreign%s\n", number(answer, "missing"), number(answer, "wrong"),
			number(answer, "foreign"), repaired ? "; put right" : "; --repair puts them right");
}

static int run(int argc, char **argv)
{
	struct kl_look_options options = {0};
	bool repair = false;
	const struct kl_opt opts[] = {KL_LOOK_OPTS(&options), {"repair", 0, KL_OPT_FLAG, &repair}};
	struct kl_err err = {0};
	if (kl_opts_parse(&kl_cmd_verify, opts, KL_ARRAY_LEN(opts), argc, argv))
		return kl_cmd_fail(&kl_cmd_verify, "takes options only"), EXIT_UNKNOWN;
	kl_look_check_output(&kl_cmd_verify, options.output, "json");
	kl_autolook look;
	if (!kl_look_open(&kl_cmd_verify, &options, &look))
		return EXIT_UNKNOWN;
	kl_autojson *answer = kl_look_ask(
		&look, repair ? "{\"ask\":\"verify\",\"repair\":true}" : "{\"ask\":\"verify\"}", ASK_TIMEOUT_MS, &err);
	if (!answer)
		return kl_cmd_fail(&kl_cmd_verify, "%s; it knows what should be", err.text), EXIT_UNKNOWN;
	if (options.output)
		kl_look_print_json(answer);
	else
		print_words(answer, &look);
	bool differs = json_array_size(kl_json_get(answer, "differences", NULL)) > 0;
	return differs && !repair ? EXIT_DIFFERS : EXIT_SAME;
}

const struct kl_cmd kl_cmd_verify = {
	.name = "verify",
	.summary = "Compare a node's kernel tables with what they should hold",
	.run = run,
	.help = "Usage: keelson verify [--repair] [-o json]\n\n"
		"Asks the node's agent to compare every Service, frontend, backend and slot that should be in the "
		"kernel with what\n"
		"is, and prints each difference. The agent does so by itself every 30 seconds, repairs and counts; "
		"this does it now.\n\n"
		"      --repair   puts right what differs\n" KL_LOOK_HELP "  -o, --output json\n\n"
		"Exit code: 0 no difference, or all put right; 1 differences; 2 no answer.\n\n"
		"Examples:\n"
		"  keelson verify && echo as it should be\n"
		"  keelson verify --node node2 --repair\n"
		"  keelson verify -o json | jq -r '.differences[]'\n",
};
