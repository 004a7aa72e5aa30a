/*
 * Who is on the other side. Connections take their certificate from our own credentials instead of libmicrohttpd's, so
 * that a renewed one serves new connections without a restart.
 */
#include "front.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/x509.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static gnutls_datum_t datum(const char *text)
{
	return (gnutls_datum_t){.data = (unsigned char *)(uintptr_t)text, .size = (unsigned)strlen(text)};
}

int httpd_add_credentials(struct kl_httpd *httpd, const char *cert_pem, const char *key_pem, struct kl_err *err)
{
	gnutls_certificate_credentials_t cred;
	gnutls_datum_t cert = datum(cert_pem), key = datum(key_pem);
	int rc = gnutls_certificate_allocate_credentials(&cred);
	if (rc < 0)
		return kl_fail_msg(err, ENOMEM, "TLS: %s", gnutls_strerror(rc));
	rc = gnutls_certificate_set_x509_key_mem(cred, &cert, &key, GNUTLS_X509_FMT_PEM);
	if (rc >= 0 && httpd->client_ca) {
		gnutls_datum_t ca = datum(httpd->client_ca);
		rc = gnutls_certificate_set_x509_trust_mem(cred, &ca, GNUTLS_X509_FMT_PEM);
	}
	if (rc < 0) {
		gnutls_certificate_free_credentials(cred);
		return kl_fail_msg(err, EINVAL, "TLS certificate: %s", gnutls_strerror(rc));
	}
	struct credentials *added = kl_malloc(sizeof(*added));
	added->cred = cred;
	pthread_mutex_lock(&httpd->lock);
	added->next = httpd->credentials;
	httpd->credentials = added;
	pthread_mutex_unlock(&httpd->lock);
	return 0;
}

int kl_httpd_set_certificate(struct kl_httpd *httpd, const char *cert_pem, const char *key_pem, struct kl_err *err)
{
	return httpd_add_credentials(httpd, cert_pem, key_pem, err);
}

void httpd_free_credentials(struct kl_httpd *httpd)
{
	while (httpd->credentials) {
		struct credentials *next = httpd->credentials->next;
		gnutls_certificate_free_credentials(httpd->credentials->cred);
		free(httpd->credentials);
		httpd->credentials = next;
	}
}

static void format_address(const struct sockaddr *address, char text[64])
{
	char host[INET6_ADDRSTRLEN] = "";
	if (address->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)address;
		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		snprintf(text, 64, "[%s]:%u", host, ntohs(in6->sin6_port));
	} else {
		const struct sockaddr_in *in = (const void *)address;
		inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
		snprintf(text, 64, "%s:%u", host, ntohs(in->sin_port));
	}
}

static gnutls_session_t session_of(struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	return info ? info->tls_session : NULL;
}

void httpd_use_credentials(struct kl_httpd *httpd, gnutls_session_t session)
{
	pthread_mutex_lock(&httpd->lock);
	if (httpd->credentials)
		gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, httpd->credentials->cred);
	pthread_mutex_unlock(&httpd->lock);
	if (httpd->client_ca)
		gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUEST);
}

static struct peer *new_peer(const struct sockaddr *address)
{
	struct peer *peer = kl_calloc(1, sizeof(*peer));
	atomic_init(&peer->refs, 1);
	format_address(address, peer->text);
	return peer;
}

void peer_started(void *arg, struct MHD_Connection *conn, void **context, enum MHD_ConnectionNotificationCode code)
{
	struct kl_httpd *httpd = arg;
	if (code != MHD_CONNECTION_NOTIFY_STARTED) {
		atomic_fetch_sub(&httpd->connections, 1);
		peer_unref(*context);
		*context = NULL;
		return;
	}
	atomic_fetch_add(&httpd->connections, 1);
	gnutls_session_t session = session_of(conn);
	if (!session && httpd->front &&
		(*context = front_take_peer(
			 httpd->front, MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd)))
		return;
	struct peer *peer = new_peer(MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
	if (session)
		httpd_use_credentials(httpd, session);
	else
		peer->identified = true;
	*context = peer;
}

static char *subject_part(gnutls_x509_crt_t crt, const char *oid, unsigned index)
{
	char text[256];
	size_t len = sizeof(text);
	int rc = gnutls_x509_crt_get_dn_by_oid(crt, oid, (int)index, 0, text, &len);
	return rc < 0 || memchr(text, '\0', len) ? NULL : kl_strndup(text, len);
}

static void read_subject(struct peer *peer, const gnutls_datum_t *der)
{
	gnutls_x509_crt_t crt;
	if (gnutls_x509_crt_init(&crt) < 0)
		return;
	if (gnutls_x509_crt_import(crt, der, GNUTLS_X509_FMT_DER) == 0) {
		enum { MAX_ORGS = 32 };
		peer->orgs = kl_calloc(MAX_ORGS + 1, sizeof(char *));
		for (unsigned i = 0; i < MAX_ORGS; i++)
			if (!(peer->orgs[i] = subject_part(crt, GNUTLS_OID_X520_ORGANIZATION_NAME, i)))
				break;
		peer->common_name = subject_part(crt, GNUTLS_OID_X520_COMMON_NAME, 0);
		peer->identity.common_name = peer->common_name;
		peer->identity.orgs = (const char *const *)peer->orgs;
		peer->identity.verified = peer->common_name != NULL;
	}
	gnutls_x509_crt_deinit(crt);
}

static void identify(struct peer *peer, gnutls_session_t session)
{
	peer->identified = true;
	unsigned count = 0, status = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &count);
	if (!chain || !count)
		return;
	peer->identity.presented = true;
	gnutls_typed_vdata_st purpose = {
		.type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT};
	if (gnutls_certificate_verify_peers(session, &purpose, 1, &status) == 0 && status == 0)
		read_subject(peer, &chain[0]);
}

void peer_identify(struct peer *peer, struct MHD_Connection *conn)
{
	if (!peer->identified)
		identify(peer, session_of(conn));
}

struct peer *peer_of_session(gnutls_session_t session, const struct sockaddr *address)
{
	struct peer *peer = new_peer(address);
	identify(peer, session);
	return peer;
}

void peer_unref(struct peer *peer)
{
	if (!peer || atomic_fetch_sub_explicit(&peer->refs, 1, memory_order_acq_rel) > 1)
		return;
	for (size_t i = 0; peer->orgs && peer->orgs[i]; i++)
		free(peer->orgs[i]);
	free(peer->orgs);
	free(peer->common_name);
	free(peer);
}
