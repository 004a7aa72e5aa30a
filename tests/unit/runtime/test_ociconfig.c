#include "ociconfig.h"
#include "testlib.h"

#include <string.h>

static const struct kl_oci_host host = {.capabilities = UINT64_MAX, .own_oom = 0, .may_lower_oom = true};

static struct kl_container_spec base_spec(void)
{
	static char sh[] = "sh", variable[] = "A=b", id[] = "x", rootfs[] = "/r", cgroup[] = "/k/p/x";
	static char *args[] = {sh, NULL}, *env[] = {variable, NULL};

	return (struct kl_container_spec){.id = id, .rootfs = rootfs, .args = args, .env = env, .cgroup = cgroup};
}

static bool has(const json_t *list, const char *word)
{
	json_t *item;
	size_t i;

	json_array_foreach (list, i, item)
		if (!strcmp(json_string_value(item), word))
			return true;
	return false;
}

static const json_t *find(const json_t *list, const char *key, const char *value)
{
	json_t *item;
	size_t i;

	json_array_foreach (list, i, item)
		if (!strcmp(kl_json_str(item, key, NULL), value))
			return item;
	return NULL;
}

KL_TEST(capabilities)
{
	static const struct {
		const char *add, *drop;
		bool privileged;
		const char *present, *absent;
	} cases[] = {
		{NULL, NULL, false, "CAP_NET_BIND_SERVICE", "CAP_SYS_ADMIN"},
		{"NET_ADMIN", NULL, false, "CAP_NET_ADMIN", "CAP_SYS_ADMIN"},
		{"CAP_SYS_TIME", "KILL", false, "CAP_SYS_TIME", "CAP_KILL"},
		{"NET_RAW", "ALL", false, "CAP_NET_RAW", "CAP_CHOWN"},
		{"ALL", "SYS_MODULE", false, "CAP_SYS_ADMIN", "CAP_SYS_MODULE"},
		{NULL, NULL, true, "CAP_SYS_ADMIN", "CAP_NONE"},
	};

	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		struct kl_container_spec spec = base_spec();
		char *add[] = {(char *)(uintptr_t)cases[i].add, NULL},
		     *drop[] = {(char *)(uintptr_t)cases[i].drop, NULL};
		spec.cap_add = add;
		spec.cap_drop = drop;
		spec.privileged = cases[i].privileged;
		kl_autojson *config = kl_oci_config(&spec, &host);
		const json_t *bounding = kl_json_get(config, "process", "capabilities", "bounding", NULL);
		KL_CHECK(has(bounding, cases[i].present));
		KL_CHECK(!has(bounding, cases[i].absent));
	}
}

KL_TEST(other_users_start_without_capabilities)
{
	struct kl_container_spec spec = base_spec();

	spec.uid = 1000;
	kl_autojson *config = kl_oci_config(&spec, &host);
	KL_CHECK_INT(json_array_size(kl_json_get(config, "process", "capabilities", "effective", NULL)), 0);
	KL_CHECK(json_array_size(kl_json_get(config, "process", "capabilities", "bounding", NULL)) > 0);
}

KL_TEST(host_bounds_capabilities)
{
	struct kl_container_spec spec = base_spec();
	const struct kl_oci_host poor = {.capabilities = 1};

	spec.privileged = true;
	kl_autojson *config = kl_oci_config(&spec, &poor);
	KL_CHECK_INT(json_array_size(kl_json_get(config, "process", "capabilities", "bounding", NULL)), 1);
}

KL_TEST(oom_score_never_below_ours_where_that_is_forbidden)
{
	struct kl_container_spec spec = base_spec();
	const struct kl_oci_host strict = {.capabilities = 1, .own_oom = 10, .may_lower_oom = false};

	spec.resources.oom_score_adj = -997;
	kl_autojson *forbidden = kl_oci_config(&spec, &strict), *allowed = kl_oci_config(&spec, &host);
	KL_CHECK_INT(kl_json_int(forbidden, 0, "process", "oomScoreAdj", NULL), 10);
	KL_CHECK_INT(kl_json_int(allowed, 0, "process", "oomScoreAdj", NULL), -997);
}

KL_TEST(namespaces_and_paths)
{
	struct kl_container_spec spec = base_spec();

	spec.netns = (char[]){"/run/n/net"};
	spec.ipcns = (char[]){"/run/n/ipc"};
	kl_autojson *config = kl_oci_config(&spec, &host);
	const json_t *list = kl_json_get(config, "linux", "namespaces", NULL);
	KL_CHECK_STR(kl_json_str(find(list, "type", "network"), "path", NULL), "/run/n/net");
	KL_CHECK_STR(kl_json_str(find(list, "type", "ipc"), "path", NULL), "/run/n/ipc");
	KL_CHECK(find(list, "type", "pid") && !kl_json_str_or_null(find(list, "type", "pid"), "path", NULL));
	KL_CHECK(!find(list, "type", "uts")); /* the host's */
	KL_CHECK(!find(list, "type", "cgroup"));
	KL_CHECK(has(kl_json_get(config, "linux", "maskedPaths", NULL), "/proc/kcore"));
	KL_CHECK(has(kl_json_get(config, "linux", "readonlyPaths", NULL), "/proc/sys"));
	spec.privileged = true;
	kl_autojson *privileged = kl_oci_config(&spec, &host);
	KL_CHECK(!kl_json_get(privileged, "linux", "maskedPaths", NULL));
}

KL_TEST(mounts_in_order_and_replaced)
{
	struct kl_mount_spec mounts[] = {
		{.source = (char[]){"/v"}, .target = (char[]){"/data"}, .readonly = true},
		{.source = (char[]){"/s"}, .target = (char[]){"/sys"}, .propagate_both = true},
	};
	struct kl_container_spec spec = base_spec();

	spec.mounts = mounts;
	spec.mount_count = 2;
	kl_autojson *config = kl_oci_config(&spec, &host);
	const json_t *list = json_object_get(config, "mounts");
	const json_t *data = find(list, "destination", "/data"), *sys = find(list, "destination", "/sys");
	KL_CHECK(has(json_object_get(data, "options"), "ro") && has(json_object_get(data, "options"), "rprivate"));
	KL_CHECK_STR(kl_json_str(sys, "source", NULL), "/s"); /* the volume stands in the place of our own mount */
	KL_CHECK(has(json_object_get(sys, "options"), "rshared"));
	KL_CHECK_STR(kl_json_str(config, "linux", "rootfsPropagation", NULL), "rshared");
	KL_CHECK_STR(kl_json_str(json_array_get(list, 0), "destination", NULL), "/proc");
}

KL_TEST(resources)
{
	struct kl_container_spec spec = base_spec();

	spec.resources = (struct kl_resources_spec){
		.cpu_shares = 102, .cpu_quota_us = 50000, .memory_limit = 1 << 20, .pids_limit = 7};
	kl_autojson *config = kl_oci_config(&spec, &host);
	const json_t *r = kl_json_get(config, "linux", "resources", NULL);
	KL_CHECK_INT(kl_json_int(r, 0, "cpu", "shares", NULL), 102);
	KL_CHECK_INT(kl_json_int(r, 0, "cpu", "quota", NULL), 50000);
	KL_CHECK_INT(kl_json_int(r, 0, "cpu", "period", NULL), 100000);
	KL_CHECK_INT(kl_json_int(r, 0, "memory", "limit", NULL), 1 << 20);
	KL_CHECK_INT(kl_json_int(r, 0, "pids", "limit", NULL), 7);
}

KL_TEST(pid_start_of_ourselves_and_of_nobody)
{
	KL_CHECK(kl_pid_start(1) > 0 || kl_pid_start(1) == 0);
	KL_CHECK_INT(kl_pid_start(0), 0);
	KL_CHECK_INT(kl_pid_start(-5), 0);
}

KL_MAIN()
