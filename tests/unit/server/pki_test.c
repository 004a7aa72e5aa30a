#include "cert.h"
#include "file.h"
#include "pki.h"
#include "testlib.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char dir[] = "/tmp/kl-pki-test-XXXXXX";

static unsigned mode_of(const char *name)
{
	kl_autofree char *path = kl_asprintf("%s/%s", dir, name);
	struct stat st;
	return KL_CHECK(stat(path, &st) == 0) ? st.st_mode & 0777 : 0;
}

static char *text_of(const char *name)
{
	kl_autofree char *path = kl_asprintf("%s/%s", dir, name);
	kl_autobuf buf = {0};
	KL_CHECK_INT(kl_file_read(path, &buf, NULL), 0);
	return kl_buf_take(&buf);
}

KL_TEST(certificates)
{
	struct kl_err err = {0};
	struct kl_pki *pki = NULL;
	const char *sans[] = {"127.0.0.1", "fd00::1", "kubernetes", NULL}, *more[] = {"127.0.0.1", "10.0.0.1", NULL};
	struct kl_pki_pair first = {0}, second = {0}, third = {0};
	KL_CHECK(mkdtemp(dir) != NULL);
	kl_autofree char *pki_dir = kl_asprintf("%s/pki", dir), *node_dir = kl_asprintf("%s/node", dir);
	kl_autofree char *kubeconfig = kl_asprintf("%s/admin", dir);
	if (!KL_CHECK_INT(kl_pki_open(pki_dir, &pki, &err), 0))
		return;
	KL_CHECK_INT(kl_pki_server(pki, sans, &first, &err), 0);
	KL_CHECK_INT(kl_pki_server(pki, sans, &second, &err), 0);
	KL_CHECK_STR(second.cert_pem, first.cert_pem); /* kept while it is good */
	KL_CHECK_INT(kl_pki_server(pki, more, &third, &err), 0);
	KL_CHECK(strcmp(third.cert_pem, first.cert_pem) != 0); /* a name was missing */
	KL_CHECK(!kl_cert_stale(third.cert_pem, kl_pki_ca_pem(pki), 30, more));
	KL_CHECK(kl_cert_stale(third.cert_pem, kl_pki_ca_pem(pki), 30, sans));
	KL_CHECK(kl_cert_stale(third.cert_pem, kl_pki_ca_pem(pki), 400, more)); /* a year is not enough */
	KL_CHECK(kl_cert_stale("nonsense", kl_pki_ca_pem(pki), 30, NULL));
	KL_CHECK(kl_cert_stale(first.cert_pem, third.cert_pem, 30, NULL)); /* signed by somebody else */

	KL_CHECK_INT(kl_pki_admin_kubeconfig(pki, "dev", "https://127.0.0.1:1", kubeconfig, &err), 0);
	kl_autofree char *once = text_of("admin");
	KL_CHECK_INT(kl_pki_admin_kubeconfig(pki, "dev", "https://127.0.0.1:1", kubeconfig, &err), 0);
	kl_autofree char *twice = text_of("admin");
	KL_CHECK_STR(twice, once);
	KL_CHECK_INT(kl_pki_admin_kubeconfig(pki, "dev", "https://127.0.0.1:2", kubeconfig, &err), 0);
	kl_autofree char *moved = text_of("admin");
	KL_CHECK(strstr(moved, "https://127.0.0.1:2\n") != NULL);

	KL_CHECK_INT(kl_pki_issue_node(pki, "node1", more, "https://10.0.0.1:6443", node_dir, &err), 0);
	KL_CHECK_INT(mode_of("pki/ca.key"), 0600);
	KL_CHECK_INT(mode_of("pki/apiserver.key"), 0600);
	KL_CHECK_INT(mode_of("admin"), 0600);
	KL_CHECK_INT(mode_of("node/kubeconfig"), 0600);
	KL_CHECK_INT(mode_of("node/serving.key"), 0600);
	KL_CHECK_INT(mode_of("node"), 0700);
	kl_pki_pair_release(&first);
	kl_pki_pair_release(&second);
	kl_pki_pair_release(&third);
	kl_pki_free(pki);
	kl_remove_tree(dir, NULL);
}

KL_MAIN()
