/*
 * Links in namespaces of our own:
 *
 *	[ left ]  va ------ vb  [ right ]
 *	  br0 (bridge)
 */
#include "buf.h"
#include "link.h"
#include "netns.h"
#include "testlib.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct world {
	char left[64], right[64];
	int left_fd, right_fd;
	struct kl_link *a, *b;
};

static void world_make(struct world *world)
{
	struct kl_err err = {0};
	if (geteuid())
		kl_test_skip("must run as root to make network namespaces");
	snprintf(world->left, sizeof(world->left), "/tmp/kl-link-test-l%d", getpid());
	snprintf(world->right, sizeof(world->right), "/tmp/kl-link-test-r%d", getpid());
	if (kl_netns_new(world->left, &err) || kl_netns_new(world->right, &err))
		kl_test_skip("cannot make network namespaces: %s", err.text);
	world->left_fd = kl_netns_open(world->left, &err);
	world->right_fd = kl_netns_open(world->right, &err);
	KL_CHECK_INT(kl_link_open(world->left_fd, &world->a, &err), 0);
	KL_CHECK_INT(kl_link_open(world->right_fd, &world->b, &err), 0);
}

static void world_end(struct world *world)
{
	kl_link_close(world->a);
	kl_link_close(world->b);
	close(world->left_fd);
	close(world->right_fd);
	KL_CHECK_INT(kl_netns_remove(world->left, NULL), 0);
	KL_CHECK_INT(kl_netns_remove(world->right, NULL), 0);
	KL_CHECK_INT(kl_netns_remove(world->right, NULL), 0);
}

static void join(struct world *world)
{
	struct kl_err err = {0};
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 7};
	struct kl_veth veth = {
		.name = "va", .peer_name = "vb", .mac = mac, .peer_netns_fd = world->right_fd, .mtu = 1400};
	KL_CHECK_INT(kl_link_veth_add(world->a, &veth, &err), 0);
	KL_CHECK_STR(err.text, "");
}

static struct kl_prefix prefix(const char *text)
{
	struct kl_prefix prefix = {0};
	KL_CHECK_INT(kl_prefix_read(text, &prefix), 0);
	return prefix;
}

KL_TEST(veth_into_another_namespace)
{
	struct world world;
	struct kl_err err = {0};
	struct kl_link_info va, vb;
	world_make(&world);
	join(&world);
	KL_CHECK_INT(kl_link_get(world.a, "va", &va, &err), 0);
	KL_CHECK_INT(kl_link_get(world.b, "vb", &vb, &err), 0);
	KL_CHECK_STR(va.kind, "veth");
	KL_CHECK_INT(va.mtu, 1400);
	KL_CHECK_INT(va.mac[5], 7);
	KL_CHECK_INT(va.peer, vb.ifindex);
	KL_CHECK(!(va.flags & IFF_UP));
	KL_CHECK_INT(kl_link_get(world.a, "vb", &vb, &err), -ENODEV);
	KL_CHECK_INT(kl_link_get(world.a, "vb", &vb, NULL), -ENODEV);

	struct kl_link_change change = {
		.fields = KL_LINK_UP | KL_LINK_ALIAS | KL_LINK_MTU, .up = true, .mtu = 1300, .alias = "default/web-1"};
	KL_CHECK_INT(kl_link_set(world.a, va.ifindex, &change, &err), 0);
	KL_CHECK_INT(kl_link_get(world.a, "va", &va, &err), 0);
	KL_CHECK(va.flags & IFF_UP);
	KL_CHECK_INT(va.mtu, 1300);
	KL_CHECK_STR(va.alias, "default/web-1");

	struct kl_veth again = {.name = "va", .peer_name = "vc", .peer_netns_fd = -1};
	KL_CHECK_INT(kl_link_veth_add(world.a, &again, NULL), -EEXIST);
	KL_CHECK_INT(kl_link_delete(world.a, va.ifindex, &err), 0);
	KL_CHECK_INT(kl_link_get(world.b, "vb", &vb, NULL), -ENODEV);
	KL_CHECK_INT(kl_link_delete(world.a, va.ifindex, NULL), -ENODEV);
	world_end(&world);
}

KL_TEST(the_kernels_words_reach_the_error)
{
	struct world world;
	struct kl_err err = {0};
	world_make(&world);
	struct kl_route route = {.dst = prefix("10.9.0.0/16"), .via = prefix("192.0.2.1").addr};
	KL_CHECK_INT(kl_link_route_set(world.a, &route, &err), -ENETUNREACH);
	KL_CHECK(strstr(err.text, "10.9.0.0/16"));
	KL_CHECK(strstr(err.text, "Nexthop has invalid gateway"));
	KL_CHECK_INT(
		kl_link_veth_add(world.a, &(struct kl_veth){.name = "a-name-that-is-too-long", .peer_name = "x"}, &err),
		-EINVAL);
	world_end(&world);
}

KL_TEST(a_bridge_and_its_port)
{
	struct world world;
	struct kl_err err = {0};
	struct kl_link_info bridge, va;
	world_make(&world);
	join(&world);
	KL_CHECK_INT(kl_link_bridge_add(world.a, "br0", &err), 0);
	KL_CHECK_INT(kl_link_bridge_add(world.a, "br0", NULL), -EEXIST);
	KL_CHECK_INT(kl_link_get(world.a, "br0", &bridge, &err), 0);
	KL_CHECK_INT(kl_link_get(world.a, "va", &va, &err), 0);
	struct kl_link_change change = {.fields = KL_LINK_MASTER, .master = bridge.ifindex};
	KL_CHECK_INT(kl_link_set(world.a, va.ifindex, &change, &err), 0);
	KL_CHECK_INT(kl_link_get(world.a, "va", &va, &err), 0);
	KL_CHECK_INT(va.master, bridge.ifindex);
	KL_CHECK_STR(err.text, "");
	world_end(&world);
}

static void count_addr(uint32_t ifindex, const struct kl_prefix *addr, void *arg)
{
	char text[KL_PREFIX_TEXT];
	(void)ifindex;
	kl_buf_printf(arg, "%s ", kl_prefix_write(addr, text));
}

static void note_route(const struct kl_route *route, void *arg)
{
	char text[KL_PREFIX_TEXT], via[KL_ADDR_TEXT];
	kl_buf_printf(arg, "%s>%s ", kl_prefix_write(&route->dst, text), kl_addr_write(&route->via, via));
}

static const char *routes(struct kl_link *link, uint8_t protocol, struct kl_buf *text)
{
	kl_buf_reset(text);
	KL_CHECK_INT(kl_link_routes_each(link, protocol, note_route, text, NULL), 0);
	return kl_buf_str(text);
}

KL_TEST(addresses_routes_neighbours)
{
	struct world world;
	struct kl_err err = {0};
	struct kl_link_info va;
	kl_autobuf text = {0};
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 9};
	world_make(&world);
	join(&world);
	KL_CHECK_INT(kl_link_get(world.a, "va", &va, &err), 0);
	KL_CHECK_INT(kl_link_up(world.a, va.ifindex, &err), 0);
	struct kl_prefix v4 = prefix("10.9.1.1/24"), v6 = prefix("fd09::1/64");
	for (int again = 0; again < 2; again++) {
		KL_CHECK_INT(kl_link_addr_add(world.a, va.ifindex, &v4, &err), 0);
		KL_CHECK_INT(kl_link_addr_add(world.a, va.ifindex, &v6, &err), 0);
		KL_CHECK_STR(err.text, "");
	}
	KL_CHECK_INT(kl_link_addrs_each(world.a, va.ifindex, count_addr, &text, &err), 0);
	KL_CHECK_STR(kl_buf_str(&text), "10.9.1.1/24 fd09::1/64 ");

	struct kl_route route = {.dst = prefix("10.10.0.0/16"), .via = prefix("10.9.1.7").addr, .protocol = 75};
	struct kl_route route6 = {.dst = prefix("fd10::/32"), .via = prefix("fd09::7").addr, .protocol = 75};
	struct kl_route gateway = {.dst = prefix("0.0.0.0/0"),
		.via = prefix("169.254.1.1").addr,
		.ifindex = va.ifindex,
		.onlink = true,
		.protocol = 76};
	KL_CHECK_INT(kl_link_route_set(world.a, &route, &err), 0);
	KL_CHECK_INT(kl_link_route_set(world.a, &route6, &err), 0);
	KL_CHECK_INT(kl_link_route_set(world.a, &gateway, &err), 0);
	KL_CHECK_STR(routes(world.a, 75, &text), "10.10.0.0/16>10.9.1.7 fd10::/32>fd09::7 ");
	KL_CHECK_STR(routes(world.a, 76, &text), "0.0.0.0/0>169.254.1.1 ");
	route.via = prefix("10.9.1.8").addr;
	route6.via = prefix("fd09::8").addr;
	KL_CHECK_INT(kl_link_route_set(world.a, &route, &err), 0);
	KL_CHECK_INT(kl_link_route_set(world.a, &route6, &err), 0);
	KL_CHECK_STR(routes(world.a, 75, &text), "10.10.0.0/16>10.9.1.8 fd10::/32>fd09::8 ");
	KL_CHECK_INT(kl_link_route_delete(world.a, &route, &err), 0);
	KL_CHECK_INT(kl_link_route_delete(world.a, &route6, &err), 0);
	KL_CHECK_INT(kl_link_route_delete(world.a, &route, NULL), -ESRCH);
	KL_CHECK_STR(routes(world.a, 75, &text), "");

	KL_CHECK_INT(kl_link_neigh_set(world.a, va.ifindex, &gateway.via, mac, &err), 0);
	KL_CHECK_INT(kl_link_neigh_set(world.a, va.ifindex, &route6.via, mac, &err), 0);
	KL_CHECK_INT(kl_link_addr_delete(world.a, va.ifindex, &v4, &err), 0);
	KL_CHECK_INT(kl_link_addr_delete(world.a, va.ifindex, &v4, NULL), -EADDRNOTAVAIL);
	world_end(&world);
}

KL_TEST(cookies_tell_namespaces_apart)
{
	struct world world;
	struct kl_err err = {0};
	uint64_t cookie = 0;
	world_make(&world);
	KL_CHECK_INT(kl_netns_cookie(world.left_fd, &cookie, &err), 0);
	KL_CHECK(cookie && cookie == kl_link_netns_cookie(world.a));
	KL_CHECK(cookie != kl_link_netns_cookie(world.b));
	KL_CHECK_INT(kl_netns_sysctl(world.left_fd, "ipv4/ip_forward", "1", &err), 0);
	KL_CHECK_INT(kl_netns_open("/tmp", &err), -EINVAL);
	KL_CHECK_INT(kl_netns_open("/tmp/kl-no-such-namespace", &err), -ENOENT);
	KL_CHECK_INT(kl_netns_new(world.left, &err), -EEXIST);
	world_end(&world);
}

static void count_link(const struct kl_link_info *info, void *arg)
{
	(void)info;
	++*(int *)arg;
}

/* More links than fit one datagram of a dump. */
KL_TEST(a_long_dump_is_complete)
{
	struct world world;
	struct kl_err err = {0};
	int before = 0, after = 0;
	world_make(&world);
	KL_CHECK_INT(kl_link_each(world.a, count_link, &before, &err), 0);
	for (int i = 0; i < 40; i++) {
		char a[IFNAMSIZ], b[IFNAMSIZ];
		snprintf(a, sizeof(a), "a%d", i);
		snprintf(b, sizeof(b), "b%d", i);
		struct kl_veth veth = {.name = a, .peer_name = b, .peer_netns_fd = -1};
		KL_CHECK_INT(kl_link_veth_add(world.a, &veth, &err), 0);
	}
	KL_CHECK_INT(kl_link_each(world.a, count_link, &after, &err), 0);
	KL_CHECK_INT(after, before + 80);
	world_end(&world);
}

KL_MAIN()
