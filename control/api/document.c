#include "document.h"

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Every document once made; there are as many as paths and forms, whatever clients ask. */
struct made {
	struct made *next;
	const char *path, *form;
	struct kl_document document;
};

static struct made *all;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

struct form {
	const char *mark; /* what the Accept header must say */
	const char *form; /* how the builder is told */
	const char *content_type;
};

static const struct form discovery_forms[] = {
	{"v=v2;", "v2", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"},
	{"v=v2beta1;", "v2beta1", "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"},
};
static const struct form openapi_forms[] = {
	{"application/com.github.proto-openapi.spec.v2@v1.0+protobuf", "protobuf",
		"application/com.github.proto-openapi.spec.v2.v1.0+protobuf"},
	{"application/com.github.proto-openapi.spec.v2.v1.0+protobuf", "protobuf",
		"application/com.github.proto-openapi.spec.v2.v1.0+protobuf"},
};
static const struct form plain_form = {"", "", "application/json"};

/* One alternative of an Accept header, without spaces and with ';' at its end. */
static bool alternative_has(const char *alternative, size_t len, const char *mark)
{
	char text[256];
	size_t n = 0;
	for (size_t i = 0; i < len && n < sizeof(text) - 2; i++)
		if (alternative[i] != ' ')
			text[n++] = alternative[i];
	text[n++] = ';';
	text[n] = 0;
	return strstr(text, mark);
}

static const struct form *choose(const char *accept, const struct form *forms, size_t count, const char *also)
{
	for (const char *at = accept; at && *at;) {
		size_t len = strcspn(at, ",");
		for (size_t i = 0; i < count; i++)
			if (alternative_has(at, len, forms[i].mark) && alternative_has(at, len, also))
				return &forms[i];
		if (alternative_has(at, len, "application/json;") && !alternative_has(at, len, "as="))
			return &plain_form;
		at += len + (at[len] == ',');
	}
	return &plain_form;
}

static const struct form *choose_form(const char *path, const char *accept)
{
	if (!strcmp(path, "/api") || !strcmp(path, "/apis"))
		return choose(accept, discovery_forms, KL_ARRAY_LEN(discovery_forms), "g=apidiscovery.k8s.io;");
	if (!strcmp(path, "/openapi/v2"))
		return choose(accept, openapi_forms, KL_ARRAY_LEN(openapi_forms), "");
	return &plain_form;
}

static const struct made *find(const char *path, const char *form)
{
	for (const struct made *made = all; made; made = made->next)
		if (!strcmp(made->path, path) && !strcmp(made->form, form))
			return made;
	return NULL;
}

uint64_t kl_document_hash(const char *data, size_t len)
{
	uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)data[i]) * 0x100000001b3;
	return hash;
}

static char *make_etag(const char *data, size_t len)
{
	return kl_asprintf("\"%016llX\"", (unsigned long long)kl_document_hash(data, len));
}

static const struct made *make(const char *path, const struct form *form)
{
	kl_autobuf buf = {0};
	bool openapi = !strncmp(path, "/openapi/", 9);
	if (!(openapi ? kl_openapi_build : kl_discovery_build)(path, form->form, &buf))
		return NULL;
	struct made *made = kl_calloc(1, sizeof(*made));
	made->path = kl_strdup(path);
	made->form = form->form;
	size_t len = buf.len;
	char *data = kl_memdup(kl_buf_str(&buf), len + 1); /* its exact size: it stays */
	made->document = (struct kl_document){data, len, form->content_type, make_etag(data, len)};
	made->next = all;
	all = made;
	if (openapi)
		malloc_trim(0); /* building took several times its size */
	return made;
}

bool kl_api_document(const char *path_given, const char *accept, struct kl_document *ret)
{
	/* Client libraries ask for "/apis/", too. */
	size_t len = strlen(path_given);
	while (len && path_given[len - 1] == '/')
		len--;
	kl_autofree char *path = kl_strndup(path_given, len);
	const struct form *form = choose_form(path, accept);
	pthread_mutex_lock(&lock);
	const struct made *made = find(path, form->form);
	if (!made)
		made = make(path, form);
	if (made)
		*ret = made->document;
	pthread_mutex_unlock(&lock);
	return made;
}
