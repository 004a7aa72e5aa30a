/* Which form of an answer a client wants: the Accept header. Pure. */
#ifndef KL_ACCEPT_H
#define KL_ACCEPT_H

#include <stdbool.h>

enum kl_form {
	KL_FORM_OBJECT,  /* the object or list itself */
	KL_FORM_TABLE,   /* meta.k8s.io Table */
	KL_FORM_PARTIAL, /* meta.k8s.io PartialObjectMetadata */
};
struct kl_accept {
	enum kl_form form;
	const char *form_version; /* "v1", "v1beta1"; static */
	bool yaml;
};
/* The first media type that we can give. false: none (406). NULL and "" accept everything. */
bool kl_accept_parse(const char *accept, struct kl_accept *ret);

#endif
