/*
 * What the benchmarks compare with: the rules that kube-proxy's nftables mode lays out (Kubernetes KEP-3866), made for
 * a number of services. A verdict map from service address, protocol and port to the service's chain and one from
 * NodePorts; a chain for each service, which takes one of its endpoints' chains by a random number; a chain for each
 * endpoint, which translates; a mark for what has to be masqueraded.
 */
#ifndef KL_BENCH_NFT_H
#define KL_BENCH_NFT_H

#include "buf.h"
#include "err.h"

#include <stdint.h>

enum { KL_BENCH_FIRST_NODE_PORT = 30000, KL_BENCH_TARGET_PORT = 8080 };

/*
 * Service n has the address 10.96.h.l:80 (h, l: n + 1), the NodePort 30000 + n where that is below 32768, and the
 * endpoints 10.128.0.0 + n * 16 + 1 … + count, port 8080; the node is 192.0.2.1.
 */
uint32_t kl_bench_cluster_ip(unsigned service);                     /* host order */
uint32_t kl_bench_endpoint_ip(unsigned service, unsigned endpoint); /* host order; endpoint from 0 */

/* The whole of it; `endpoints` a service, at most 15. */
void kl_bench_nft_ruleset(struct kl_buf *to, unsigned services, unsigned endpoints);
/* One endpoint of a service goes and another comes: `fresh` takes the place of `gone` among those before it. */
void kl_bench_nft_change(struct kl_buf *to, unsigned service, unsigned endpoints, unsigned gone, unsigned fresh);
/* One transaction, in the calling thread's network namespace. */
int kl_bench_nft_apply(const struct kl_buf *rules, struct kl_err *err);

#endif
