#include "up_nat.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "netns.h"
#include "proc.h"

enum { NFT_MS = 10000 };
#define FORWARD "/proc/sys/net/ipv4/ip_forward"
/* Stands while forwarding is on because of us. */
#define FORWARDED KL_CLUSTERS_RUN "/.ip_forward"

static int nft(const char *text, struct kl_err *err)
{
	/* PATH of `su` may lack sbin. */
	const char *argv[] = {access("/usr/sbin/nft", X_OK) ? "nft" : "/usr/sbin/nft", "-f", "-", NULL};
	struct kl_proc_result result = {0};
	int rc = kl_proc_run(argv, text, NFT_MS, &result, err);
	if (!rc && result.exit_code)
		rc = kl_fail_msg(err, EIO, "nft: %.*s", (int)strcspn(kl_buf_str(&result.err_out), "\n"),
			kl_buf_str(&result.err_out));
	kl_proc_result_release(&result);
	return rc;
}

static int enable_forwarding(struct kl_err *err)
{
	kl_autobuf now = {0};
	int rc = kl_file_read(FORWARD, &now, err);
	if (rc || kl_buf_str(&now)[0] != '0')
		return rc;
	rc = kl_file_write_atomic(FORWARDED, "0\n", 2, 0644, err);
	return rc ? rc : kl_netns_sysctl(-1, "ipv4/ip_forward", "1", err);
}

int kl_cluster_nat_make(const struct kl_cluster *cluster, struct kl_err *err)
{
	kl_autobuf text = {0};
	int rc = enable_forwarding(err);
	if (rc)
		return rc;
	/* Declared, deleted and declared again in one transaction: whatever stood there, this stands after. */
	for (int i = 0; i < 2; i++)
		kl_buf_printf(&text, "%s table ip keelson-%s\n", i ? "delete" : "add", cluster->name);
	kl_buf_printf(&text,
		"table ip keelson-%s {\n"
		"\tchain postrouting {\n"
		"\t\ttype nat hook postrouting priority srcnat; policy accept;\n"
		"\t\tip saddr { 10.88.%d.0/24, %s } oifname != \"kl-*\" masquerade\n"
		"\t}\n"
		"}\n",
		cluster->name, cluster->index, cluster->pod_cidr);
	return nft(kl_buf_str(&text), err);
}

int kl_cluster_nat_remove(const char *name, bool last, struct kl_err *err)
{
	kl_autofree char *text = kl_asprintf("add table ip keelson-%s\ndelete table ip keelson-%s\n", name, name);
	if (last && kl_path_exists(FORWARDED)) {
		kl_netns_sysctl(-1, "ipv4/ip_forward", "0", NULL);
		unlink(FORWARDED);
	}
	int rc = nft(text, err);
	/* Without the program none was made. */
	return rc == -ENOENT ? 0 : rc;
}
