/*
 * Services and their backends as plain values: what the endpoint stream carries and what the node's tables are made
 * from. No kernel header, no pointer into anybody's memory but its own.
 *
 * Addresses are 16 bytes in network order, IPv4 mapped (::ffff:a.b.c.d), so that both families take one path. Ports
 * are in host order here; the kernel's tables (abi.h) have them in network order.
 */
#ifndef KL_SERVICE_H
#define KL_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kl_addr {
	uint8_t bytes[16];
};

enum kl_proto { KL_PROTO_TCP = 6, KL_PROTO_UDP = 17, KL_PROTO_SCTP = 132 };

enum kl_frontend_type {
	KL_FRONTEND_CLUSTER_IP,
	KL_FRONTEND_NODE_PORT, /* unspecified address (:: or ::ffff:0.0.0.0): every one of the node's of that family */
	KL_FRONTEND_EXTERNAL_IP,
	KL_FRONTEND_LOAD_BALANCER,
	KL_FRONTEND_HOST_PORT,
};

struct kl_frontend {
	struct kl_addr addr;
	uint16_t port;
	uint8_t proto; /* enum kl_proto */
	uint8_t type;  /* enum kl_frontend_type */
};

enum kl_backend_flags { /* EndpointSlice conditions and what the node makes of them */
	KL_BACKEND_READY = 1,
	KL_BACKEND_SERVING = 2,
	KL_BACKEND_TERMINATING = 4,
	KL_BACKEND_LOCAL = 8, /* on this node; set by the node, never carried by the stream */
};

struct kl_backend {
	struct kl_addr addr;
	uint16_t port;
	uint8_t flags; /* enum kl_backend_flags */
	uint8_t zone_hints_len;
	uint16_t weight;  /* 0 means the default, 1 */
	char *node;       /* owned; "" when unknown */
	char *zone_hints; /* owned; comma separated; NULL: none */
	char *node_hints; /* the same */
};

enum kl_algorithm { KL_ALGORITHM_RANDOM, KL_ALGORITHM_ROUND_ROBIN, KL_ALGORITHM_MAGLEV, KL_ALGORITHM_LEAST_CONN };

enum kl_service_flags {
	KL_SERVICE_EXTERNAL_LOCAL = 1, /* externalTrafficPolicy: Local */
	KL_SERVICE_INTERNAL_LOCAL = 2, /* internalTrafficPolicy: Local */
	KL_SERVICE_AFFINITY = 4,       /* sessionAffinity: ClientIP */
	KL_SERVICE_ALGORITHM = 8,      /* `algorithm` was asked for; otherwise the node's default holds */
	KL_SERVICE_FORWARD = 16,       /* the same of `forward` */
};

enum kl_forward { /* the numbers of enum kl_map_forward */
	KL_FORWARDING_SNAT,
	KL_FORWARDING_DSR_IPIP,
	KL_FORWARDING_DSR_GENEVE,
};

/* A range of addresses, IPv4 mapped: 10.0.0.0/8 is ::ffff:10.0.0.0/104. */
struct kl_range {
	struct kl_addr addr; /* bits behind `len` are zero */
	uint8_t len;
};

/* One port of one Service, in one family: frontends and backends are all IPv4 or all IPv6. */
struct kl_service {
	char *key; /* owned; "namespace/name:port" with the port's name, or its number where it has none; "/UDP" …
		    unless TCP; "/IPv6" for the second family of a dual-stack Service */
	uint8_t proto, algorithm;
	uint16_t flags;          /* enum kl_service_flags */
	uint32_t affinity_s;     /* session affinity timeout */
	uint16_t health_port;    /* healthCheckNodePort; 0: none */
	uint8_t forward;         /* enum kl_forward: how packets reach backends on other nodes */
	uint32_t slow_start_ms;  /* how long a new backend's share grows; 0: it has it at once */
	struct kl_range *ranges; /* sources let in at load balancer addresses; none: everybody */
	size_t range_count;
	struct kl_frontend *frontends;
	size_t frontend_count;
	struct kl_backend *backends; /* sorted by address, then port */
	size_t backend_count;
};

/* A node of the cluster, as the others have to know it. */
struct kl_node_info {
	char *name, *zone; /* owned; zone "" where it has none */
	struct kl_addr *addrs;
	size_t addr_count;
};
struct kl_node_info *kl_node_info_new(const char *name, const char *zone);
void kl_node_info_add(struct kl_node_info *node, const struct kl_addr *addr);
bool kl_node_info_equal(const struct kl_node_info *a, const struct kl_node_info *b);
void kl_node_info_free(struct kl_node_info *node);

struct kl_service *kl_service_new(const char *key);
struct kl_service *kl_service_copy(const struct kl_service *service);
void kl_service_free(struct kl_service *service);

/* Sorts the backends; the last of equal addresses and ports stays. Call after filling them in. */
void kl_service_normalise(struct kl_service *service);
bool kl_service_equal(const struct kl_service *a, const struct kl_service *b);
int kl_backend_compare(const struct kl_backend *a, const struct kl_backend *b); /* by address, then port */

/* Text forms: "10.0.0.1", "fd00::1". */
int kl_addr_parse(const char *text, struct kl_addr *ret);
enum { KL_ADDR_TEXT = 46 };
void kl_addr_format(const struct kl_addr *addr, char ret[KL_ADDR_TEXT]);
bool kl_addr_is_v4(const struct kl_addr *addr);
bool kl_addr_equal(const struct kl_addr *a, const struct kl_addr *b);
/* "10.0.0.0/8", "fd00::/8"; -EINVAL for anything else. */
int kl_range_parse(const char *text, struct kl_range *ret);
/* ::ffff:0.0.0.0 or ::, the address of NodePorts. */
struct kl_addr kl_addr_any(bool v4);

#endif
