#include "pki.h"

#include "cert.h"
#include "file.h"
#include "pki_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { CA_DAYS = 3650, LEAF_DAYS = 365, RENEW_DAYS = 30 };

struct kl_pki {
	char *dir;
	struct kl_pki_pair ca;
};

void kl_pki_pair_release(struct kl_pki_pair *pair)
{
	free(pair->cert_pem);
	free(pair->key_pem);
	*pair = (struct kl_pki_pair){0};
}

static int take_lock(const struct kl_pki *pki, struct kl_err *err)
{
	kl_autofree char *path = kl_asprintf("%s/lock", pki->dir);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX) < 0) {
		int error = errno;
		if (fd >= 0)
			close(fd);
		return kl_fail(err, error, "lock '%s'", path);
	}
	return fd;
}

static char *read_text(const char *dir, const char *name)
{
	kl_autofree char *path = kl_asprintf("%s/%s", dir, name);
	kl_autobuf buf = {.max = 64 * 1024};
	return kl_file_read(path, &buf, NULL) < 0 ? NULL : kl_strdup(kl_buf_str(&buf));
}

static int write_text(const char *dir, const char *name, const char *text, mode_t mode, struct kl_err *err)
{
	kl_autofree char *path = kl_asprintf("%s/%s", dir, name);
	return kl_file_write_atomic(path, text, strlen(text), mode, err);
}

/* BASE.crt and BASE.key; false when either is missing. */
static bool load_pair(const char *dir, const char *base, struct kl_pki_pair *ret)
{
	kl_autofree char *crt = kl_asprintf("%s.crt", base), *key = kl_asprintf("%s.key", base);
	struct kl_pki_pair pair = {read_text(dir, crt), read_text(dir, key)};
	if (!pair.cert_pem || !pair.key_pem) {
		kl_pki_pair_release(&pair);
		return false;
	}
	*ret = pair;
	return true;
}

/* The key goes first: a certificate without its key is never seen. */
static int save_pair(const char *dir, const char *base, const struct kl_pki_pair *pair, struct kl_err *err)
{
	kl_autofree char *crt = kl_asprintf("%s.crt", base), *key = kl_asprintf("%s.key", base);
	int rc = write_text(dir, key, pair->key_pem, 0600, err);
	return rc < 0 ? rc : write_text(dir, crt, pair->cert_pem, 0644, err);
}

static int make_ca(struct kl_pki *pki, struct kl_err *err)
{
	kl_autoclose int lock = take_lock(pki, err);
	if (lock < 0)
		return lock;
	if (load_pair(pki->dir, "ca", &pki->ca))
		return 0;
	int rc = kl_cert_make(&(struct kl_cert_request){.common_name = "keelson-ca", .ca = true, .days = CA_DAYS}, NULL,
		&pki->ca, err);
	return rc < 0 ? rc : save_pair(pki->dir, "ca", &pki->ca, err);
}

KL_AUTO(cleanup_pki, struct kl_pki, kl_pki_free)

int kl_pki_open(const char *dir, struct kl_pki **ret, struct kl_err *err)
{
	kl_cleanup(cleanup_pki) struct kl_pki *pki = kl_calloc(1, sizeof(*pki));
	pki->dir = kl_strdup(dir);
	int rc = kl_mkdir_p(dir, 0700, err);
	if (rc == 0 && !load_pair(dir, "ca", &pki->ca))
		rc = make_ca(pki, err);
	if (rc < 0)
		return rc;
	*ret = kl_take(&pki);
	return 0;
}

void kl_pki_free(struct kl_pki *pki)
{
	if (!pki)
		return;
	kl_pki_pair_release(&pki->ca);
	free(pki->dir);
	free(pki);
}

const struct kl_pki_pair *pki_ca(const struct kl_pki *pki)
{
	return &pki->ca;
}

const char *kl_pki_ca_pem(const struct kl_pki *pki)
{
	return pki->ca.cert_pem;
}

bool kl_pki_stale(const struct kl_pki *pki, const char *cert_pem)
{
	return kl_cert_stale(cert_pem, pki->ca.cert_pem, RENEW_DAYS, NULL);
}

/* The pair kept as dir/base, or a new one in its place. */
static int keep_pair(struct kl_pki *pki, const char *dir, const char *base, const struct kl_cert_request *request,
	struct kl_pki_pair *ret, struct kl_err *err)
{
	kl_autoclose int lock = take_lock(pki, err);
	if (lock < 0)
		return lock;
	struct kl_pki_pair pair = {0};
	if (load_pair(dir, base, &pair) && !kl_cert_stale(pair.cert_pem, pki->ca.cert_pem, RENEW_DAYS, request->sans)) {
		*ret = pair;
		return 0;
	}
	kl_pki_pair_release(&pair);
	int rc = kl_cert_make(request, &pki->ca, &pair, err);
	if (rc == 0)
		rc = save_pair(dir, base, &pair, err);
	if (rc < 0)
		kl_pki_pair_release(&pair);
	else
		*ret = pair;
	return rc;
}

int kl_pki_server(struct kl_pki *pki, const char *const *sans, struct kl_pki_pair *ret, struct kl_err *err)
{
	return keep_pair(pki, pki->dir, "apiserver",
		&(struct kl_cert_request){
			.common_name = "kube-apiserver", .sans = sans, .server = true, .days = LEAF_DAYS},
		ret, err);
}

int kl_pki_kubelet_client(struct kl_pki *pki, struct kl_pki_pair *ret, struct kl_err *err)
{
	const char *orgs[] = {"system:masters", NULL};
	return keep_pair(pki, pki->dir, "kubelet-client",
		&(struct kl_cert_request){.common_name = "kube-apiserver-kubelet-client",
			.orgs = orgs,
			.client = true,
			.days = LEAF_DAYS},
		ret, err);
}

int kl_pki_token_key(struct kl_pki *pki, char **ret_pem, struct kl_err *err)
{
	kl_autoclose int lock = take_lock(pki, err);
	if (lock < 0)
		return lock;
	char *pem = read_text(pki->dir, "sa.key");
	if (pem) {
		*ret_pem = pem;
		return 0;
	}
	struct kl_pki_pair pair = {0};
	int rc = kl_cert_make(
		&(struct kl_cert_request){.common_name = "keelson-tokens", .days = CA_DAYS}, NULL, &pair, err);
	if (rc == 0)
		rc = write_text(pki->dir, "sa.key", pair.key_pem, 0600, err);
	if (rc == 0)
		*ret_pem = kl_take(&pair.key_pem);
	kl_pki_pair_release(&pair);
	return rc;
}

int kl_pki_issue_client(struct kl_pki *pki, const char *common_name, const char *const *orgs, struct kl_pki_pair *ret,
	struct kl_err *err)
{
	return kl_cert_make(
		&(struct kl_cert_request){.common_name = common_name, .orgs = orgs, .client = true, .days = LEAF_DAYS},
		&pki->ca, ret, err);
}

int kl_pki_serving_pair(struct kl_pki *pki, const char *dir, const char *base, const char *common_name,
	const char *const *sans, struct kl_err *err)
{
	struct kl_pki_pair pair = {0};
	const char *orgs[] = {"system:nodes", NULL};
	int rc = keep_pair(pki, dir, base,
		&(struct kl_cert_request){
			.common_name = common_name, .orgs = orgs, .sans = sans, .server = true, .days = LEAF_DAYS},
		&pair, err);
	kl_pki_pair_release(&pair);
	return rc;
}
