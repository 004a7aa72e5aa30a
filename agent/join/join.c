#include "join_impl.h"

#include "clock.h"
#include "file.h"
#include "log.h"
#include "mem.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ANSWER_MS = 60000, SERVING_MS = 10000, APPROVAL_MS = 3600 * 1000, RETRY_S = 30, CHECK_S = 600 };

/* The folder's kubeconfig and how long its certificate is good; false: there is none of use. */
static bool load_identity(const char *dir, struct kl_kubeconfig *ret, int64_t *ret_renew_s)
{
	int64_t left_s;
	kl_autofree char *path = kl_asprintf("%s/kubeconfig", dir);
	if (!kl_path_exists(path) || kl_kubeconfig_load(path, ret, NULL) < 0)
		return false;
	if (ret->cert_pem && certificate_times(ret->cert_pem, ret_renew_s, &left_s) && left_s > 0)
		return true;
	kl_kubeconfig_release(ret);
	return false;
}

/* --- joining --- */

static int ask_client(const struct kl_join_options *o, const char *ca_pem, struct kl_err *err)
{
	struct certificate client = {0};
	struct kl_kubeconfig config = {
		.server = kl_strdup(o->server), .ca_pem = kl_strdup(ca_pem), .token = kl_strdup(o->token)};
	int rc = certificate_ask(
		&config, PURPOSE_CLIENT, o->node, NULL, o->timeout_ms ? o->timeout_ms : ANSWER_MS, &client, err);
	if (rc == 0)
		rc = save_client(o->dir, o->server, ca_pem, &client, err);
	certificate_release(&client);
	kl_kubeconfig_release(&config);
	return rc;
}

static int ask_serving(const char *dir, const struct kl_kubeconfig *config, const char *node, const char *const *ips,
	int timeout_ms, struct kl_err *err)
{
	struct certificate serving = {0};
	int rc = certificate_ask(config, PURPOSE_SERVING, node, ips, timeout_ms, &serving, err);
	if (rc == 0)
		rc = save_serving(dir, &serving, err);
	certificate_release(&serving);
	return rc;
}

int kl_join(const struct kl_join_options *o, struct kl_err *err)
{
	int64_t renew_s;
	struct kl_kubeconfig config = {0};
	kl_autofree char *ca_pem = NULL, *own_ip = NULL;
	if (load_identity(o->dir, &config, &renew_s)) {
		kl_kubeconfig_release(&config);
		return 0;
	}
	int rc = discover_ca(o, &ca_pem, &own_ip, err);
	if (rc == 0)
		rc = ask_client(o, ca_pem, err);
	if (rc < 0)
		return kl_fail_prefix(err, "join '%s'", o->server);
	if (!load_identity(o->dir, &config, &renew_s))
		return kl_fail_msg(err, EPROTO, "join '%s': the certificate that it gave is no good", o->server);
	const char *ips[] = {own_ip, NULL};
	struct kl_err why = {0};
	/* without one the node runs, and logs, exec and the like wait for it */
	if (ask_serving(o->dir, &config, o->node, o->node_ips ? o->node_ips : ips, SERVING_MS, &why) < 0)
		kl_warn("no serving certificate yet: %s", kl_err_text(&why));
	kl_kubeconfig_release(&config);
	return 0;
}

/* --- keeping --- */

struct keeper {
	char *dir, *server, *node;
	char **ips;
	void (*renewed)(void *arg);
	void *arg;
};

/* Seconds until the serving certificate wants a successor; 0: now, or there is none. */
static int64_t serving_due(const char *dir)
{
	int64_t renew_s, left_s;
	kl_autofree char *pem = load_file(dir, "serving.crt");
	return pem && certificate_times(pem, &renew_s, &left_s) && renew_s > 0 ? renew_s : 0;
}

static int renew_client(const struct keeper *k, const struct kl_kubeconfig *config, struct kl_err *err)
{
	struct certificate client = {0};
	int rc = certificate_ask(config, PURPOSE_CLIENT, k->node, NULL, ANSWER_MS, &client, err);
	if (rc == 0)
		rc = save_client(k->dir, config->server, config->ca_pem, &client, err);
	certificate_release(&client);
	return rc;
}

/* Renews what is due; the seconds until it should look again. */
static int64_t look(const struct keeper *k)
{
	struct kl_kubeconfig config = {0};
	struct kl_err err = {0};
	int64_t client_s, serving_s = serving_due(k->dir), wait_s = RETRY_S;
	if (!load_identity(k->dir, &config, &client_s))
		return CHECK_S;
	int rc = 0;
	bool due = client_s <= 0 || serving_s <= 0;
	if (client_s <= 0)
		rc = renew_client(k, &config, &err);
	if (rc == 0 && serving_s <= 0)
		rc = ask_serving(k->dir, &config, k->node, (const char *const *)k->ips, APPROVAL_MS, &err);
	if (rc < 0)
		kl_warn("renew the node's certificates: %s", kl_err_text(&err));
	else if (due)
		k->renewed(k->arg);
	else
		wait_s = client_s < serving_s ? client_s : serving_s;
	kl_kubeconfig_release(&config);
	return wait_s > CHECK_S ? CHECK_S : wait_s;
}

static void *keep(void *arg)
{
	struct keeper *k = arg;
	sigset_t signals;
	sigfillset(&signals);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	kl_log_set_component("join");
	for (;;)
		sleep((unsigned)look(k) + 1);
	return NULL;
}

static char **copy_list(const char *const *list)
{
	size_t count = 0;
	while (list && list[count])
		count++;
	char **copy = kl_calloc(count + 1, sizeof(*copy));
	for (size_t i = 0; i < count; i++)
		copy[i] = kl_strdup(list[i]);
	return copy;
}

int kl_join_keep(const char *dir, const char *server, const char *node, const char *const *node_ips,
	void (*renewed)(void *arg), void *arg, struct kl_err *err)
{
	pthread_t thread;
	struct keeper *k = kl_calloc(1, sizeof(*k)); /* as long as the process */
	*k = (struct keeper){.dir = kl_strdup(dir),
		.server = kl_strdup(server),
		.node = kl_strdup(node),
		.ips = copy_list(node_ips),
		.renewed = renewed,
		.arg = arg};
	int rc = pthread_create(&thread, NULL, keep, k);
	if (rc)
		return kl_fail(err, rc, "start a thread");
	pthread_detach(thread);
	return 0;
}
