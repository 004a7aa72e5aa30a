/*
 * Queueing disciplines: RTM_GETQDISC.
 */
#include "nl.h"

#include <linux/pkt_sched.h>
#include <string.h>

struct look {
	uint32_t ifindex;
	bool root_fq, root_mq;
	unsigned queues, fq_queues;
};

static int take_qdisc(const struct nlmsghdr *message, void *arg)
{
	struct look *look = arg;
	const struct nlattr *table[TCA_MAX + 1];
	const struct tcmsg *head = mnl_nlmsg_get_payload(message);
	if ((uint32_t)head->tcm_ifindex != look->ifindex || head->tcm_parent == TC_H_INGRESS)
		return MNL_CB_OK;
	kl_nl_parse(message, sizeof(*head), &(struct kl_nl_attrs){table, TCA_MAX});
	const char *kind = table[TCA_KIND] ? mnl_attr_get_str(table[TCA_KIND]) : "";
	bool fq = !strcmp(kind, "fq");
	if (head->tcm_parent == TC_H_ROOT) {
		look->root_fq = fq;
		look->root_mq = !strcmp(kind, "mq");
	} else {
		look->queues++;
		look->fq_queues += fq;
	}
	return MNL_CB_OK;
}

bool kl_link_sends_by_fq(struct kl_link *link, uint32_t ifindex)
{
	struct kl_nl_request req;
	struct look look = {.ifindex = ifindex};
	struct tcmsg *head = kl_nl_begin(&req, RTM_GETQDISC, NLM_F_DUMP, sizeof(*head));
	head->tcm_ifindex = (int)ifindex;
	if (!ifindex || kl_nl_talk(link, &req, take_qdisc, &look, NULL))
		return false;
	return look.root_fq || (look.root_mq && look.queues && look.queues == look.fq_queues);
}
