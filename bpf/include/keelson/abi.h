/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The maps that the kernel's programs and user space share: every layout stands here once.
 *
 * Addresses are 16 bytes in network order, IPv4 as ::ffff:a.b.c.d, so that both families take one path. What has type
 * __be16 or __be32 is in network order, everything else in the machine's. A change of any layout below is a new
 * KL_LAYOUT: the number is part of the pin folder, so that a program never meets a map of another layout.
 *
 * How they refer to each other:
 *
 *	kl_frontends --service--> kl_services --set--> kl_slots (a set's header, then its slots) --> kl_backends
 *	kl_ct_hot (flow: backend, generation) --> kl_backends;  kl_ct_cold has each flow's full tuple at the same index
 *
 * A service's backends are changed by writing a complete new set beside the old one and storing kl_map_service.set:
 * one 64-bit store, so no packet sees half a change. A backend is dead from the store of its new generation on.
 */
#ifndef KEELSON_ABI_H
#define KEELSON_ABI_H

#include <linux/types.h>

#define KL_LAYOUT 2

/* --- kl_config: ARRAY of one, written by the agent; programs read it on every packet */
enum { KL_HASH_WORDS = 16 };
enum kl_config_flags {
	KL_CONFIG_EXTERNAL_CLUSTER_IP = 1, /* translate ClusterIPs that arrive on the uplink as well */
	KL_CONFIG_GUARD_NODE_PORTS = 2,    /* sockets of the node may not bind a NodePort that is in use */
};
enum kl_migration_step {	/* of maps that are filled from others, by an agent that found another layout or wants larger ones */
	KL_MIGRATION_NONE,	/* done: in force */
	KL_MIGRATION_COPYING,	/* nobody uses them yet */
	KL_MIGRATION_SWITCHING, /* programs are being replaced by such that do */
};
struct kl_map_config {
	__u32 layout;
	__u32 flags;			 /* enum kl_config_flags */
	__u32 hash_key[KL_HASH_WORDS];	 /* random, made once when the maps are */
	__be32 node_addr4[4];		 /* source of SNAT; all zero: this node has no address of the family */
	__be32 node_addr6[4];
	__u16 node_port_min, node_port_max; /* inclusive */
	__u16 snat_port_min, snat_port_max; /* inclusive; never a NodePort nor in ip_local_port_range */
	__u32 frontend_mask;		 /* entries of kl_frontends - 1 */
	__u32 tick_shift;		 /* a tick, the unit of ages, is jiffies >> tick_shift: about a second */
	/* Regions of kl_ct_hot, in lines; each length is a power of two. */
	__u32 main_mask;		 /* the main region starts at line 0 */
	__u32 half_first, half_mask;	 /* flows that are not confirmed by traffic both ways yet */
	__u32 over_first, over_mask;	 /* flows that found both their main lines full of living ones */
	__u32 hz;
	__u32 mtu;	    /* of the uplink, in bytes of IP; 0: unknown, taken as 1500 */
	__be16 geneve_port; /* of envelopes, both ways */
	__u16 reserved0;
	__u32 watch_until; /* tick (low 32 bits) up to which events are written to kl_events; 0: nobody watches */
	__u32 watch_mask;  /* of packets only those whose random number has none of these bits: 0 takes all */
	__u32 over_used;   /* entries in the overflow region: while there are none nobody looks there */
	__u32 migration;   /* enum kl_migration_step */
	__u32 reserved[6];
};

/* --- kl_frontends: open-addressed table in an ARRAY, linear probing of at most KL_PROBES entries */
enum { KL_PROBES = 32 };
enum kl_map_frontend_type { /* the numbers of enum kl_frontend_type, and one of the node's own */
	KL_TYPE_CLUSTER_IP,
	KL_TYPE_NODE_PORT, /* unspecified address (:: or ::ffff:0.0.0.0): any of the node's of that family */
	KL_TYPE_EXTERNAL_IP,
	KL_TYPE_LOAD_BALANCER,
	KL_TYPE_HOST_PORT,
	KL_TYPE_PEER_ADDR = 14, /* port and proto zero: an address of another node of the cluster */
	KL_TYPE_NODE_ADDR = 15, /* port and proto zero: an address of this node */
};
/* Values of kl_map_frontend.service that name no service. Index 0 of kl_services is never used. */
#define KL_FRONTEND_NEVER   0u		/* ends a probe sequence */
#define KL_FRONTEND_DELETED 0xffffffffu /* passed over by lookups, taken by inserts */
#define KL_FRONTEND_NODE    0xfffffffeu /* of KL_TYPE_NODE_ADDR */
#define KL_FRONTEND_PEER    0xfffffffdu /* of KL_TYPE_PEER_ADDR */
struct kl_map_frontend {
	__be32 addr[4];
	__be16 port;
	__u8 proto;
	__u8 type;	/* enum kl_map_frontend_type */
	__u32 service;	/* index into kl_services; stored last at insert, first at delete */
	__u32 reserved[2];
};

/*
 * --- kl_ports: ARRAY of words, a bit for each port that any frontend has (number port / 64, bit port % 64, in the
 * machine's order): what is not ours is known after one load. Bits are set before their frontend; the agent clears them
 * when nothing has the port any more.
 */
enum { KL_PORT_WORDS = 65536 / 64 };

/* --- kl_services: ARRAY, index 1… */
struct kl_map_service {
	__u64 set;    /* low half: block of the set's header in kl_slots; high half: counts changes; 0: no service */
	__u32 cursor; /* of round robin */
	__u32 reserved;
};

/* --- kl_names: ARRAY beside kl_services, for people and for recovery after a restart */
struct kl_map_name {
	char key[176]; /* "namespace/name:port", NUL-terminated; empty: index not in use */
	__u32 created; /* seconds since the epoch */
	__u8 proto;
	__u8 reserved[3];
	__u64 packets, bytes, connections; /* totals of backends that are gone */
};

/* --- kl_slots: ARRAY of blocks of 64 bytes; an allocator in user space cuts runs from it */
enum { KL_BLOCK_SLOTS = 16 };
enum kl_map_algorithm { KL_PICK_RANDOM, KL_PICK_ROUND_ROBIN, KL_PICK_MAGLEV, KL_PICK_LEAST_CONN };
enum kl_map_set_flags {
	KL_SET_EXTERNAL_LOCAL = 1,
	KL_SET_INTERNAL_LOCAL = 2,
	KL_SET_AFFINITY = 4,
	KL_SET_RANGES = 8, /* load balancer addresses: only for sources in kl_ranges */
};
/* The first block of a run; never changed once a service points at it. */
struct kl_map_set {
	__u32 all_first, all_count;	/* slots of every backend; first counts from the map's start */
	__u32 local_first, local_count; /* slots of those on this node */
	__u32 blocks;			/* length of the run, this block included */
	__u32 service;
	__u32 affinity_ticks;
	__u8 algorithm; /* enum kl_map_algorithm */
	__u8 flags;	/* enum kl_map_set_flags */
	__u16 backends; /* how many different ones, for people */
	__u32 reserved[8];
};
struct kl_map_block {
	union {
		struct kl_map_set set;
		__u32 backend[KL_BLOCK_SLOTS]; /* indices into kl_backends */
	};
};

/* --- kl_backends: ARRAY, index 1…; one entry per service and endpoint */
enum kl_map_backend_flags {
	KL_BE_LIVE = 1,
	KL_BE_READY = 2,
	KL_BE_SERVING = 4,
	KL_BE_TERMINATING = 8,
	KL_BE_LOCAL = 16, /* on this node: no SNAT */
};
enum kl_map_forward { /* how packets from outside reach a backend on another node */
	KL_FORWARD_SNAT,       /* from an address and port of this node, replies come back through it */
	KL_FORWARD_DSR_IPIP,   /* in an envelope; replies go from the other node to the client */
	KL_FORWARD_DSR_GENEVE,
};
struct kl_map_backend {
	__be32 addr[4];
	__be16 port;
	__u8 proto;
	__u8 flags;	 /* enum kl_map_backend_flags */
	__u8 generation; /* counts this index's occupants; flows and sockets of an earlier one are void */
	__u8 forward;	 /* enum kl_map_forward; of new flows */
	__u16 weight;
	__u32 service;
	__u32 ifindex; /* local: host side of the pod's veth; 0: unknown */
	__u8 mac[6];   /* local: of the pod's interface; all zero: unknown */
	__u16 reserved0;
	/*
	 * Remote: the next hop, kept by the XDP programs themselves (bpf/lib/hop.h) for the tick and generation it was asked
	 * for in; of no meaning to the agent. MAC addresses in the low 48 bits, tick's low 16 bits above.
	 */
	__u64 hop_dst, hop_src;
	__u32 hop_generation : 8;
	__u32 hop_ifindex : 24; /* where packets came in and go out */
	__u32 hop_tick;
};
/* So much of an entry is the agent's. */
#define KL_BACKEND_OWN offsetof(struct kl_map_backend, hop_dst)

/* --- kl_live: ARRAY beside kl_backends */
struct kl_map_live {
	__u32 connections; /* open now: flows of the balancer and connected sockets; for least connections */
	__u32 reserved;
};

/* --- kl_ranges: LPM_TRIE, a service's loadBalancerSourceRanges; the value is one byte, 1 */
enum { KL_RANGE_SERVICE_BITS = 32 };
struct kl_map_range {
	__u32 prefix; /* bits: KL_RANGE_SERVICE_BITS + those of the address, IPv4's plus 96 */
	__u32 service;
	__be32 addr[4];
};

/* --- kl_locals: HASH, value = index into kl_backends (u32). Backends on this node, for whoever opens an envelope to one */
struct kl_map_local {
	__be32 addr[4];
	__u32 service;
};

/* --- kl_traffic: PERCPU_ARRAY beside kl_backends */
struct kl_map_traffic {
	__u64 connections; /* flows inserted and sockets connected */
	__u64 packets, bytes; /* towards the backend, on the uplink */
	__u64 reply_bytes;
};

/*
 * --- kl_ct_hot: ARRAY of cache lines. A flow is found in one of two lines of its region, chosen by its hash. state 0:
 * free. A writer claims a free place by compare-and-swap of the state, fills in the cold entry and the fingerprint, and
 * stores the final state last; a reader takes fingerprint, state, and the fingerprint again.
 */
enum { KL_LINE_FLOWS = 4, KL_BACKEND_BITS = 20 };
enum kl_flow_phase {
	KL_PHASE_FREE,
	KL_PHASE_CLAIMED, /* being written */
	KL_PHASE_NEW,	  /* nothing has come back yet; lives in the half-open region */
	KL_PHASE_ANSWERED, /* a reply was seen; the client's next packet moves the flow to the main region */
	KL_PHASE_OPEN,	  /* TCP established */
	KL_PHASE_FIN,	  /* TCP: one side has closed */
	KL_PHASE_CLOSED,  /* TCP: both have, or a reset was seen */
	KL_PHASE_UDP,
};
/*
 * The longest a living flow may be silent. The stamp's 16 bits wrap after 18 hours, so the agent sweeps away what is older than
 * this well before that.
 */
enum { KL_SILENT_TICKS = 21600 };
/*
 * Ticks (about a second each) without a packet either way after which an entry of a phase may be replaced; behind them
 * those of one-way flows, whose ends are not seen: open ones wait a little longer than the two hours after which a silent
 * TCP connection is asked whether it lives.
 */
enum { KL_PHASES = 8 };
#define KL_PHASE_TIMEOUTS                                                                                              \
	{                                                                                                              \
		[KL_PHASE_CLAIMED] = 2, [KL_PHASE_NEW] = 60, [KL_PHASE_ANSWERED] = 60,                                 \
		[KL_PHASE_OPEN] = KL_SILENT_TICKS, [KL_PHASE_FIN] = 7200, [KL_PHASE_CLOSED] = 12,                      \
		[KL_PHASE_UDP] = 180, [KL_PHASES + KL_PHASE_CLAIMED] = 2, [KL_PHASES + KL_PHASE_NEW] = 60,             \
		[KL_PHASES + KL_PHASE_ANSWERED] = 7500, [KL_PHASES + KL_PHASE_OPEN] = 7500,                            \
		[KL_PHASES + KL_PHASE_FIN] = 120, [KL_PHASES + KL_PHASE_CLOSED] = 12,                                  \
		[KL_PHASES + KL_PHASE_UDP] = 180,                                                                      \
	}
struct kl_map_flow {
	__u64 fingerprint;
	/* the state, one 64-bit word */
	__u64 backend : KL_BACKEND_BITS;
	__u64 generation : 8;
	__u64 reverse : 1; /* keyed by the reply's tuple */
	__u64 phase : 3;   /* enum kl_flow_phase */
	__u64 stamp : 16;  /* tick of the last packet */
	__u64 nat_port : 16; /* __be16; source port towards a remote backend; 0: source kept; or KL_FLOW_DSR */
};
/*
 * nat_port of a flow whose replies do not come by here: it has one entry, which is its own peer. No source port of SNAT is
 * that small.
 */
#define KL_FLOW_DSR 1
struct kl_map_line {
	struct kl_map_flow flow[KL_LINE_FLOWS];
};

/* --- kl_ct_cold: ARRAY, index = line * KL_LINE_FLOWS + place; the same for both entries of a flow */
enum kl_map_tuple_flags {
	KL_TUPLE_OPENED = 1, /* came in an envelope: the balancer is another node */
};
struct kl_map_tuple {
	__be32 client[4];
	__be32 frontend[4];
	__be16 client_port, frontend_port;
	__be16 nat_port;
	__u8 proto;
	__u8 flags; /* enum kl_map_tuple_flags */
	__u32 peer;    /* index of the flow's other entry */
	__u32 created; /* tick */
};

/* ICMP errors that the balancer makes by itself: so many a tick on each CPU. */
enum { KL_ICMP_PER_TICK = 256 };

/* --- kl_counters: PERCPU_ARRAY of one. Every reason to drop, and what else went on. */
struct kl_map_counters {
	__u64 drop_no_backend;	/* a service without any endpoint */
	__u64 drop_no_nat_port;	/* all candidate source ports towards a backend in use */
	__u64 drop_ct_full;	/* no free or expired place for a new flow */
	__u64 fragments_unknown; /* later fragments whose first was not seen: passed */
	__u64 drop_no_node_addr; /* a remote backend of a family in which this node has no address */
	__u64 drop_ttl;
	__u64 drop_rewrite; /* the kernel refused to write to the packet */
	__u64 passed;	    /* looked at, not ours */
	__u64 forwarded;    /* towards a backend */
	__u64 returned;	    /* replies translated back */
	__u64 icmp_translated;
	__u64 deferred;	    /* XDP left the packet to tc */
	__u64 flows_inserted;
	__u64 flows_promoted; /* half-open to main */
	__u64 flows_overflowed; /* placed in the overflow region */
	__u64 flows_expired;	/* replaced after their time was up */
	__u64 flows_void;	/* found with a dead backend's generation */
	__u64 half_open_evicted; /* living half-open flows replaced by new ones */
	__u64 sock_connect;	/* translated */
	__u64 sock_sendmsg;
	__u64 sock_no_backend;	/* connect or send refused */
	__u64 udp_reaped;	/* connected sockets ended because their backend was dead */
	__u64 drop_source_range; /* not in the Service's loadBalancerSourceRanges */
	__u64 drop_too_big;	 /* did not fit into the uplink in its envelope; the sender was told where that may be */
	__u64 drop_envelope;	 /* an envelope that is malformed, from a stranger, or for nobody here */
	__u64 drop_spoofed;	 /* a pod's packet from an address that is not its own */
	__u64 drop_rate;	 /* beyond a pod's bandwidth */
	__u64 enveloped;	 /* sent to a backend's node by DSR */
	__u64 opened;		 /* envelopes opened */
	__u64 too_big_told;	 /* ICMP too-big made */
	__u64 masqueraded;
	__u64 events_lost;	 /* kl_events was full */
	__u64 shortcuts;	 /* packets of pods that skipped the node's stack */
	__u64 drop_sctp_port;	 /* SCTP whose port would have to change */
	__u64 refused;		 /* of drop_no_backend: the client was told so by ICMP */
	__u64 icmp_limited;	 /* nobody was told by ICMP: more than KL_ICMP_PER_TICK on this CPU */
	__u64 ports_moved;	 /* flows to a local pod that got another source port, theirs being taken there */
	__u64 expired_told;	 /* of drop_ttl: the sender was told so by ICMP */
	__u64 sock_bind_refused; /* of the node, at a NodePort that is in use */
	__u64 reserved[9];
};

/* --- kl_netns: HASH, key = namespace cookie (u64) */
enum kl_map_netns_flags { KL_NETNS_NODE = 1, KL_NETNS_POD = 2 };
struct kl_map_netns {
	__u32 flags;
	__u32 ifindex; /* pod: host side of its veth */
};

/* --- kl_sk_peer, kl_sk_dgram: SK_STORAGE, key = socket */
struct kl_map_peer { /* what a socket asked for, and what it got */
	__be32 frontend[4];
	__be32 backend[4];
	__be16 frontend_port, backend_port;
	__u32 backend_id; /* 0: unused */
	__u8 generation;
	__u8 counted; /* in kl_live */
	__u8 reserved[2];
	__u32 service;
};
enum { KL_DGRAM_PEERS = 4 };
struct kl_map_dgram { /* unconnected: the last few services it talked to */
	struct kl_map_peer peer[KL_DGRAM_PEERS];
	__u32 next;
	__u32 reserved;
};

/* --- kl_affinity: LRU_HASH */
struct kl_map_client {
	__be32 addr[4]; /* of sockets: the namespace's cookie in the first two words, the rest zero */
	__u32 service;
	__u32 reserved;
};
struct kl_map_affinity {
	__u32 backend_id;
	__u8 generation;
	__u8 reserved[3];
	__u64 tick; /* of the last new connection */
};

/* --- kl_fragments: LRU_HASH, what the first fragment of a datagram said */
struct kl_map_fragment {
	__be32 saddr[4], daddr[4];
	__u32 id;
	__u32 proto;
};
struct kl_map_ports {
	__be16 sport, dport;
};

/* --- kl_pods: HASH, key = interface index of the host side of a pod's link */
enum kl_map_pod_flags {
	KL_POD_FLOWS = 1,  /* set by the programs: flows of this pod are translated per packet, replies have to pass kl_pod_in */
	KL_POD_POLICY = 2, /* reserved for NetworkPolicy: every packet goes through the node's stack */
};
struct kl_map_rate {
	__u64 rate;	/* bytes a second; 0: no limit */
	__u64 burst_ns; /* how far a sender may run ahead */
	__u64 next_ns;	/* CLOCK_MONOTONIC: when everything let through so far would have been sent; of the programs */
};
struct kl_map_pod {
	__be32 addr[2][4]; /* all zero: none */
	__u8 mac[6];	   /* of the pod's interface */
	__u8 host_mac[6];
	__u32 flags;		     /* enum kl_map_pod_flags */
	struct kl_map_rate egress;   /* from the pod */
	struct kl_map_rate ingress;  /* to the pod */
	__u64 cookie;		     /* of the pod's network namespace */
	__u64 spoofed, egress_dropped, ingress_dropped;
};

/* --- kl_pod_addrs: HASH, key = address of a pod on this node (__be32[4]), value = its interface index in kl_pods (u32) */

/* --- kl_net: ARRAY of one: the pods' network as a whole */
enum kl_net_flags {
	KL_NET_SHORTCUTS = 1,  /* packets may skip the node's stack */
	KL_NET_MASQUERADE = 2, /* what leaves the cluster gets the node's address */
	KL_NET_DEPARTURE = 4,  /* the uplink has fq: egress limits by departure time */
};
enum { KL_NET_INSIDE = 63, KL_NET_UPLINKS = 8 };
struct kl_map_prefix {
	__be32 addr[4], mask[4];
};
struct kl_map_net {
	__u32 flags;		  /* enum kl_net_flags */
	__u16 port_min, port_max; /* of masquerading, inclusive */
	__u32 own_count, inside_count;
	struct kl_map_prefix own[2];		    /* of this node's pods */
	struct kl_map_prefix inside[KL_NET_INSIDE]; /* where pods are seen under their own addresses */
	__u32 uplinks[KL_NET_UPLINKS]; /* interfaces by which packets of pods may leave past the stack; 0 ends them */
};

/*
 * --- kl_inbound: LRU_HASH, key = struct kl_flow_key of the answers (hash.h), value = tick (u32). UDP and ICMP that came from
 * outside straight to a pod: its answers leave under the pod's address.
 */

/* --- kl_events: RINGBUF; written only while kl_map_config.watch_until is ahead */
enum kl_map_event_kind {
	KL_EVENT_CONNECT, /* a socket was given a backend */
	KL_EVENT_NEW,	  /* a flow was made */
	KL_EVENT_FORWARD, /* a packet towards a backend */
	KL_EVENT_REPLY,	  /* a packet back to the client */
	KL_EVENT_END,	  /* a flow closed */
	KL_EVENT_DROP,
};
struct kl_map_event {
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__be32 client[4], frontend[4], backend[4];
	__be16 client_port, frontend_port, backend_port;
	__u8 proto;
	__u8 kind;	 /* enum kl_map_event_kind */
	__u32 service, backend_id;
	__u32 bytes;
	__u16 reason;	 /* DROP: index of its word in struct kl_map_counters */
	__u8 tcp_flags;
	__u8 hook;	 /* enum kl_map_event_hook */
	__u32 ifindex; /* where the packet was; SOCKET: host side of the pod's veth, 0: the node itself */
	__u32 pid;     /* SOCKET: the process */
};
enum kl_map_event_hook { KL_HOOK_SOCKET, KL_HOOK_XDP, KL_HOOK_TC_IN, KL_HOOK_TC_OUT, KL_HOOK_POD_IN, KL_HOOK_POD_OUT };

#define KL_ASSERT_SIZE(type, size) _Static_assert(sizeof(struct type) == (size), #type)
KL_ASSERT_SIZE(kl_map_config, 192);
KL_ASSERT_SIZE(kl_map_frontend, 32);
KL_ASSERT_SIZE(kl_map_service, 16);
KL_ASSERT_SIZE(kl_map_name, 208);
KL_ASSERT_SIZE(kl_map_set, 64);
KL_ASSERT_SIZE(kl_map_block, 64);
KL_ASSERT_SIZE(kl_map_backend, 64);
KL_ASSERT_SIZE(kl_map_traffic, 32);
KL_ASSERT_SIZE(kl_map_flow, 16);
KL_ASSERT_SIZE(kl_map_line, 64);
KL_ASSERT_SIZE(kl_map_tuple, 48);
KL_ASSERT_SIZE(kl_map_counters, 384);
KL_ASSERT_SIZE(kl_map_live, 8);
KL_ASSERT_SIZE(kl_map_range, 24);
KL_ASSERT_SIZE(kl_map_pod, 128);
KL_ASSERT_SIZE(kl_map_net, 2128);
KL_ASSERT_SIZE(kl_map_event, 88);
KL_ASSERT_SIZE(kl_map_local, 20);
KL_ASSERT_SIZE(kl_map_netns, 8);
KL_ASSERT_SIZE(kl_map_peer, 48);
KL_ASSERT_SIZE(kl_map_dgram, 200);
KL_ASSERT_SIZE(kl_map_fragment, 40);
KL_ASSERT_SIZE(kl_map_ports, 4);
KL_ASSERT_SIZE(kl_map_client, 24);
KL_ASSERT_SIZE(kl_map_affinity, 16);

#endif
