#include "nl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netns.h"

enum { RECEIVE = 32 << 10, TIMEOUT_S = 10 };

static int open_here(void *arg, struct kl_err *err)
{
	struct mnl_socket **ret = arg;
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!socket)
		return kl_fail(err, errno, "open a netlink socket");
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID)) {
		int rc = kl_fail(err, errno, "bind a netlink socket");
		mnl_socket_close(socket);
		return rc;
	}
	*ret = socket;
	return 0;
}

int kl_link_open(int netns_fd, struct kl_link **ret, struct kl_err *err)
{
	struct mnl_socket *socket = NULL;
	int rc = netns_fd < 0 ? open_here(&socket, err) : kl_netns_run(netns_fd, open_here, &socket, err);
	if (rc)
		return rc;
	/* All three only add words, filters and a bound to what works without them. */
	int on = 1;
	mnl_socket_setsockopt(socket, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(socket, NETLINK_CAP_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(socket, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	struct timeval timeout = {.tv_sec = TIMEOUT_S};
	setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	struct kl_link *link = kl_calloc(1, sizeof(*link));
	link->socket = socket;
	socklen_t len = sizeof(link->cookie);
	getsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_NETNS_COOKIE, &link->cookie, &len);
	*ret = link;
	return 0;
}

void kl_link_close(struct kl_link *link)
{
	if (!link)
		return;
	mnl_socket_close(link->socket);
	free(link);
}

uint64_t kl_link_netns_cookie(const struct kl_link *link)
{
	return link->cookie;
}

void *kl_nl_begin(struct kl_nl_request *req, uint16_t type, uint16_t flags, size_t extra)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(req->bytes);
	header->nlmsg_type = type;
	/* NLM_F_EXCL and NLM_F_REPLACE are the two bits of NLM_F_DUMP. */
	bool dump = (flags & NLM_F_DUMP) == NLM_F_DUMP;
	header->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags | (dump ? 0 : NLM_F_ACK));
	return mnl_nlmsg_put_extra_header(header, extra);
}

/* The text attribute of an error message; with NETLINK_CAP_ACK it follows the two headers alone. */
static const char *kernel_words(const struct nlmsghdr *header)
{
	if (!(header->nlmsg_flags & NLM_F_ACK_TLVS))
		return NULL;
	size_t skip = sizeof(struct nlmsgerr);
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(header);
	if (!(header->nlmsg_flags & NLM_F_CAPPED))
		skip += error->msg.nlmsg_len - sizeof(struct nlmsghdr);
	kl_nl_for_each(attr, mnl_nlmsg_get_payload_offset(header, skip),
		mnl_nlmsg_get_payload_tail(
			header)) if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
				     !mnl_attr_validate(attr, MNL_TYPE_NUL_STRING)) return mnl_attr_get_str(attr);
	return NULL;
}

static int answer_code(const struct nlmsghdr *header, struct kl_err *err)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(header);
	if (!error->error)
		return 0;
	const char *words = kernel_words(header);
	return words ? kl_fail(err, -error->error, "%s", words) : kl_fail(err, -error->error, "rtnetlink");
}

/* Handles one datagram; returns 1 when the answer is complete, 0 when more comes, or a negative errno. */
static int take(struct kl_link *link, char *data, ssize_t len, mnl_cb_t each, void *arg, struct kl_err *err)
{
	int left = (int)len;
	for (struct nlmsghdr *header = (void *)data; mnl_nlmsg_ok(header, left);
		header = mnl_nlmsg_next(header, &left)) {
		if (header->nlmsg_seq != link->seq)
			continue;
		if (header->nlmsg_type == NLMSG_ERROR)
			return answer_code(header, err) ?: 1;
		if (header->nlmsg_type == NLMSG_DONE)
			return 1;
		if (each && header->nlmsg_type >= NLMSG_MIN_TYPE && each(header, arg) < 0)
			return kl_fail_msg(err, EPROTO, "an rtnetlink answer makes no sense");
	}
	return 0;
}

int kl_nl_talk(struct kl_link *link, struct kl_nl_request *req, mnl_cb_t each, void *arg, struct kl_err *err)
{
	req->header.nlmsg_seq = ++link->seq;
	if (mnl_socket_sendto(link->socket, req, req->header.nlmsg_len) < 0)
		return kl_fail(err, errno, "send to rtnetlink");
	kl_autofree char *data = kl_malloc(RECEIVE);
	for (;;) {
		ssize_t n = mnl_socket_recvfrom(link->socket, data, RECEIVE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return kl_fail(err, errno, "receive from rtnetlink");
		int rc = take(link, data, n, each, arg, err);
		if (rc)
			return rc < 0 ? rc : 0;
	}
}

uint8_t kl_nl_family(const struct kl_addr *addr)
{
	return kl_addr_is_v4(addr) ? AF_INET : AF_INET6;
}

const void *kl_nl_addr(const struct kl_addr *addr, size_t *ret_len)
{
	bool v4 = kl_addr_is_v4(addr);
	*ret_len = v4 ? 4 : 16;
	return addr->bytes + (v4 ? 12 : 0);
}

void kl_nl_put_addr(struct kl_nl_request *req, uint16_t type, const struct kl_addr *addr)
{
	size_t len;
	const void *bytes = kl_nl_addr(addr, &len);
	mnl_attr_put(&req->header, type, len, bytes);
}

bool kl_nl_get_addr(const struct nlattr *attr, struct kl_addr *ret)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	uint16_t len = mnl_attr_get_payload_len(attr);
	if (len != 4 && len != 16)
		return false;
	memcpy(ret->bytes, mapped, sizeof(mapped));
	memcpy(ret->bytes + 16 - len, mnl_attr_get_payload(attr), len);
	return true;
}

void kl_nl_parse(const struct nlmsghdr *message, size_t extra, const struct kl_nl_attrs *attrs)
{
	memset(attrs->table, 0, (attrs->max + 1U) * sizeof(*attrs->table));
	kl_nl_for_each(attr, mnl_nlmsg_get_payload_offset(message, extra),
		mnl_nlmsg_get_payload_tail(message)) if (mnl_attr_get_type(attr) <= attrs->max)
		attrs->table[mnl_attr_get_type(attr)] = attr;
}
