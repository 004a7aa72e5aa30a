#include "accept.h"

#include "mem.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static char *trim(char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	char *end = text + strlen(text);
	while (end > text && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	return text;
}

static bool is_json(const char *type)
{
	return !strcasecmp(type, "application/json") || !strcmp(type, "*/*") || !strcasecmp(type, "application/*");
}

static bool is_yaml(const char *type)
{
	return !strcasecmp(type, "application/yaml");
}

/* ";as=Table;v=v1;g=meta.k8s.io;q=0.9"; false when it asks for something that we do not know. */
static bool parse_params(char *params, struct kl_accept *accept)
{
	bool ours = true;
	for (char *param; (param = strsep(&params, ";"));) {
		param = trim(param);
		if (!strcmp(param, "as=Table"))
			accept->form = KL_FORM_TABLE;
		else if (!strcmp(param, "as=PartialObjectMetadata") || !strcmp(param, "as=PartialObjectMetadataList"))
			accept->form = KL_FORM_PARTIAL;
		else if (!strncmp(param, "as=", 3) || !strcmp(param, "q=0"))
			ours = false;
		else if (!strcmp(param, "v=v1"))
			accept->form_version = "v1";
		else if (!strcmp(param, "v=v1beta1"))
			accept->form_version = "v1beta1";
		else if (!strncmp(param, "g=", 2))
			ours = ours && !strcmp(param, "g=meta.k8s.io");
	}
	return ours && (accept->form == KL_FORM_OBJECT || accept->form_version);
}

bool kl_accept_parse(const char *text, struct kl_accept *ret)
{
	*ret = (struct kl_accept){0};
	if (!text || !*text)
		return true;
	kl_autofree char *copy = kl_strdup(text);
	char *rest = copy;
	for (char *item; (item = strsep(&rest, ","));) {
		char *params = item, *type = trim(strsep(&params, ";"));
		struct kl_accept accept = {.yaml = is_yaml(type)};
		if ((!is_json(type) && !accept.yaml) || (params && !parse_params(params, &accept)))
			continue;
		*ret = accept;
		return true;
	}
	return false;
}
