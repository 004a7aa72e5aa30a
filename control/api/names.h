/*
 * What names, label keys and label values may look like (RFC 1123, and Kubernetes' own forms).
 * Each check returns NULL when the text is good, else the sentence that the client is told.
 */
#ifndef KL_NAMES_H
#define KL_NAMES_H

#include <stdbool.h>
#include <stddef.h>

typedef const char *kl_name_check(const char *text);

kl_name_check kl_name_dns_label;     /* RFC 1123 label, 63 bytes */
kl_name_check kl_name_dns_subdomain; /* dot-separated labels, 253 bytes */
kl_name_check kl_name_dns_1035;      /* label that starts with a letter: Services */
kl_name_check kl_name_path_segment;  /* what fits a URL: RBAC names */
kl_name_check kl_name_qualified;     /* [prefix/]name: label keys, annotation keys, resource names */
kl_name_check kl_name_label_value;   /* "" or up to 63 bytes */
kl_name_check kl_name_port;          /* IANA service name, 15 bytes */
kl_name_check kl_name_env;           /* environment variable */
kl_name_check kl_name_config_key;    /* key of a ConfigMap or Secret */

#endif
