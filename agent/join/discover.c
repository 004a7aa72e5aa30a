/*
 * Who is at the server's address? Its certificate chain ends with the CA; that is the right one when its public key has
 * the hash that the administrator gave. Nothing is sent before that is known.
 */
#include "join_impl.h"

#include "mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { SHA256 = 32, IO_TIMEOUT_S = 15 };

static char *hash_of(gnutls_x509_crt_t crt)
{
	gnutls_pubkey_t key = NULL;
	gnutls_datum_t der = {0};
	unsigned char digest[SHA256];
	char *text = NULL;
	bool ok = gnutls_pubkey_init(&key) >= 0 && gnutls_pubkey_import_x509(key, crt, 0) >= 0 &&
		  gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &der) >= 0 &&
		  gnutls_hash_fast(GNUTLS_DIG_SHA256, der.data, der.size, digest) >= 0;
	if (ok) {
		kl_autobuf buf = {0};
		kl_buf_str_push(&buf, "sha256:");
		for (size_t i = 0; i < SHA256; i++)
			kl_buf_printf(&buf, "%02x", digest[i]);
		text = kl_buf_take(&buf);
	}
	gnutls_free(der.data);
	if (key)
		gnutls_pubkey_deinit(key);
	return text;
}

char *kl_join_ca_hash(const char *ca_pem)
{
	gnutls_x509_crt_t crt = NULL;
	gnutls_datum_t pem = {(unsigned char *)(uintptr_t)ca_pem, (unsigned)strlen(ca_pem)};
	char *hash = NULL;
	if (gnutls_x509_crt_init(&crt) < 0)
		return NULL;
	if (gnutls_x509_crt_import(crt, &pem, GNUTLS_X509_FMT_PEM) >= 0)
		hash = hash_of(crt);
	gnutls_x509_crt_deinit(crt);
	return hash;
}

static bool wanted(const char *hash, const char *const *hashes)
{
	for (; hash && hashes && *hashes; hashes++)
		if (!strcasecmp(hash, *hashes))
			return true;
	return false;
}

/* The chain's certificate whose key has a wanted hash, as PEM; NULL: none. */
static char *find_ca(const gnutls_datum_t *chain, unsigned count, const char *const *hashes)
{
	char *pem = NULL;
	for (unsigned i = 0; i < count && !pem; i++) {
		gnutls_x509_crt_t crt = NULL;
		gnutls_datum_t out = {0};
		if (gnutls_x509_crt_init(&crt) < 0)
			return NULL;
		kl_autofree char *hash =
			gnutls_x509_crt_import(crt, &chain[i], GNUTLS_X509_FMT_DER) >= 0 ? hash_of(crt) : NULL;
		if (wanted(hash, hashes) && gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &out) >= 0)
			pem = kl_strndup((const char *)out.data, out.size);
		gnutls_free(out.data);
		gnutls_x509_crt_deinit(crt);
	}
	return pem;
}

/* --- the connection --- */

static int split_url(const char *url, char host[256], char port[8], struct kl_err *err)
{
	static const char scheme[] = "https://";
	const char *start = url + sizeof(scheme) - 1;
	size_t len = strncmp(url, scheme, sizeof(scheme) - 1) ? 0 : strcspn(start, "/");
	const char *colon = len ? memrchr(start, ':', len) : NULL;
	if (!colon || colon == start || (size_t)(start + len - colon) > 7 || (size_t)(colon - start) >= 256)
		return kl_fail_msg(err, EINVAL, "the server '%s' is not https://HOST:PORT", url);
	snprintf(port, 8, "%.*s", (int)(start + len - colon - 1), colon + 1);
	bool v6 = start[0] == '[' && colon[-1] == ']';
	snprintf(host, 256, "%.*s", (int)(colon - start) - (v6 ? 2 : 0), start + v6);
	return 0;
}

static int dial(const char *url, struct kl_err *err)
{
	char host[256], port[8];
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *info;
	struct timeval timeout = {.tv_sec = IO_TIMEOUT_S};
	int rc = split_url(url, host, port, err);
	if (rc < 0)
		return rc;
	rc = getaddrinfo(host, port, &hints, &info);
	if (rc)
		return kl_fail_msg(err, EHOSTUNREACH, "the server '%s': %s", url, gai_strerror(rc));
	int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	}
	if (fd < 0 || connect(fd, info->ai_addr, info->ai_addrlen) < 0) {
		rc = kl_fail(err, errno, "connect to '%s'", url);
		if (fd >= 0)
			close(fd);
		fd = rc;
	}
	freeaddrinfo(info);
	return fd;
}

static char *own_address(int fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	char text[INET6_ADDRSTRLEN] = "";
	if (getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		return NULL;
	if (address.ss_family == AF_INET6)
		inet_ntop(AF_INET6, &((struct sockaddr_in6 *)&address)->sin6_addr, text, sizeof(text));
	else
		inet_ntop(AF_INET, &((struct sockaddr_in *)&address)->sin_addr, text, sizeof(text));
	return kl_strdup(text);
}

static int ask_chain(int fd, const struct kl_join_options *options, char **ret_ca_pem, struct kl_err *err)
{
	gnutls_session_t session;
	gnutls_certificate_credentials_t cred;
	unsigned count = 0;
	gnutls_certificate_allocate_credentials(&cred);
	gnutls_init(&session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL);
	gnutls_set_default_priority(session);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, cred);
	gnutls_transport_set_int(session, fd);
	gnutls_handshake_set_timeout(session, IO_TIMEOUT_S * 1000);
	int rc;
	do
		rc = gnutls_handshake(session);
	while (rc < 0 && !gnutls_error_is_fatal(rc));
	const gnutls_datum_t *chain = rc < 0 ? NULL : gnutls_certificate_get_peers(session, &count);
	char *ca = chain ? find_ca(chain, count, options->ca_hashes) : NULL;
	if (rc < 0)
		rc = kl_fail_msg(err, EPROTO, "tls with '%s': %s", options->server, gnutls_strerror(rc));
	else if (!ca)
		rc = kl_fail_msg(err, EPERM,
			"no certificate of '%s' has a public key with the given hash: it is another server",
			options->server);
	else
		rc = 0;
	gnutls_deinit(session);
	gnutls_certificate_free_credentials(cred);
	if (rc == 0)
		*ret_ca_pem = ca;
	return rc;
}

int discover_ca(const struct kl_join_options *options, char **ret_ca_pem, char **ret_own_ip, struct kl_err *err)
{
	kl_autoclose int fd = dial(options->server, err);
	if (fd < 0)
		return fd;
	int rc = ask_chain(fd, options, ret_ca_pem, err);
	if (rc == 0)
		*ret_own_ip = own_address(fd);
	return rc;
}
