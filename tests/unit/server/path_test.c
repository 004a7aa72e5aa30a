#include "accept.h"
#include "rest_path.h"
#include "testlib.h"
#include "url.h"

#include <errno.h>
#include <string.h>

/* rows of tables leave out what is zero */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

KL_TEST(resource_paths)
{
	static const struct {
		const char *path;
		enum kl_rest_path_kind kind;
		const char *group, *version, *ns, *resource, *name, *subresource, *rest;
		bool watch;
	} cases[] = {
		{"/", KL_PATH_OTHER},
		{"/api", KL_PATH_OTHER},
		{"/api/v1", KL_PATH_OTHER},
		{"/api/v1/", KL_PATH_OTHER},
		{"/apis/apps/v1", KL_PATH_OTHER},
		{"/version", KL_PATH_OTHER},
		{"/api/v1/pods", KL_PATH_RESOURCE, "", "v1", NULL, "pods"},
		{"/api/v1/pods/", KL_PATH_RESOURCE, "", "v1", NULL, "pods"},
		{"/api/v1/nodes/n", KL_PATH_RESOURCE, "", "v1", NULL, "nodes", "n"},
		{"/api/v1/namespaces", KL_PATH_RESOURCE, "", "v1", NULL, "namespaces"},
		{"/api/v1/namespaces/a", KL_PATH_RESOURCE, "", "v1", NULL, "namespaces", "a"},
		{"/api/v1/namespaces/a/status", KL_PATH_RESOURCE, "", "v1", NULL, "namespaces", "a", "status"},
		{"/api/v1/namespaces/a/finalize", KL_PATH_RESOURCE, "", "v1", NULL, "namespaces", "a", "finalize"},
		{"/api/v1/namespaces/a/pods", KL_PATH_RESOURCE, "", "v1", "a", "pods"},
		{"/api/v1/namespaces/a/pods/p", KL_PATH_RESOURCE, "", "v1", "a", "pods", "p"},
		{"/api/v1/namespaces/a/pods/p/log", KL_PATH_RESOURCE, "", "v1", "a", "pods", "p", "log"},
		{"/api/v1/namespaces/a/services/s/proxy/x/y", KL_PATH_RESOURCE, "", "v1", "a", "services", "s", "proxy",
			"x/y"},
		{"/apis/apps/v1/namespaces/a/deployments/d/scale", KL_PATH_RESOURCE, "apps", "v1", "a", "deployments",
			"d", "scale"},
		{"/api/v1/watch/pods", KL_PATH_RESOURCE, "", "v1", NULL, "pods", .watch = true},
		{"/api/v1/watch/namespaces/a/pods/p", KL_PATH_RESOURCE, "", "v1", "a", "pods", "p", .watch = true},
		{"/api/v1/namespaces//pods", KL_PATH_BAD},
		{"/api/v1/namespaces/a//p", KL_PATH_BAD},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kl_rest_path path = {0};
		if (!KL_CHECK_INT(kl_rest_path_parse(cases[i].path, &path), cases[i].kind))
			kl_test_failed(__FILE__, __LINE__, "in %s", cases[i].path);
		KL_CHECK_STR(path.group, cases[i].group);
		KL_CHECK_STR(path.version, cases[i].version);
		KL_CHECK_STR(path.ns, cases[i].ns);
		KL_CHECK_STR(path.resource, cases[i].resource);
		KL_CHECK_STR(path.name, cases[i].name);
		KL_CHECK_STR(path.subresource, cases[i].subresource);
		KL_CHECK_STR(path.rest, cases[i].rest);
		KL_CHECK(path.watch == cases[i].watch);
		kl_rest_path_release(&path);
	}
}

KL_TEST(urls)
{
	struct kl_url url;
	KL_CHECK_INT(kl_url_parse("/a%20b/c+d?x=1+2&y&&z=%3D%26&x=3#frag", &url), 0);
	KL_CHECK_STR(url.path, "/a b/c+d");
	KL_CHECK_STR(url.raw_path, "/a%20b/c+d");
	KL_CHECK_STR(url.raw_query, "x=1+2&y&&z=%3D%26&x=3");
	KL_CHECK_INT(url.param_count, 4);
	KL_CHECK_STR(url.params[0].value, "1 2");
	KL_CHECK_STR(url.params[1].name, "y");
	KL_CHECK_STR(url.params[1].value, "");
	KL_CHECK_STR(url.params[2].value, "=&");
	KL_CHECK_STR(url.params[3].value, "3");
	kl_url_release(&url);
	static const char *const bad[] = {"", "a", "http://x/", "*", "/%", "/%1", "/%g0", "/%00", "/?a=%", "/?%00=1"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		KL_CHECK_INT(kl_url_parse(bad[i], &url), -EINVAL);
	char many[2 + 2 * 300] = "/?";
	for (int i = 0; i < 299; i++)
		strcat(many, "a&");
	KL_CHECK_INT(kl_url_parse(many, &url), -EINVAL);
}

KL_TEST(accept_headers)
{
	static const struct {
		const char *text;
		bool good;
		enum kl_form form;
		const char *version;
		bool yaml;
	} cases[] = {
		{NULL, true},
		{"", true},
		{"*/*", true},
		{"application/json", true},
		{"application/*", true},
		{"application/yaml", true, .yaml = true},
		{"text/html, application/json", true},
		{"application/vnd.kubernetes.protobuf,application/json", true},
		{"application/vnd.kubernetes.protobuf", false},
		{"image/png", false},
		{"application/json;q=0", false},
		{"application/json;as=Table;v=v1;g=meta.k8s.io,application/json", true, KL_FORM_TABLE, "v1"},
		{"application/json;as=Table;v=v1beta1;g=meta.k8s.io, application/json", true, KL_FORM_TABLE, "v1beta1"},
		{"application/json;as=Table;v=v9;g=meta.k8s.io,application/json", true},
		{"application/json;as=Table;g=meta.k8s.io;v=v1 , */*", true, KL_FORM_TABLE, "v1"},
		{"application/json;as=Chair;v=v1;g=meta.k8s.io", false},
		{"application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1", true, KL_FORM_PARTIAL, "v1"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kl_accept accept = {0};
		if (!KL_CHECK(kl_accept_parse(cases[i].text, &accept) == cases[i].good))
			kl_test_failed(__FILE__, __LINE__, "in '%s'", cases[i].text);
		KL_CHECK_INT(accept.form, cases[i].form);
		KL_CHECK_STR(accept.form_version, cases[i].version);
		KL_CHECK(accept.yaml == cases[i].yaml);
	}
}

KL_MAIN()
