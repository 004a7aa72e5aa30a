/* What the kinds of the cluster itself do beyond their schemas. */
#include "hooks.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define SPEC(key) KL_KEY(KL_KEY(NULL, "spec"), key)

/* The family of "10.0.0.0/16" without host bits; 0: it is none. */
static int cidr_family(const char *text)
{
	unsigned char bytes[16];
	char address[64], *end;
	const char *slash = strchr(text, '/');
	if (!slash || (size_t)(slash - text) >= sizeof(address))
		return 0;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	int family = strchr(address, ':') ? AF_INET6 : AF_INET;
	unsigned long bits = strtoul(slash + 1, &end, 10), size = family == AF_INET ? 32 : 128;
	if (inet_pton(family, address, bytes) != 1 || end == slash + 1 || *end || bits > size)
		return 0;
	for (unsigned long bit = bits; bit < size; bit++)
		if (bytes[bit / 8] & (0x80 >> bit % 8))
			return 0;
	return family;
}

static void service_cidr_validate(const json_t *object, struct kl_errors *errors)
{
	const json_t *cidrs = kl_json_get(object, "spec", "cidrs", NULL);
	size_t i, count = json_array_size(cidrs);
	json_t *cidr;
	int first = 0;
	if (!count)
		kl_required(errors, SPEC("cidrs"), "at least one CIDR required");
	if (count > 2)
		kl_invalid(errors, SPEC("cidrs"), cidrs, "may only hold up to 2 values");
	json_array_foreach (cidrs, i, cidr) {
		int family = cidr_family(json_string_value(cidr) ?: "");
		if (!family)
			kl_invalid(errors, KL_INDEX(SPEC("cidrs"), i), cidr,
				"must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
		else if (family == first)
			kl_invalid(errors, SPEC("cidrs"), cidrs,
				"may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and "
				"2001:db8::/64");
		first = family;
	}
}

static void service_cidr_validate_update(const json_t *old, const json_t *object, struct kl_errors *errors)
{
	kl_immutable(errors, SPEC("cidrs"), kl_json_get(old, "spec", "cidrs", NULL),
		kl_json_get(object, "spec", "cidrs", NULL));
}

const struct kl_kind_hooks kl_hooks_service_cidr = {
	.validate = service_cidr_validate, .validate_update = service_cidr_validate_update};

static void class_validate_update(const json_t *old, const json_t *object, struct kl_errors *errors)
{
	static const char *const fixed[] = {"driverName", "parameters"};
	for (size_t i = 0; i < KL_ARRAY_LEN(fixed); i++)
		kl_immutable(errors, KL_KEY(NULL, fixed[i]), json_object_get(old, fixed[i]),
			json_object_get(object, fixed[i]));
}

const struct kl_kind_hooks kl_hooks_volume_attributes_class = {.validate_update = class_validate_update};

static void ingress_class_validate(const json_t *object, struct kl_errors *errors)
{
	const char *controller = kl_json_str(object, "spec", "controller", NULL);
	if (!*controller)
		kl_required(errors, SPEC("controller"), "");
	else if (!strchr(controller, '/'))
		kl_invalid_str(errors, SPEC("controller"), controller,
			"must be a domain-prefixed path (such as \"acme.io/foo\")");
}

static void ingress_class_validate_update(const json_t *old, const json_t *object, struct kl_errors *errors)
{
	kl_immutable(errors, SPEC("controller"), kl_json_get(old, "spec", "controller", NULL),
		kl_json_get(object, "spec", "controller", NULL));
}

const struct kl_kind_hooks kl_hooks_ingress_class = {
	.generation = true, .validate = ingress_class_validate, .validate_update = ingress_class_validate_update};

static void runtime_class_validate(const json_t *object, struct kl_errors *errors)
{
	const char *handler = kl_json_str(object, "handler", NULL);
	if (*handler && kl_name_dns_label(handler))
		kl_invalid_str(errors, KL_KEY(NULL, "handler"), handler, kl_name_dns_label(handler));
}

static void runtime_class_validate_update(const json_t *old, const json_t *object, struct kl_errors *errors)
{
	kl_immutable(
		errors, KL_KEY(NULL, "handler"), json_object_get(old, "handler"), json_object_get(object, "handler"));
}

const struct kl_kind_hooks kl_hooks_runtime_class = {
	.validate = runtime_class_validate, .validate_update = runtime_class_validate_update};
