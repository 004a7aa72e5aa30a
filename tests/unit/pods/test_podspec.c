#include "file.h"
#include "podspec.h"
#include "testlib.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static json_t *parse(const char *text)
{
	struct kl_err err = {0};
	json_t *value = kl_json_parse(text, strlen(text), &err);

	if (!value)
		kl_test_failed(__FILE__, __LINE__, "bad JSON in the test: %s", err.text);
	return value;
}

static char *root_new(void)
{
	char *root = kl_strdup("/tmp/keelson-podspec-XXXXXX");

	if (!mkdtemp(root))
		kl_test_skip("no temporary folder");
	kl_autofree char *etc = kl_asprintf("%s/etc", root), *passwd = kl_asprintf("%s/passwd", etc),
			 *group = kl_asprintf("%s/group", etc);
	static const char users[] = "root:x:0:0:root:/root:/bin/sh\nbroken\nweb:x:33:44:w:/var/www:/bin/false\n";
	static const char groups[] = "root:x:0:\nwww:x:44:\nextra:x:55:other,web\n";
	mkdir(etc, 0755);
	kl_file_write_atomic(passwd, users, strlen(users), 0644, NULL);
	kl_file_write_atomic(group, groups, strlen(groups), 0644, NULL);
	return root;
}

KL_TEST(users)
{
	static const struct {
		const char *text;
		int rc;
		uint32_t uid, gid;
		size_t groups;
		const char *home;
	} cases[] = {
		{"0", 0, 0, 0, 0, "/root"},
		{"root", 0, 0, 0, 0, "/root"},
		{"web", 0, 33, 44, 1, "/var/www"},
		{"33", 0, 33, 44, 1, "/var/www"},
		{"web:extra", 0, 33, 55, 1, "/var/www"},
		{"1000", 0, 1000, 0, 0, "/"},
		{"1000:2000", 0, 1000, 2000, 0, "/"},
		{"nobody", -ENOENT, 0, 0, 0, ""},
		{"web:nope", -ENOENT, 0, 0, 0, ""},
	};
	kl_autofree char *root = root_new();

	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		struct kl_user user;
		int rc = kl_podspec_user(root, cases[i].text, &user, NULL);
		KL_CHECK_INT(rc, cases[i].rc);
		if (rc)
			continue;
		KL_CHECK_INT(user.uid, cases[i].uid);
		KL_CHECK_INT(user.gid, cases[i].gid);
		KL_CHECK_INT(user.group_count, cases[i].groups);
		KL_CHECK_STR(user.home, cases[i].home);
	}
	kl_remove_tree(root, NULL);
}

/* An image whose /etc/passwd is a link to the host's file must not read that. */
KL_TEST(user_database_stays_in_the_image)
{
	kl_autofree char *root = root_new(), *passwd = kl_asprintf("%s/etc/passwd", root);
	struct kl_user user;

	unlink(passwd);
	KL_CHECK(!symlink("/../../../../etc/passwd", passwd));
	KL_CHECK(kl_podspec_user(root, "daemon", &user, NULL) < 0);
	kl_remove_tree(root, NULL);
}

KL_TEST(quality_of_service)
{
	static const struct {
		const char *containers, *want;
		int oom;
	} cases[] = {
		{"[{\"name\":\"c\"}]", "BestEffort", 1000},
		{"[{\"name\":\"c\",\"resources\":{\"requests\":{\"memory\":\"512Mi\"}}}]", "Burstable", 500},
		{"[{\"name\":\"c\",\"resources\":{\"limits\":{\"memory\":\"512Mi\",\"cpu\":1}}}]", "Guaranteed", -997},
		{"[{\"name\":\"c\",\"resources\":{\"limits\":{\"memory\":\"512Mi\"}}}]", "Burstable", 500},
		{"[{\"name\":\"c\",\"resources\":{\"requests\":{\"cpu\":\"1\"}}}]", "Burstable", 999},
	};

	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		kl_autojson *containers = parse(cases[i].containers);
		kl_autojson *pod = json_pack("{s:{s:O}}", "spec", "containers", containers);
		KL_CHECK_STR(kl_podspec_qos(pod), cases[i].want);
		KL_CHECK_INT(kl_podspec_oom_score(pod, json_array_get(containers, 0), INT64_C(1) << 30), cases[i].oom);
	}
}

KL_TEST(shares_and_signals)
{
	KL_CHECK_INT(kl_podspec_shares(0), 2);
	KL_CHECK_INT(kl_podspec_shares(100), 102);
	KL_CHECK_INT(kl_podspec_shares(1000), 1024);
	KL_CHECK_INT(kl_podspec_shares(1000000), 262144);
	KL_CHECK_INT(kl_podspec_signal("SIGQUIT"), SIGQUIT);
	KL_CHECK_INT(kl_podspec_signal("QUIT"), SIGQUIT);
	KL_CHECK_INT(kl_podspec_signal("9"), SIGKILL);
	KL_CHECK_INT(kl_podspec_signal("SIGRTMIN+3"), SIGRTMIN + 3);
	KL_CHECK_INT(kl_podspec_signal("nonsense"), SIGTERM);
	KL_CHECK_INT(kl_podspec_signal("99999999999"), SIGTERM);
}

KL_TEST(security)
{
	kl_autofree char *root = root_new();
	static const struct {
		const char *pod_security, *own, *image_user;
		int rc;
		uint32_t uid, gid;
	} cases[] = {
		{"{}", "{}", "web", 0, 33, 44},
		{"{\"runAsUser\":5}", "{}", "web", 0, 5, 0},
		{"{\"runAsUser\":5}", "{\"runAsUser\":6,\"runAsGroup\":7}", "", 0, 6, 7},
		{"{\"runAsNonRoot\":true}", "{}", "", -EPERM, 0, 0},
		{"{\"runAsNonRoot\":true}", "{}", "web", -EPERM, 0, 0}, /* a name: nobody can vouch for it */
		{"{\"runAsNonRoot\":true}", "{\"runAsUser\":1}", "web", 0, 1, 0},
	};

	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		kl_autojson *pod_security = parse(cases[i].pod_security), *own = parse(cases[i].own);
		kl_autojson *container = json_pack("{s:s,s:O}", "name", "c", "securityContext", own);
		kl_autojson *pod =
			json_pack("{s:{s:O,s:[O]}}", "spec", "securityContext", pod_security, "containers", container);
		kl_autojson *image = json_pack("{s:s}", "User", cases[i].image_user);
		const struct kl_podspec_in in = {
			.pod = pod, .container = container, .image_config = image, .rootfs = root};
		struct kl_container_spec spec = {0};
		kl_autofree char *home = NULL;
		int rc = kl_podspec_fill(&in, &spec, &home, NULL);
		KL_CHECK_INT(rc, cases[i].rc);
		if (!rc) {
			KL_CHECK_INT(spec.uid, cases[i].uid);
			KL_CHECK_INT(spec.gid, cases[i].gid);
		}
		kl_container_spec_release(&spec);
	}
	kl_remove_tree(root, NULL);
}

KL_TEST(groups_and_limits)
{
	kl_autofree char *root = root_new();
	kl_autojson *pod = parse("{\"spec\":{\"securityContext\":{\"fsGroup\":2000,\"supplementalGroups\":[55,66]},"
				 "\"containers\":[{\"name\":\"c\","
				 "\"resources\":{\"limits\":{\"cpu\":\"250m\",\"memory\":\"64Mi\"},\"requests\":{"
				 "\"cpu\":\"100m\"}}}]}}");
	const json_t *container = json_array_get(kl_json_get(pod, "spec", "containers", NULL), 0);
	kl_autojson *image = json_pack("{s:s}", "User", "web");
	const struct kl_podspec_in in = {
		.pod = pod, .container = container, .image_config = image, .rootfs = root, .pids_limit = 9};
	struct kl_container_spec spec = {0};
	kl_autofree char *home = NULL;

	KL_CHECK_INT(kl_podspec_fill(&in, &spec, &home, NULL), 0);
	KL_CHECK_INT(spec.group_count, 3); /* 55 of the database and of the list is one; 66; 2000 */
	KL_CHECK_INT(spec.resources.cpu_quota_us, 25000);
	KL_CHECK_INT(spec.resources.cpu_shares, 102);
	KL_CHECK_INT(spec.resources.memory_limit, 64 << 20);
	KL_CHECK_INT(spec.resources.pids_limit, 9);
	kl_container_spec_release(&spec);
	kl_remove_tree(root, NULL);
}

KL_MAIN()
