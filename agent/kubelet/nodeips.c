#include "agent_impl.h"

#include "mem.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

static bool global_v6(const struct in6_addr *address)
{
	return !IN6_IS_ADDR_LINKLOCAL(address) && !IN6_IS_ADDR_LOOPBACK(address) && !IN6_IS_ADDR_MULTICAST(address);
}

static char *address_text(const struct ifaddrs *at, int family)
{
	char text[INET6_ADDRSTRLEN];

	if (!at->ifa_addr || at->ifa_addr->sa_family != family)
		return NULL;
	if (family == AF_INET) {
		inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)at->ifa_addr)->sin_addr, text,
			sizeof(text));
		return kl_strdup(text);
	}
	const struct in6_addr *v6 = &((const struct sockaddr_in6 *)(const void *)at->ifa_addr)->sin6_addr;
	if (!global_v6(v6))
		return NULL;
	inet_ntop(AF_INET6, v6, text, sizeof(text));
	return kl_strdup(text);
}

/* The first address of each family; of several devices ("eth0,eth1") the first is the node's. */
char **agent_device_ips(const char *device)
{
	static const int families[] = {AF_INET, AF_INET6};
	char **ips = kl_calloc(KL_ARRAY_LEN(families) + 1, sizeof(*ips));
	struct ifaddrs *list = NULL;
	size_t count = 0, len = strcspn(device, ",");

	if (getifaddrs(&list))
		return ips;
	for (size_t f = 0; f < KL_ARRAY_LEN(families); f++)
		for (struct ifaddrs *at = list; at; at = at->ifa_next) {
			bool ours = !strncmp(at->ifa_name, device, len) && !at->ifa_name[len];
			char *text = ours && at->ifa_flags & IFF_UP ? address_text(at, families[f]) : NULL;
			if (text) {
				ips[count++] = text;
				break;
			}
		}
	freeifaddrs(list);
	return ips;
}
