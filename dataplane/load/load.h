/*
 * The kernel's programs: loaded against the pinned maps, attached through links that are pinned too. Where a link is
 * there already its program is replaced at once (never detached), so that a restarted or newer agent drops nothing.
 *
 *	<pin_dir>/progs/NAME	for looking at; the links hold the programs
 *	<pin_dir>/links/NAME
 */
#ifndef KL_LOAD_H
#define KL_LOAD_H

#include "err.h"
#include "maps.h"

#include <stdbool.h>

enum kl_lb_mode { KL_LB_AUTO, KL_LB_XDP, KL_LB_GENERIC, KL_LB_TC, KL_LB_NONE };

struct kl_load_options {
	const char *pin_dir;
	bool netns_filter;  /* act only on sockets of the namespaces in kl_netns */
	const char *cgroup; /* cgroup v2 folder; NULL: the root of the hierarchy, mounted anywhere or not */
	const char *uplink; /* "eth0", or several: "eth0,eth1"; NULL: no balancer for traffic from outside */
	enum kl_lb_mode mode;
};
/*
 * ret_mode (may be NULL): what `auto` became. auto: XDP where the driver does it natively, except on veth, where XDP
 * costs the TCP streams their segmentation offload; tc otherwise.
 */
int kl_load(const struct kl_maps *maps, const struct kl_load_options *options, enum kl_lb_mode *ret_mode,
	struct kl_err *err);
/*
 * Every program that was loaded has its link, which is attached and holds it. Negative errno and words about the first that
 * has not: kl_load puts it right.
 */
int kl_load_check(const struct kl_load_options *options, struct kl_err *err);
/* Removes every pin below pin_dir, and so detaches everything. */
int kl_unload(const char *pin_dir, struct kl_err *err);

/* "auto", "xdp", "generic", "tc", "none"; -EINVAL for other words. */
int kl_lb_mode_parse(const char *text, enum kl_lb_mode *ret);
const char *kl_lb_mode_name(enum kl_lb_mode mode);

#endif
