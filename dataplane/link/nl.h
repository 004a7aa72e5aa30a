/*
 * One rtnetlink request and its answers. Internal to dataplane/link.
 */
#ifndef KL_NL_H
#define KL_NL_H

#include "err.h"
#include "link.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

enum { KL_NL_MESSAGE = 4096 }; /* our largest request is under 400 bytes */

struct kl_link {
	struct mnl_socket *socket;
	uint32_t seq;
	uint64_t cookie;
};

struct kl_nl_request {
	union {
		struct nlmsghdr header;
		char bytes[KL_NL_MESSAGE];
	};
};

/* Starts a message; returns its zeroed family header of `extra` bytes. */
void *kl_nl_begin(struct kl_nl_request *req, uint16_t type, uint16_t flags, size_t extra);
/* Sends and waits for the acknowledgement; `each` gets answers before it. Returns -errno with the kernel's words. */
int kl_nl_talk(struct kl_link *link, struct kl_nl_request *req, mnl_cb_t each, void *arg, struct kl_err *err);

/* The address's bytes in its own family. */
const void *kl_nl_addr(const struct kl_addr *addr, size_t *ret_len);
uint8_t kl_nl_family(const struct kl_addr *addr);
void kl_nl_put_addr(struct kl_nl_request *req, uint16_t type, const struct kl_addr *addr);
/* From an attribute of 4 or 16 bytes; false for other sizes. */
bool kl_nl_get_addr(const struct nlattr *attr, struct kl_addr *ret);

/* libmnl's own loops do not pass -Wconversion. */
#define kl_nl_for_each(attr, from, end)                                                                              \
	for (const struct nlattr *attr = (from); mnl_attr_ok(attr, (int)((const char *)(end) - (const char *)attr)); \
		attr = mnl_attr_next(attr))

/* Attributes by number, those beyond `max` left out. */
struct kl_nl_attrs {
	const struct nlattr **table;
	uint16_t max;
};
void kl_nl_parse(const struct nlmsghdr *message, size_t extra, const struct kl_nl_attrs *attrs);

#endif
