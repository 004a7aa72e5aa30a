/* keelson token: bootstrap tokens, with which nodes join. */
#include "cmd.h"

#include "auth.h"
#include "base64.h"
#include "clock.h"
#include "file.h"
#include "join.h"
#include "mem.h"
#include "up_api.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SECRETS            "/api/v1/namespaces/kube-system/secrets"
#define DEFAULT_KUBECONFIG "/var/lib/keelson/server/admin.kubeconfig"
#define DEFAULT_GROUPS     "system:bootstrappers:keelson:default-node-token"
enum { ID_LEN = 6, SECRET_LEN = 16, ASK_MS = 15000 };

struct options {
	const char *kubeconfig, *ttl, *description, *groups, *token_file, *server, *output;
	bool quiet;
};

static const char *kubeconfig_of(const struct options *o)
{
	const char *environment = getenv("KUBECONFIG");
	return o->kubeconfig ? o->kubeconfig : environment && *environment ? environment : DEFAULT_KUBECONFIG;
}

static int refused(const json_t *answer, int http, struct kl_err *err)
{
	const char *message = kl_json_str(answer, "message", NULL);
	return http < 0 ? http : kl_fail_msg(err, EPERM, "the server answered %d: %s", http, message);
}

/* --- create --- */

/* Characters without bias: bytes past the last multiple of 36 are drawn again. */
static void random_text(char *to, size_t len)
{
	static const char characters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	for (size_t i = 0; i < len;) {
		unsigned char byte;
		if (getrandom(&byte, 1, 0) == 1 && byte < 36 * 7)
			to[i++] = characters[byte % 36];
	}
	to[len] = '\0';
}

static int make_token(const struct options *o, char ret[ID_LEN + SECRET_LEN + 2], struct kl_err *err)
{
	kl_autobuf text = {.max = 4096};
	if (!o->token_file) {
		random_text(ret, ID_LEN);
		ret[ID_LEN] = '.';
		random_text(ret + ID_LEN + 1, SECRET_LEN);
		return 0;
	}
	int rc = kl_file_read(o->token_file, &text, err);
	if (rc < 0)
		return rc;
	kl_autofree char *token = kl_strndup(kl_buf_str(&text), strcspn(kl_buf_str(&text), " \t\r\n"));
	if (!kl_bootstrap_token_valid(token))
		return kl_fail_msg(
			err, EINVAL, "'%s' does not hold a token of the form [a-z0-9]{6}.[a-z0-9]{16}", o->token_file);
	strcpy(ret, token);
	return 0;
}

/* "24h", "30m", "90s"; 0: for ever; -1: no duration. */
static int64_t parse_ttl(const char *text)
{
	char *unit;
	long value = strtol(text, &unit, 10);
	if (unit == text || value < 0 || value > 1000000)
		return -1;
	if (!*unit || !strcmp(unit, "s"))
		return value;
	return !strcmp(unit, "m") ? value * 60L : !strcmp(unit, "h") ? value * 3600L : -1;
}

static json_t *secret_of(const struct options *o, const char *token, int64_t ttl_s, char until[KL_TIME_TEXT])
{
	kl_autofree char *name = kl_asprintf("bootstrap-token-%.*s", ID_LEN, token), *id = kl_strndup(token, ID_LEN);
	json_t *data = json_pack("{s:s, s:s, s:s, s:s}", "token-id", id, "token-secret", token + ID_LEN + 1,
		"usage-bootstrap-authentication", "true", "auth-extra-groups", o->groups);
	until[0] = '\0';
	if (ttl_s) {
		kl_time_format(kl_realtime_ms() / 1000 + ttl_s, until);
		json_object_set_new(data, "expiration", json_string(until));
	}
	if (o->description)
		json_object_set_new(data, "description", json_string(o->description));
	return json_pack("{s:s, s:s, s:s, s:{s:s, s:s}, s:o}", "apiVersion", "v1", "kind", "Secret", "type",
		"bootstrap.kubernetes.io/token", "metadata", "name", name, "namespace", "kube-system", "stringData",
		data);
}

static void print_created(const struct options *o, struct kl_api *api, const char *token, const char *until)
{
	const char *server = o->server ? o->server : kl_api_server(api);
	kl_autofree char *hash = kl_api_ca_pem(api) ? kl_join_ca_hash(kl_api_ca_pem(api)) : NULL;
	kl_autofree char *join =
		kl_asprintf("keelson agent --server %s --token %s --ca-cert-hash %s", server, token, hash ? hash : "");
	if (!strcmp(o->output, "json")) {
		kl_autojson *json = json_pack("{s:s, s:s, s:s, s:s, s:s}", "token", token, "expires", until, "server",
			server, "caCertHash", hash ? hash : "", "joinCommand", join);
		json_dumpf(json, stdout, JSON_INDENT(2));
		putchar('\n');
		return;
	}
	puts(o->quiet ? token : join);
}

static int create(const struct options *o, struct kl_api *api, int argc, char **argv, struct kl_err *err)
{
	char token[ID_LEN + SECRET_LEN + 2], until[KL_TIME_TEXT];
	int64_t ttl_s = parse_ttl(o->ttl);
	(void)argv;
	if (argc)
		return kl_fail_msg(err, EINVAL, "create takes no argument: a token of your own goes into --token-file");
	if (ttl_s < 0)
		return kl_fail_msg(
			err, EINVAL, "--ttl '%s' is not a duration such as 24h, 30m or 0 (for ever)", o->ttl);
	int rc = make_token(o, token, err);
	if (rc < 0)
		return rc;
	kl_autojson *answer = NULL, *secret = secret_of(o, token, ttl_s, until);
	int http = kl_api_send(api, "POST", SECRETS, secret, ASK_MS, &answer, err);
	if (http != 201)
		return refused(answer, http, err);
	print_created(o, api, token, until);
	return 0;
}

/* --- list --- */

/* A value of a Secret; "" when it has none. Owned. */
static char *value_of(const json_t *secret, const char *key)
{
	const char *coded = kl_json_str(secret, "data", key, NULL);
	kl_autobuf buf = {0};
	kl_base64_decode(&buf, coded, strlen(coded), KL_BASE64_LINES);
	return kl_strdup(kl_buf_str(&buf));
}

/* The secret half is not shown again. */
static json_t *row_of(const json_t *secret)
{
	kl_autofree char *id = value_of(secret, "token-id"), *expires = value_of(secret, "expiration"),
			 *groups = value_of(secret, "auth-extra-groups"),
			 *description = value_of(secret, "description");
	char left[KL_TIME_TEXT] = "<forever>";
	int64_t until_ms;
	if (kl_time_parse(expires, &until_ms) == 0) {
		int64_t left_s = (until_ms - kl_realtime_ms()) / 1000;
		if (left_s > 0)
			kl_duration_human(left_s, left);
		else
			strcpy(left, "<expired>");
	}
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", id, "ttl", left, "expires", expires, "groups", groups,
		"description", description);
}

static void print_rows(const json_t *rows)
{
	static const char *const keys[] = {"id", "ttl", "expires", "groups", "description"};
	struct kl_columns *table =
		kl_columns_new((const char *const[]){"ID", "TTL", "EXPIRES", "GROUPS", "DESCRIPTION", NULL});
	size_t i;
	json_t *row;
	json_array_foreach (rows, i, row) {
		const char *cells[KL_ARRAY_LEN(keys)];
		for (size_t k = 0; k < KL_ARRAY_LEN(keys); k++)
			cells[k] = kl_json_str(row, keys[k], NULL);
		kl_columns_row(table, cells);
	}
	kl_columns_print(table);
}

static int list(const struct options *o, struct kl_api *api, int argc, char **argv, struct kl_err *err)
{
	kl_autojson *answer = NULL, *json = json_array();
	(void)argv;
	if (argc)
		return kl_fail_msg(err, EINVAL, "list takes no argument");
	int http =
		kl_api_get(api, SECRETS "?fieldSelector=type%3Dbootstrap.kubernetes.io%2Ftoken", ASK_MS, &answer, err);
	if (http != 200)
		return refused(answer, http, err);
	size_t i;
	json_t *secret;
	json_array_foreach (json_object_get(answer, "items"), i, secret)
		json_array_append_new(json, row_of(secret));
	if (!strcmp(o->output, "json")) {
		json_dumpf(json, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		print_rows(json);
	}
	return 0;
}

/* --- delete --- */

static int delete (const struct options *o, struct kl_api *api, int argc, char **argv, struct kl_err *err)
{
	(void)o;
	if (!argc)
		return kl_fail_msg(err, EINVAL, "delete needs a token's ID");
	for (int i = 0; i < argc; i++) {
		kl_autojson *answer = NULL;
		if (strspn(argv[i], "abcdefghijklmnopqrstuvwxyz0123456789") != ID_LEN || argv[i][ID_LEN])
			return kl_fail_msg(err, EINVAL, "'%.*s' is not a token's ID of 6 characters", ID_LEN, argv[i]);
		kl_autofree char *path = kl_asprintf(SECRETS "/bootstrap-token-%s", argv[i]);
		int http = kl_api_send(api, "DELETE", path, NULL, ASK_MS, &answer, err);
		if (http != 200)
			return refused(answer, http, err);
		printf("token %s deleted\n", argv[i]);
	}
	return 0;
}

static const struct {
	const char *name;
	int (*run)(const struct options *o, struct kl_api *api, int argc, char **argv, struct kl_err *err);
} verbs[] = {{"create", create}, {"list", list}, {"delete", delete}};

static int run(int argc, char **argv)
{
	struct options o = {.ttl = "24h", .groups = DEFAULT_GROUPS, .output = "table"};
	const struct kl_opt opts[] = {
		{"kubeconfig", 0, KL_OPT_STRING, &o.kubeconfig},
		{"ttl", 0, KL_OPT_STRING, &o.ttl},
		{"description", 0, KL_OPT_STRING, &o.description},
		{"groups", 0, KL_OPT_STRING, &o.groups},
		{"token-file", 0, KL_OPT_STRING, &o.token_file},
		{"server", 0, KL_OPT_STRING, &o.server},
		{"quiet", 'q', KL_OPT_FLAG, &o.quiet},
		{"output", 'o', KL_OPT_STRING, &o.output},
	};
	struct kl_err err = {0};
	int count = kl_opts_parse(&kl_cmd_token, opts, KL_ARRAY_LEN(opts), argc, argv);
	bool known = !strcmp(o.output, "table") || !strcmp(o.output, "json");
	for (size_t i = 0; count > 0 && known && i < KL_ARRAY_LEN(verbs); i++) {
		if (strcmp(argv[1], verbs[i].name) != 0)
			continue;
		kl_autoapi *api = NULL;
		int rc = kl_api_open(kubeconfig_of(&o), &api, &err);
		if (rc == 0)
			rc = verbs[i].run(&o, api, count - 1, argv + 2, &err);
		return rc < 0 ? kl_cmd_fail(&kl_cmd_token, "%s", kl_err_text(&err)) : KL_EXIT_OK;
	}
	fputs(kl_cmd_token.help, stderr);
	return KL_EXIT_USAGE;
}

const struct kl_cmd kl_cmd_token = {
	.name = "token",
	.summary = "Tokens with which nodes join",
	.run = run,
	.help = "Usage: keelson token create [OPTIONS]\n"
		"       keelson token list [-o json]\n"
		"       keelson token delete ID…\n\n"
		"A bootstrap token lets a machine ask for a node's certificate, and nothing else. 'create' prints the "
		"command\n"
		"that joins a machine:\n\n"
		"  keelson agent --server URL --token ID.SECRET --ca-cert-hash sha256:…\n\n"
		"      --ttl DURATION       how long it is good: 24h (default), 30m, …; 0: for ever\n"
		"      --description TEXT   shown by list\n"
		"      --groups A,B         beside system:bootstrappers; each begins with system:bootstrappers:\n"
		"      --token-file FILE    take the token that stands there instead of a random one\n"
		"      --server URL         in the printed command, where nodes reach the server otherwise than you "
		"do\n"
		"  -q, --quiet              print the token alone\n"
		"      --kubeconfig FILE    the administrator's (KUBECONFIG, else " DEFAULT_KUBECONFIG ")\n"
		"  -o, --output FORMAT      table or json\n",
};
