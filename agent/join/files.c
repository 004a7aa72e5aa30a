/* The folder: what is written there, and until when it is good. */
#include "join_impl.h"

#include "base64.h"
#include "file.h"
#include "mem.h"

#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FILE_BYTES_MAX = 256 * 1024 };

char *load_file(const char *dir, const char *name)
{
	kl_autofree char *path = kl_asprintf("%s/%s", dir, name);
	kl_autobuf buf = {.max = FILE_BYTES_MAX};
	return kl_file_read(path, &buf, NULL) < 0 || !buf.len ? NULL : kl_buf_take(&buf);
}

static int save_file(const char *dir, const char *name, const char *text, unsigned mode, struct kl_err *err)
{
	kl_autofree char *path = kl_asprintf("%s/%s", dir, name);
	return kl_file_write_atomic(path, text, strlen(text), mode, err);
}

/* Always the same point for the same certificate, and another one for every node: not all renew at once. */
static int64_t renewal_point(gnutls_x509_crt_t crt, int64_t life_s)
{
	unsigned char serial[64] = {0};
	size_t len = sizeof(serial);
	gnutls_x509_crt_get_serial(crt, serial, &len);
	return life_s * (70 + serial[len ? len - 1 : 0] % 21) / 100;
}

bool certificate_times(const char *cert_pem, int64_t *ret_renew_s, int64_t *ret_left_s)
{
	gnutls_x509_crt_t crt = NULL;
	gnutls_datum_t pem = {(unsigned char *)(uintptr_t)cert_pem, (unsigned)strlen(cert_pem)};
	if (gnutls_x509_crt_init(&crt) < 0)
		return false;
	bool good = gnutls_x509_crt_import(crt, &pem, GNUTLS_X509_FMT_PEM) >= 0;
	if (good) {
		int64_t now = time(NULL), from = gnutls_x509_crt_get_activation_time(crt),
			until = gnutls_x509_crt_get_expiration_time(crt);
		*ret_left_s = until - now;
		*ret_renew_s = from + renewal_point(crt, until - from) - now;
	}
	gnutls_x509_crt_deinit(crt);
	return good;
}

static void push_base64(struct kl_buf *buf, const char *text)
{
	kl_base64_encode(buf, text, strlen(text), 0);
}

int save_client(
	const char *dir, const char *server, const char *ca_pem, const struct certificate *client, struct kl_err *err)
{
	kl_autobuf text = {0};
	kl_buf_str_push(&text, "apiVersion: v1\nkind: Config\nclusters:\n- name: keelson\n  cluster:\n    server: ");
	kl_buf_str_push(&text, server);
	kl_buf_str_push(&text, "\n    certificate-authority-data: ");
	push_base64(&text, ca_pem);
	kl_buf_str_push(&text, "\nusers:\n- name: node\n  user:\n    client-certificate-data: ");
	push_base64(&text, client->cert_pem);
	kl_buf_str_push(&text, "\n    client-key-data: ");
	push_base64(&text, client->key_pem);
	kl_buf_str_push(&text, "\ncontexts:\n- name: node@keelson\n  context:\n    cluster: keelson\n    user: node\n"
			       "current-context: node@keelson\n");
	int rc = kl_mkdir_p(dir, 0700, err);
	if (rc == 0)
		rc = save_file(dir, "ca.crt", ca_pem, 0644, err);
	if (rc == 0)
		rc = save_file(dir, "kubeconfig", kl_buf_str(&text), 0600, err);
	explicit_bzero(text.data, text.len);
	return rc;
}

/* The key goes first: a certificate without its key is never seen. */
int save_serving(const char *dir, const struct certificate *serving, struct kl_err *err)
{
	int rc = save_file(dir, "serving.key", serving->key_pem, 0600, err);
	return rc < 0 ? rc : save_file(dir, "serving.crt", serving->cert_pem, 0644, err);
}
