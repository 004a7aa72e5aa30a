#include "images.h"
#include "testlib.h"

#include <errno.h>

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

KL_TEST(normal_forms)
{
	static const struct {
		const char *text, *full;
	} cases[] = {
		{"nginx", "docker.io/library/nginx:latest"},
		{"nginx:1.14", "docker.io/library/nginx:1.14"},
		{"foo/bar:x", "docker.io/foo/bar:x"},
		{"docker.io/nginx", "docker.io/library/nginx:latest"},
		{"index.docker.io/nginx:1", "docker.io/library/nginx:1"},
		{"localhost/x", "localhost/x:latest"},
		{"localhost:5000/x:y", "localhost:5000/x:y"},
		{"quay.io/a/b/c:V_1.2-3", "quay.io/a/b/c:V_1.2-3"},
		{"nginx@sha256:" HEX, "docker.io/library/nginx@sha256:" HEX},
		{"nginx:1@sha256:" HEX, "docker.io/library/nginx@sha256:" HEX},
	};

	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		struct kl_reference ref = {0};
		if (!KL_CHECK_INT(kl_reference_parse(cases[i].text, &ref, NULL), 0))
			continue;
		kl_autofree char *full = kl_reference_text(&ref);
		KL_CHECK_STR(full, cases[i].full);
		kl_reference_release(&ref);
	}
}

KL_TEST(refused)
{
	static const char *const cases[] = {"", ":", "Nginx", "a//b", "/a", "a/", "a b", "nginx:", "nginx:-x",
		"nginx@sha256:12", ("nginx@md5:" HEX), "-a", "a-", "--help", "x:y:z/../..", "a/../b", "ngin\nx",
		"docker.io/"};

	for (size_t i = 0; i < KL_ARRAY_LEN(cases); i++) {
		struct kl_reference ref = {0};
		if (!KL_CHECK_INT(kl_reference_parse(cases[i], &ref, NULL), -EINVAL))
			kl_test_failed(__FILE__, __LINE__, "accepted '%s'", cases[i]);
		kl_reference_release(&ref);
	}
}

KL_MAIN()
