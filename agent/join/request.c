/* A key made here, a CertificateSigningRequest for it, and the wait for what the server makes of it. */
#include "join_impl.h"

#include "base64.h"
#include "clock.h"
#include "mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

enum { POLL_MS = 100, SLOW_POLL_MS = 2000, QUICK_MS = 10000, ASK_MS = 15000 };
#define CSRS "/apis/certificates.k8s.io/v1/certificatesigningrequests"

void certificate_release(struct certificate *certificate)
{
	free(certificate->cert_pem);
	if (certificate->key_pem)
		explicit_bzero(certificate->key_pem, strlen(certificate->key_pem));
	free(certificate->key_pem);
	*certificate = (struct certificate){0};
}

/* --- the request --- */

static int add_names(gnutls_x509_crq_t crq, const char *node, const char *const *ips)
{
	int rc = gnutls_x509_crq_set_subject_alt_name(
		crq, GNUTLS_SAN_DNSNAME, node, (unsigned)strlen(node), GNUTLS_FSAN_APPEND);
	for (; ips && *ips && rc >= 0; ips++) {
		unsigned char address[16];
		bool v4 = inet_pton(AF_INET, *ips, address) == 1;
		if (!v4 && inet_pton(AF_INET6, *ips, address) != 1)
			continue;
		rc = gnutls_x509_crq_set_subject_alt_name(
			crq, GNUTLS_SAN_IPADDRESS, address, v4 ? 4 : 16, GNUTLS_FSAN_APPEND);
	}
	return rc;
}

static int set_subject(gnutls_x509_crq_t crq, const char *node)
{
	kl_autofree char *name = kl_asprintf("system:node:%s", node);
	static const char org[] = "system:nodes";
	int rc = gnutls_x509_crq_set_dn_by_oid(crq, GNUTLS_OID_X520_ORGANIZATION_NAME, 0, org, sizeof(org) - 1);
	return rc < 0 ? rc
		      : gnutls_x509_crq_set_dn_by_oid(
				crq, GNUTLS_OID_X520_COMMON_NAME, 0, name, (unsigned)strlen(name));
}

static char *text_of(gnutls_datum_t *datum)
{
	char *text = kl_strndup((const char *)datum->data, datum->size);
	gnutls_memset(datum->data, 0, datum->size);
	gnutls_free(datum->data);
	return text;
}

/* Key and request, PEM. */
static int make_request(enum purpose purpose, const char *node, const char *const *ips, char **ret_key, char **ret_csr,
	struct kl_err *err)
{
	gnutls_x509_privkey_t key = NULL;
	gnutls_x509_crq_t crq = NULL;
	gnutls_datum_t key_pem = {0}, csr_pem = {0};
	int rc = gnutls_x509_privkey_init(&key);
	if (rc >= 0)
		rc = gnutls_x509_privkey_generate(
			key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	if (rc >= 0)
		rc = gnutls_x509_crq_init(&crq);
	if (rc >= 0)
		rc = gnutls_x509_crq_set_version(crq, 1);
	if (rc >= 0)
		rc = gnutls_x509_crq_set_key(crq, key);
	if (rc >= 0)
		rc = set_subject(crq, node);
	if (rc >= 0 && purpose == PURPOSE_SERVING)
		rc = add_names(crq, node, ips);
	if (rc >= 0)
		rc = gnutls_x509_crq_sign2(crq, key, GNUTLS_DIG_SHA256, 0);
	if (rc >= 0)
		rc = gnutls_x509_crq_export2(crq, GNUTLS_X509_FMT_PEM, &csr_pem);
	if (rc >= 0)
		rc = gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &key_pem);
	if (rc >= 0) {
		*ret_key = text_of(&key_pem);
		*ret_csr = text_of(&csr_pem);
	}
	if (crq)
		gnutls_x509_crq_deinit(crq);
	if (key)
		gnutls_x509_privkey_deinit(key);
	return rc < 0 ? kl_fail_msg(err, EIO, "make a certificate request: %s", gnutls_strerror(rc)) : 0;
}

static json_t *request_object(enum purpose purpose, const char *csr_pem)
{
	kl_autobuf coded = {0};
	kl_base64_encode(&coded, csr_pem, strlen(csr_pem), 0);
	bool client = purpose == PURPOSE_CLIENT;
	return json_pack("{s:s, s:s, s:{s:s}, s:{s:s, s:s, s:[s, s]}}", "apiVersion", "certificates.k8s.io/v1", "kind",
		"CertificateSigningRequest", "metadata", "generateName", client ? "node-csr-" : "csr-", "spec",
		"signerName", client ? "kubernetes.io/kube-apiserver-client-kubelet" : "kubernetes.io/kubelet-serving",
		"request", kl_buf_str(&coded), "usages", "digital signature", client ? "client auth" : "server auth");
}

/* --- asking --- */

struct answer {
	bool done;
	int http;
	json_t *body;
	struct kl_err err;
};

static void answered(const struct kl_client_answer *from, void *arg)
{
	struct answer *to = arg;
	to->done = true;
	to->http = from->http;
	to->err = from->err;
	if (from->len)
		to->body = kl_json_parse(from->body, from->len, NULL);
}

/* The body of a 2xx; NULL with the error otherwise. */
static json_t *ask(struct kl_client *client, const char *method, const char *path, const char *body, struct kl_err *err)
{
	struct answer answer = {0};
	struct kl_client_request request = {.method = method,
		.path = path,
		.body = body,
		.body_len = body ? strlen(body) : 0,
		.timeout_ms = ASK_MS};
	kl_client_send(client, &request, answered, &answer);
	while (!answer.done)
		uv_run(kl_client_loop(client), UV_RUN_ONCE);
	if (answer.http >= 200 && answer.http <= 299 && answer.body)
		return answer.body;
	json_decref(answer.body);
	kl_fail_msg(err, answer.http ? EPERM : EIO, "the server's answer to a certificate request: %s",
		*kl_err_text(&answer.err) ? kl_err_text(&answer.err) : "it cannot be read");
	return NULL;
}

static bool has_condition(const json_t *request, const char *type)
{
	size_t i;
	json_t *condition;
	json_array_foreach (kl_json_get(request, "status", "conditions", NULL), i, condition)
		if (!strcmp(kl_json_str(condition, "type", NULL), type))
			return true;
	return false;
}

/* 1: *ret is the certificate; 0: not yet. */
static int look(const json_t *request, char **ret, struct kl_err *err)
{
	const char *name = kl_json_str(request, "metadata", "name", NULL),
		   *coded = kl_json_str(request, "status", "certificate", NULL);
	kl_autobuf pem = {0};
	if (has_condition(request, "Denied") || has_condition(request, "Failed"))
		return kl_fail_msg(err, EPERM, "the certificate request '%s' was %s", name,
			has_condition(request, "Denied") ? "denied" : "refused by its signer");
	if (!*coded)
		return 0;
	if (kl_base64_decode(&pem, coded, strlen(coded), KL_BASE64_LINES) < 0 || !pem.len)
		return kl_fail_msg(err, EPROTO, "the certificate for '%s' cannot be read", name);
	*ret = kl_buf_take(&pem);
	return 1;
}

static void on_timer(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
}

static void rest(uv_loop_t *loop, unsigned ms)
{
	uv_timer_t timer;
	bool over = false;
	uv_timer_init(loop, &timer);
	timer.data = &over;
	uv_timer_start(&timer, on_timer, ms, 0);
	while (!over)
		uv_run(loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(loop, UV_RUN_NOWAIT);
}

static int wait_for(struct kl_client *client, const json_t *first, int timeout_ms, char **ret, struct kl_err *err)
{
	int64_t start_ms = kl_monotonic_ms(), until_ms = start_ms + timeout_ms;
	kl_autofree char *path = kl_asprintf(CSRS "/%s", kl_json_str(first, "metadata", "name", NULL));
	int rc = look(first, ret, err);
	while (rc == 0 && kl_monotonic_ms() < until_ms) {
		rest(kl_client_loop(client), kl_monotonic_ms() - start_ms < QUICK_MS ? POLL_MS : SLOW_POLL_MS);
		kl_autojson *request = ask(client, "GET", path, NULL, err);
		if (!request)
			return -EIO;
		rc = look(request, ret, err);
	}
	if (rc)
		return rc < 0 ? rc : 0;
	return kl_fail_msg(err, EAGAIN,
		"nobody has approved the certificate request '%s' (kubectl certificate approve)",
		kl_json_str(first, "metadata", "name", NULL));
}

static int ask_and_wait(uv_loop_t *loop, const struct kl_kubeconfig *config, enum purpose purpose, const char *csr_pem,
	int timeout_ms, char **ret, struct kl_err *err)
{
	struct kl_client *client;
	int rc = kl_client_new(loop, config, "keelson-agent/" KL_VERSION, &client, err);
	if (rc < 0)
		return rc;
	kl_autojson *object = request_object(purpose, csr_pem);
	kl_autofree char *body = kl_json_text(object);
	kl_autojson *request = ask(client, "POST", CSRS, body, err);
	rc = request ? wait_for(client, request, timeout_ms, ret, err) : -EIO;
	kl_client_free(client);
	uv_run(loop, UV_RUN_DEFAULT);
	return rc;
}

int certificate_ask(const struct kl_kubeconfig *config, enum purpose purpose, const char *node, const char *const *ips,
	int timeout_ms, struct certificate *ret, struct kl_err *err)
{
	uv_loop_t loop;
	struct certificate made = {0};
	kl_autofree char *csr_pem = NULL;
	int rc = make_request(purpose, node, ips, &made.key_pem, &csr_pem, err);
	if (rc < 0)
		return rc;
	uv_loop_init(&loop);
	rc = ask_and_wait(&loop, config, purpose, csr_pem, timeout_ms, &made.cert_pem, err);
	uv_loop_close(&loop);
	if (rc < 0)
		certificate_release(&made);
	else
		*ret = made;
	return rc;
}
