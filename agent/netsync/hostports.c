/*
 * Host ports: a port of the node that leads to a pod on it. Each is a service of the node's own with one backend, made when
 * both the pod's addresses (from CNI) and its ports (from its object) are known, gone with its namespace.
 */
#include "netsync_impl.h"

#include "log.h"
#include "mem.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

enum { MAX_POD_IPS = 2 };

struct host_pod {
	UT_hash_handle hh;
	char *uid;
	char *name;      /* "namespace/name"; NULL: its object is not known yet */
	json_t *ports;   /* of the object */
	uint64_t cookie; /* 0: no addresses */
	struct kl_addr ips[MAX_POD_IPS];
	size_t ip_count;
	char **keys; /* of the services made for it */
	size_t key_count;
};

struct hostports {
	struct kl_netsync *netsync;
	struct host_pod *pods;
	struct kl_addr addrs[KL_NETSYNC_MAX_ADDRS]; /* of the node, when the services were made */
	size_t addr_count;
};

struct hostports *kl_hostports_new(struct kl_netsync *netsync)
{
	struct hostports *hostports = kl_calloc(1, sizeof(*hostports));
	hostports->netsync = netsync;
	return hostports;
}

static void keys_free(struct host_pod *pod)
{
	for (size_t i = 0; i < pod->key_count; i++)
		free(pod->keys[i]);
	free(kl_take(&pod->keys));
	pod->key_count = 0;
}

static void pod_free(struct hostports *hostports, struct host_pod *pod)
{
	HASH_DEL(hostports->pods, pod);
	keys_free(pod);
	json_decref(pod->ports);
	free(pod->name);
	free(pod->uid);
	free(pod);
}

void kl_hostports_free(struct hostports *hostports)
{
	struct host_pod *pod, *next;
	if (!hostports)
		return;
	HASH_ITER (hh, hostports->pods, pod, next)
		pod_free(hostports, pod);
	free(hostports);
}

/* --- what an object asks for */

static uint8_t proto_of(const char *name)
{
	return !strcmp(name, "UDP") ? KL_PROTO_UDP : !strcmp(name, "SCTP") ? KL_PROTO_SCTP : KL_PROTO_TCP;
}

static void add_ports(json_t **list, const json_t *container)
{
	size_t i;
	json_t *port;
	json_array_foreach (json_object_get(container, "ports"), i, port) {
		int64_t host = kl_json_int(port, 0, "hostPort", NULL),
			inner = kl_json_int(port, 0, "containerPort", NULL);
		if (host < 1 || host > 65535 || inner < 1 || inner > 65535)
			continue;
		if (!*list)
			*list = json_array();
		json_array_append_new(
			*list, json_pack("{s:I,s:I,s:i,s:s}", "port", (json_int_t)host, "containerPort",
				       (json_int_t)inner, "proto", proto_of(kl_json_str(port, "protocol", NULL)),
				       "hostIP", kl_json_str(port, "hostIP", NULL)));
	}
}

json_t *kl_hostports_of(const json_t *pod)
{
	/* Sidecars are init containers that go on. */
	static const char *const kinds[] = {"containers", "initContainers"};
	json_t *list = NULL, *container;
	if (kl_json_bool(pod, false, "spec", "hostNetwork", NULL))
		return NULL; /* the node's port is the container's own */
	for (size_t kind = 0; kind < KL_ARRAY_LEN(kinds); kind++) {
		size_t i;
		json_array_foreach (kl_json_get(pod, "spec", kinds[kind], NULL), i, container)
			add_ports(&list, container);
	}
	return list;
}

/* --- services */

static char *key_of(const struct host_pod *pod, const json_t *port, bool v4)
{
	static const char *const names[] = {[KL_PROTO_TCP] = "", [KL_PROTO_UDP] = "/UDP", [KL_PROTO_SCTP] = "/SCTP"};
	const char *ip = kl_json_str(port, "hostIP", NULL);
	return kl_asprintf(KL_DPSYNC_HOST_PREFIX "%s:%lld%s%s%s%s", pod->name,
		(long long)kl_json_int(port, 0, "port", NULL), names[kl_json_int(port, KL_PROTO_TCP, "proto", NULL)],
		*ip ? "@" : "", ip, v4 ? "" : "/IPv6");
}

static void add_frontend(struct kl_service *service, const struct kl_addr *addr, uint16_t port)
{
	service->frontends =
		kl_reallocarray(service->frontends, service->frontend_count + 1, sizeof(*service->frontends));
	service->frontends[service->frontend_count++] = (struct kl_frontend){
		.addr = *addr, .port = port, .proto = service->proto, .type = KL_FRONTEND_HOST_PORT};
}

/* Every address of the node in the family, and loopback (which only sockets of the node itself ask at). */
static void add_everywhere(const struct hostports *hostports, struct kl_service *service, bool v4, uint16_t port)
{
	struct kl_addr loopback;
	for (size_t i = 0; i < hostports->addr_count; i++)
		if (kl_addr_is_v4(&hostports->addrs[i]) == v4)
			add_frontend(service, &hostports->addrs[i], port);
	kl_addr_parse(v4 ? "127.0.0.1" : "::1", &loopback);
	add_frontend(service, &loopback, port);
}

static void add_frontends(const struct hostports *hostports, struct kl_service *service, const json_t *port, bool v4)
{
	const char *ip = kl_json_str(port, "hostIP", NULL);
	uint16_t number = (uint16_t)kl_json_int(port, 0, "port", NULL);
	struct kl_addr addr = kl_addr_any(v4), any = addr;
	if (*ip && kl_addr_parse(ip, &addr))
		return;
	if (kl_addr_equal(&addr, &any))
		add_everywhere(hostports, service, v4, number);
	else if (kl_addr_is_v4(&addr) == v4)
		add_frontend(service, &addr, number);
}

static struct kl_service *service_of(
	const struct hostports *hostports, const struct host_pod *pod, const json_t *port, const struct kl_addr *ip)
{
	bool v4 = kl_addr_is_v4(ip);
	kl_autofree char *key = key_of(pod, port, v4);
	struct kl_service *service = kl_service_new(key);
	service->proto = (uint8_t)kl_json_int(port, KL_PROTO_TCP, "proto", NULL);
	add_frontends(hostports, service, port, v4);
	service->backends = kl_calloc(1, sizeof(*service->backends));
	service->backend_count = 1;
	service->backends[0] = (struct kl_backend){.addr = *ip,
		.port = (uint16_t)kl_json_int(port, 0, "containerPort", NULL),
		.flags = KL_BACKEND_READY | KL_BACKEND_SERVING,
		.node = kl_strdup(hostports->netsync->node_name)};
	return service;
}

static bool can_be_served(const struct host_pod *pod, const json_t *port)
{
	if (kl_json_int(port, 0, "proto", NULL) != KL_PROTO_SCTP ||
		kl_json_int(port, 0, "port", NULL) == kl_json_int(port, 0, "containerPort", NULL))
		return true;
	kl_warn("pod %s: SCTP hostPort %lld is not translated: it would have to be the containerPort", pod->name,
		(long long)kl_json_int(port, 0, "port", NULL));
	return false;
}

static void put(struct hostports *hostports, struct host_pod *pod, const json_t *port, const struct kl_addr *ip)
{
	struct kl_service *service = service_of(hostports, pod, port, ip);
	struct kl_err err = {0};
	if (!service->frontend_count) { /* hostIP of the other family */
		kl_service_free(service);
		return;
	}
	if (kl_dpsync_put(hostports->netsync->sync, service, &err))
		kl_error("host port %s: %s", service->key, err.text);
	pod->keys = kl_reallocarray(pod->keys, pod->key_count + 1, sizeof(*pod->keys));
	pod->keys[pod->key_count++] = kl_take(&service->key);
	kl_service_free(service);
}

static void serve(struct hostports *hostports, struct host_pod *pod)
{
	size_t i;
	json_t *port;
	keys_free(pod); /* an object's ports do not change: what is put has the same keys */
	json_array_foreach (pod->ports, i, port) {
		if (!can_be_served(pod, port))
			continue;
		for (size_t k = 0; k < pod->ip_count; k++)
			put(hostports, pod, port, &pod->ips[k]);
	}
}

static void serve_if_known(struct hostports *hostports, struct host_pod *pod)
{
	if (!pod->cookie || !pod->ports)
		return;
	if (!hostports->addr_count)
		hostports->addr_count = kl_netsync_addresses(hostports->netsync, hostports->addrs);
	serve(hostports, pod);
}

static struct host_pod *ensure(struct hostports *hostports, const char *uid)
{
	struct host_pod *pod = NULL;
	HASH_FIND_STR(hostports->pods, uid, pod);
	if (pod)
		return pod;
	pod = kl_calloc(1, sizeof(*pod));
	pod->uid = kl_strdup(uid);
	HASH_ADD_KEYPTR(hh, hostports->pods, pod->uid, strlen(pod->uid), pod);
	return pod;
}

void kl_hostports_addresses(struct hostports *hostports, const struct kl_netsync_pod *given)
{
	if (!given->uid || !given->uid[0])
		return;
	struct host_pod *pod = ensure(hostports, given->uid);
	pod->cookie = given->cookie;
	pod->ip_count = 0;
	for (size_t i = 0; given->ips && given->ips[i] && pod->ip_count < MAX_POD_IPS; i++)
		if (!kl_addr_parse(given->ips[i], &pod->ips[pod->ip_count]))
			pod->ip_count++;
	serve_if_known(hostports, pod);
}

void kl_hostports_spec(struct hostports *hostports, const char *uid, const char *name, json_t *ports)
{
	struct host_pod *pod = ensure(hostports, uid);
	bool news = !pod->ports || !json_equal(pod->ports, ports);
	json_decref(pod->ports);
	pod->ports = ports;
	if (!pod->name)
		pod->name = kl_strdup(name);
	if (news)
		serve_if_known(hostports, pod);
}

void kl_hostports_gone(struct hostports *hostports, uint64_t cookie)
{
	struct host_pod *pod, *next;
	HASH_ITER (hh, hostports->pods, pod, next) {
		if (pod->cookie != cookie)
			continue;
		for (size_t i = 0; i < pod->key_count; i++)
			kl_dpsync_delete(hostports->netsync->sync, pod->keys[i]);
		pod_free(hostports, pod);
	}
}

void kl_hostports_forget(struct hostports *hostports, const char *uid)
{
	struct host_pod *pod = NULL;
	HASH_FIND_STR(hostports->pods, uid, pod);
	if (pod && !pod->cookie)
		pod_free(hostports, pod);
}

void kl_hostports_synced(struct hostports *hostports)
{
	kl_dpsync_hosts_end(hostports->netsync->sync);
}

void kl_hostports_refresh(struct hostports *hostports)
{
	struct kl_addr now[KL_NETSYNC_MAX_ADDRS];
	size_t count = kl_netsync_addresses(hostports->netsync, now);
	if (count == hostports->addr_count && !memcmp(now, hostports->addrs, count * sizeof(*now)))
		return;
	memcpy(hostports->addrs, now, count * sizeof(*now));
	hostports->addr_count = count;
	for (struct host_pod *pod = hostports->pods; pod; pod = pod->hh.next)
		serve_if_known(hostports, pod);
}
