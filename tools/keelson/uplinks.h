/*
 * Which interfaces lead out of the node, where nobody has said so.
 */
#ifndef KL_UPLINKS_H
#define KL_UPLINKS_H

/*
 * "eth0" or "eth0,eth1": those with a default route, IPv4's first, then those that have one of the node's addresses
 * (text; NULL-terminated, or NULL). "eth0" where there are none. Owned by the caller.
 */
char *kl_default_uplinks(const char *const *node_ips);

#endif
