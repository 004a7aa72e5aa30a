/* Kubeconfig files with embedded certificates, for the administrator and for nodes. */
#include "pki.h"

#include "base64.h"
#include "cert.h"
#include "file.h"
#include "pki_files.h"

#include <stdlib.h>
#include <string.h>

static char *base64(const char *text)
{
	kl_autobuf out = {0};
	kl_base64_encode(&out, text, strlen(text), 0);
	return kl_buf_take(&out);
}

static char *unbase64(const char *text, size_t len)
{
	kl_autobuf out = {0};
	return kl_base64_decode(&out, text, len, 0) == 0 && out.len ? kl_buf_take(&out) : NULL;
}

static void format_kubeconfig(struct kl_buf *buf, const char *cluster, const char *user, const char *url,
	const char *ca, const struct kl_pki_pair *pair)
{
	kl_autofree char *ca64 = base64(ca), *cert64 = base64(pair->cert_pem), *key64 = base64(pair->key_pem);
	kl_buf_printf(buf,
		"apiVersion: v1\n"
		"kind: Config\n"
		"clusters:\n"
		"- name: %s\n"
		"  cluster:\n"
		"    server: %s\n"
		"    certificate-authority-data: %s\n"
		"users:\n"
		"- name: %s\n"
		"  user:\n"
		"    client-certificate-data: %s\n"
		"    client-key-data: %s\n"
		"contexts:\n"
		"- name: %s\n"
		"  context:\n"
		"    cluster: %s\n"
		"    user: %s\n"
		"current-context: %s\n",
		cluster, url, ca64, user, cert64, key64, cluster, cluster, user, cluster);
}

/* The rest of the line behind "key: "; NULL when there is none. */
static const char *line_value(const char *text, const char *key, size_t *ret_len)
{
	const char *at = strstr(text, key);
	if (!at)
		return NULL;
	at += strlen(key);
	*ret_len = strcspn(at, "\n");
	return at;
}

/* Is it one that we wrote, for this server, and will its certificate do for a while? */
static bool still_good(const struct kl_pki *pki, const char *path, const char *url)
{
	kl_autobuf buf = {.max = 64 * 1024};
	if (kl_file_read(path, &buf, NULL) < 0)
		return false;
	size_t url_len = 0, cert_len = 0;
	const char *found = line_value(kl_buf_str(&buf), "    server: ", &url_len);
	const char *cert = line_value(kl_buf_str(&buf), "    client-certificate-data: ", &cert_len);
	if (!found || !cert || url_len != strlen(url) || strncmp(found, url, url_len))
		return false;
	kl_autofree char *pem = unbase64(cert, cert_len);
	return pem && !kl_pki_stale(pki, pem);
}

static int write_kubeconfig(struct kl_pki *pki, const char *cluster, const char *user, const char *const *orgs,
	const char *url, const char *path, struct kl_err *err)
{
	if (still_good(pki, path, url))
		return 0;
	struct kl_pki_pair pair = {0};
	int rc = kl_pki_issue_client(pki, user, orgs, &pair, err);
	if (rc < 0)
		return rc;
	kl_autobuf text = {0};
	format_kubeconfig(&text, cluster, user, url, kl_pki_ca_pem(pki), &pair);
	kl_pki_pair_release(&pair);
	return kl_file_write_atomic(path, text.data, text.len, 0600, err);
}

int kl_pki_admin_kubeconfig(
	struct kl_pki *pki, const char *cluster, const char *server_url, const char *path, struct kl_err *err)
{
	const char *orgs[] = {"system:masters", NULL};
	return write_kubeconfig(pki, cluster, "kubernetes-admin", orgs, server_url, path, err);
}

/* "node1" and its addresses as one list of SANs. */
static const char **node_sans(const char *node, const char *const *addresses)
{
	size_t count = 0;
	while (addresses && addresses[count])
		count++;
	const char **sans = kl_calloc(count + 2, sizeof(*sans));
	sans[0] = node;
	for (size_t i = 0; i < count; i++)
		sans[i + 1] = addresses[i];
	return sans;
}

int kl_pki_issue_node(struct kl_pki *pki, const char *node, const char *const *addresses, const char *server_url,
	const char *out_dir, struct kl_err *err)
{
	int rc = kl_mkdir_p(out_dir, 0700, err);
	if (rc < 0)
		return rc;
	kl_autofree const char **sans = node_sans(node, addresses);
	kl_autofree char *user = kl_asprintf("system:node:%s", node);
	kl_autofree char *path = kl_asprintf("%s/kubeconfig", out_dir), *ca_path = kl_asprintf("%s/ca.crt", out_dir);
	const char *orgs[] = {"system:nodes", NULL};
	rc = kl_pki_serving_pair(pki, out_dir, "serving", user, sans, err);
	if (rc == 0)
		rc = kl_file_write_atomic(ca_path, kl_pki_ca_pem(pki), strlen(kl_pki_ca_pem(pki)), 0644, err);
	return rc < 0 ? rc : write_kubeconfig(pki, "keelson", user, orgs, server_url, path, err);
}
