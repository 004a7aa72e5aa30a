#include "uplinks.h"

#include "mem.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UPLINKS_MAX = 16 };

struct found {
	char names[UPLINKS_MAX][IFNAMSIZ];
	size_t count;
};

static void add(struct found *found, const char *name)
{
	if (found->count == UPLINKS_MAX || !strcmp(name, "lo") || strlen(name) >= IFNAMSIZ)
		return;
	for (size_t i = 0; i < found->count; i++)
		if (!strcmp(found->names[i], name))
			return;
	strcpy(found->names[found->count++], name);
}

/* Interface, destination, gateway, flags, …, mask. */
static void default_routes_v4(struct found *found)
{
	FILE *file = fopen("/proc/net/route", "re");
	char line[256], name[IFNAMSIZ];
	unsigned long destination, mask;
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%15s %lx %*x %*x %*d %*d %*d %lx", name, &destination, &mask) == 3 && !destination &&
			!mask)
			add(found, name);
	if (file)
		fclose(file);
}

/* Destination, its prefix, source, its prefix, next hop, metric, …, interface. A route that refuses is the loopback's. */
static void default_routes_v6(struct found *found)
{
	FILE *file = fopen("/proc/net/ipv6_route", "re");
	char line[256], destination[33], name[IFNAMSIZ];
	unsigned prefix;
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%32s %x %*s %*x %*s %*x %*x %*x %*x %15s", destination, &prefix, name) == 3 &&
			!prefix && !destination[strspn(destination, "0")])
			add(found, name);
	if (file)
		fclose(file);
}

static bool is_one_of(const struct sockaddr *addr, const char *const *ips)
{
	char text[INET6_ADDRSTRLEN] = "";
	if (addr && addr->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)addr)->sin_addr, text, sizeof(text));
	else if (addr && addr->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)addr)->sin6_addr, text, sizeof(text));
	for (; *text && *ips; ips++)
		if (!strcmp(text, *ips))
			return true;
	return false;
}

static void with_addresses(struct found *found, const char *const *ips)
{
	struct ifaddrs *list = NULL;
	if (!ips || getifaddrs(&list))
		return;
	for (const struct ifaddrs *at = list; at; at = at->ifa_next)
		if (is_one_of(at->ifa_addr, ips))
			add(found, at->ifa_name);
	freeifaddrs(list);
}

char *kl_default_uplinks(const char *const *node_ips)
{
	struct found found = {0};
	default_routes_v4(&found);
	default_routes_v6(&found);
	with_addresses(&found, node_ips);
	if (!found.count)
		return kl_strdup("eth0");
	char *ret = kl_strdup(found.names[0]);
	for (size_t i = 1; i < found.count; i++) {
		char *longer = kl_asprintf("%s,%s", ret, found.names[i]);
		free(ret);
		ret = longer;
	}
	return ret;
}
