#include "file.h"
#include "testlib.h"
#include "volumes.h"

#include <errno.h>
#include <fcntl.h>
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

static char *payload_text(const struct kl_payload *payload)
{
	struct kl_buf text = {0};

	for (size_t i = 0; i < payload->count; i++)
		kl_buf_printf(&text, "%s%s=%s:%o", i ? " " : "", payload->files[i].path, payload->files[i].data,
			payload->files[i].mode);
	return text.data ? kl_buf_take(&text) : kl_strdup("");
}

static const char objects_text[] =
	"{\"configmaps/c\":{\"data\":{\"a\":\"1\",\"b\":\"2\"},\"binaryData\":{\"z\":\"AAE=\"}},"
	"\"secrets/s\":{\"data\":{\"user\":\"cm9vdA==\"}}}";
static const char pod_text[] = "{\"metadata\":{\"name\":\"p\",\"namespace\":\"n\",\"uid\":\"u\",\"labels\":{\"b\":"
			       "\"2\",\"a\":\"1\"}},\"spec\":{\"containers\":"
			       "[{\"name\":\"m\",\"resources\":{\"limits\":{\"cpu\":\"1500m\",\"memory\":\"64Mi\"}}}]},"
			       "\"status\":{\"podIP\":\"10.0.0.9\"}}";

KL_TEST(payloads)
{
	static const struct {
		const char *volume, *want; /* NULL: refused */
	} cases[] = {
		{"{\"secret\":{\"secretName\":\"s\"}}", "user=root:644"},
		{"{\"secret\":{\"secretName\":\"s\",\"defaultMode\":256}}", "user=root:400"},
		{"{\"secret\":{\"secretName\":\"s\",\"items\":[{\"key\":\"user\",\"path\":\"x/y\",\"mode\":384}]}}",
			"x/y=root:600"},
		{"{\"secret\":{\"secretName\":\"nope\"}}", NULL},
		{"{\"secret\":{\"secretName\":\"nope\",\"optional\":true}}", ""},
		{"{\"configMap\":{\"name\":\"c\",\"items\":[{\"key\":\"b\",\"path\":\"bb\"}]}}", "bb=2:644"},
		{"{\"configMap\":{\"name\":\"c\",\"items\":[{\"key\":\"nope\",\"path\":\"bb\"}]}}", NULL},
		{"{\"configMap\":{\"name\":\"c\",\"items\":[{\"key\":\"b\",\"path\":\"../bb\"}]}}", NULL},
		{"{\"configMap\":{\"name\":\"c\",\"items\":[{\"key\":\"b\",\"path\":\"/bb\"}]}}", NULL},
		{"{\"configMap\":{\"name\":\"c\",\"items\":[{\"key\":\"b\",\"path\":\"..data\"}]}}", NULL},
		{"{\"configMap\":{\"name\":\"c\",\"items\":[{\"key\":\"b\",\"path\":\"a/../../x\"}]}}", NULL},
		{"{\"downwardAPI\":{\"items\":[{\"path\":\"l\",\"fieldRef\":{\"fieldPath\":\"metadata.labels\"}}]}}",
			"l=a=\"1\"\nb=\"2\":644"},
		{"{\"downwardAPI\":{\"items\":[{\"path\":\"l\",\"fieldRef\":{\"fieldPath\":\"spec.nope\"}}]}}", NULL},
		{"{\"projected\":{\"sources\":[{\"configMap\":{\"name\":\"c\",\"items\":[{\"key\":\"a\",\"path\":\"f\"}"
		 "]}},"
		 "{\"secret\":{\"name\":\"s\",\"items\":[{\"key\":\"user\",\"path\":\"f\"}]}},"
		 "{\"serviceAccountToken\":{\"path\":\"token\"}}]}}",
			"f=root:644"},
		{"{\"projected\":{\"sources\":[{\"configMap\":{\"name\":\"kube-root-ca.crt\"}}]}}", "ca.crt=PEM:644"},
	};
	kl_autojson *objects = parse(objects_text), *pod = parse(pod_text);
	const struct kl_volumes_env env = {.pod_dir = "/x", .pod = pod, .objects = objects, .ca_pem = "PEM"};

	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		kl_autojson *volume = parse(cases[i].volume);
		struct kl_payload payload = {0};
		int rc = kl_volume_payload(&env, volume, &payload, NULL);
		KL_CHECK_INT(rc == 0, cases[i].want != NULL);
		kl_autofree char *text = payload_text(&payload);
		if (!rc && cases[i].want)
			KL_CHECK_STR(text, cases[i].want);
		kl_payload_release(&payload);
	}
}

KL_TEST(downward)
{
	static const struct {
		const char *resource, *divisor, *want;
	} cases[] = {
		{"limits.cpu", "1m", "1500"},
		{"limits.cpu", "", "2"},
		{"limits.memory", "1Mi", "64"},
		{"requests.cpu", "1m", "0"},
		{"limits.memory", "", "67108864"},
		{"nope", "", NULL},
	};
	kl_autojson *pod = parse(pod_text);
	const json_t *container = kl_pod_container(pod, "m");
	const struct kl_downward_node node = {"4", "8Gi"};

	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		kl_autojson *ref = json_pack("{s:s,s:s}", "resource", cases[i].resource, "divisor", cases[i].divisor);
		kl_autofree char *text = kl_downward_resource(container, ref, &node, NULL);
		if (cases[i].want)
			KL_CHECK_STR(text, cases[i].want);
		else
			KL_CHECK(!text);
	}
	kl_autojson *ref = json_pack("{s:s}", "resource", "limits.cpu");
	kl_autojson *bare = json_object();
	kl_autofree char *whole = kl_downward_resource(bare, ref, &node, NULL);
	KL_CHECK_STR(whole, "4");
	kl_autofree char *label = kl_downward_field(pod, "metadata.labels['b']", NULL);
	KL_CHECK_STR(label, "2");
}

KL_TEST(base64)
{
	static const struct {
		const char *text, *want;
	} cases[] = {{"", ""}, {"Zg==", "f"}, {"Zm8=", "fo"}, {"Zm9v", "foo"}, {"Zm9\nv", "foo"}, {"Z*", NULL},
		{"====", NULL}};

	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		char *data = NULL;
		size_t len = 99;
		KL_CHECK_INT(kl_volume_base64(cases[i].text, &data, &len) == 0, cases[i].want != NULL);
		if (cases[i].want && data)
			KL_CHECK_STR(data, cases[i].want);
		free(data);
	}
}

static char *folder_new(void)
{
	char *folder = kl_strdup("/tmp/keelson-volumes-XXXXXX");

	if (!mkdtemp(folder))
		kl_test_skip("no temporary folder");
	return folder;
}

static char *read_in(const char *folder, const char *name)
{
	kl_autofree char *path = kl_asprintf("%s/%s", folder, name);
	struct kl_buf text = {0};

	return kl_file_read(path, &text, NULL) ? kl_strdup("(none)") : kl_buf_take(&text);
}

KL_TEST(writer_replaces_at_once)
{
	kl_autofree char *folder = folder_new(), *data_link = kl_asprintf("%s/..data", folder);
	struct kl_payload_file one[] = {
		{(char[]){"a"}, (char[]){"1"}, 1, 0644}, {(char[]){"d/b"}, (char[]){"2"}, 1, 0600}};
	struct kl_payload_file two[] = {{(char[]){"a"}, (char[]){"3"}, 1, 0644}};
	const struct kl_payload first = {one, 2}, second = {two, 1};
	char before[64] = "", after[64] = "";

	KL_CHECK_INT(kl_payload_write(&first, folder, NULL), 0);
	kl_autofree char *b = read_in(folder, "d/b");
	KL_CHECK_STR(b, "2");
	KL_CHECK(readlink(data_link, before, sizeof(before) - 1) > 0);
	KL_CHECK_INT(kl_payload_write(&first, folder, NULL), 0); /* the same again: nothing moves */
	KL_CHECK(readlink(data_link, after, sizeof(after) - 1) > 0);
	KL_CHECK_STR(after, before);
	usleep(2000); /* names are milliseconds */
	KL_CHECK_INT(kl_payload_write(&second, folder, NULL), 0);
	kl_autofree char *a = read_in(folder, "a"), *gone = read_in(folder, "d/b");
	KL_CHECK_STR(a, "3");
	KL_CHECK_STR(gone, "(none)");
	kl_remove_tree(folder, NULL);
}

KL_TEST(host_path_types)
{
	static const struct {
		const char *type, *name;
		bool good;
	} cases[] = {
		{"", "new", true},
		{"Directory", "absent", false},
		{"DirectoryOrCreate", "made", true},
		{"File", "file", true},
		{"Directory", "file", false},
		{"FileOrCreate", "madefile", true},
		{"Socket", "file", false},
		{"Nonsense", "file", false},
	};
	kl_autofree char *folder = folder_new(), *file = kl_asprintf("%s/file", folder);

	kl_file_write_atomic(file, "x", 1, 0644, NULL);
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		kl_autofree char *path = kl_asprintf("%s/%s", folder, cases[i].name);
		kl_autojson *pod = json_pack("{s:{s:[{s:s,s:{s:s,s:s}}]}}", "spec", "volumes", "name", "v", "hostPath",
			"path", path, "type", cases[i].type);
		const struct kl_volumes_env env = {.pod_dir = folder, .pod = pod};
		struct kl_err err = {0};
		KL_CHECK_INT(kl_volumes_setup(&env, &err) == 0, cases[i].good);
		if (!cases[i].good)
			KL_CHECK(strstr(err.text, "MountVolume.SetUp failed for volume \"v\" : "));
	}
	kl_remove_tree(folder, NULL);
}

KL_TEST(sub_paths_stay_in_their_volume)
{
	static const struct {
		const char *sub_path;
		bool good;
	} cases[] = {{"../x", false}, {"a/../../x", false}, {"/etc", false}, {"fresh/folder", true},
		{"escape/passwd", true}};
	kl_autofree char *folder = folder_new(), *volume = kl_asprintf("%s/v", folder),
			 *link = kl_asprintf("%s/escape", volume);
	kl_autojson *pod =
		json_pack("{s:{s:[{s:s,s:{s:s}}]}}", "spec", "volumes", "name", "v", "hostPath", "path", volume);
	const struct kl_volumes_env env = {.pod_dir = folder, .pod = pod};

	if (geteuid() != 0)
		kl_test_skip("only root mounts");
	mkdir(volume, 0755);
	KL_CHECK(!symlink("/etc", link));
	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		char *source = NULL;
		struct kl_err err = {0};
		int rc = kl_volumes_source(&env, "v", "c", (unsigned)i, cases[i].sub_path, &source, &err);
		struct stat ours, hosts;
		if (!strcmp(cases[i].sub_path,
			    "escape/passwd")) /* resolved beneath the volume: never the host's file */
			KL_CHECK(rc ||
				 (!stat(source, &ours) && !stat("/etc/passwd", &hosts) && ours.st_ino != hosts.st_ino));
		else
			KL_CHECK_INT(rc == 0, cases[i].good);
		free(source);
	}
	kl_volumes_teardown(folder);
	kl_autofree char *kept = kl_asprintf("%s/fresh/folder", volume);
	KL_CHECK(kl_path_exists(kept)); /* a hostPath's contents are never removed */
	kl_remove_tree(folder, NULL);
}

KL_MAIN()
