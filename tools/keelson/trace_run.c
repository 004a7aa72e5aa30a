#include "trace_run.h"

#include "mapnames.h"
#include "netns.h"
#include "trace_steps.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <unistd.h>

/* The programs of a way, in the order in which the kernel runs them. */
struct stage {
	const char *program, *hook;
	enum kl_trace_object object;
	bool by_link; /* only where a pinned link of it is attached */
};
static const struct stage uplink_in[] = {
	{"kl_lb_xdp", "XDP", KL_TRACE_LB_XDP, true},
	{"kl_lb_in", "tc ingress", KL_TRACE_LB_TC, true},
	{"kl_uplink_in", "tc ingress", KL_TRACE_POD, true},
	{0},
};
static const struct stage uplink_out[] = {
	{"kl_lb_out", "tc egress", KL_TRACE_LB_TC, true},
	{"kl_uplink_out", "tc egress", KL_TRACE_POD, true},
	{0},
};
static const struct stage pod_out[] = {{"kl_pod_out", "tc ingress of the pod's link", KL_TRACE_POD, false}, {0}};
static const struct stage pod_in[] = {{"kl_pod_in", "tc egress of the pod's link", KL_TRACE_POD, false}, {0}};
static const struct stage *const ways[] = {
	[KL_TRACE_UPLINK_IN] = uplink_in,
	[KL_TRACE_UPLINK_OUT] = uplink_out,
	[KL_TRACE_POD_OUT] = pod_out,
	[KL_TRACE_POD_IN] = pod_in,
};

uint32_t kl_trace_uplink(const struct kl_pinned_link *links, size_t count)
{
	const struct kl_pinned_link *link = kl_pinned_link_find(links, count, "kl_lb_in");
	return link ? link->ifindex : 0;
}

/* --- one program */

struct test_run {
	int prog_fd;
	bool xdp;
	uint32_t ifindex;
	struct kl_trace_packet *packet;
	uint32_t verdict;
};

/* In the node's namespace: the interface and the routes are its. */
static int test_run(void *arg, struct kl_err *err)
{
	struct test_run *test = arg;
	uint8_t out[KL_FRAME_MAX];
	struct xdp_md xdp = {.data_end = (uint32_t)test->packet->len, .ingress_ifindex = test->ifindex};
	struct __sk_buff skb = {.ifindex = test->ifindex};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = test->packet->frame,
		.data_size_in = (uint32_t)test->packet->len, .data_out = out, .data_size_out = sizeof(out),
		.ctx_in = test->xdp ? (void *)&xdp : (void *)&skb, .ctx_size_in = test->xdp ? sizeof(xdp) : sizeof(skb),
		.repeat = 1);
	if (bpf_prog_test_run_opts(test->prog_fd, &options))
		return kl_fail(err, errno, "run the program on the packet");
	test->verdict = options.retval;
	test->packet->len = options.data_size_out < sizeof(out) ? options.data_size_out : sizeof(out);
	memcpy(test->packet->frame, out, test->packet->len);
	return 0;
}

static int run_in_netns(const struct kl_look *look, struct test_run *test, struct kl_err *err)
{
	kl_autoclose int netns = look->netns ? kl_netns_open(look->netns, err) : -1;
	if (look->netns && netns < 0)
		return netns;
	return kl_netns_run(netns, test_run, test, err);
}

static enum kl_trace_verdict verdict_of(bool xdp, uint32_t value, const char **ret_words)
{
	static const char *const xdp_words[] = {"XDP_ABORTED", "XDP_DROP", "XDP_PASS", "XDP_TX", "XDP_REDIRECT"};
	static const enum kl_trace_verdict xdp_verdicts[] = {
		KL_TRACE_DROP, KL_TRACE_DROP, KL_TRACE_PASS, KL_TRACE_SENT, KL_TRACE_SENT};
	if (xdp) {
		*ret_words = value < KL_ARRAY_LEN(xdp_words) ? xdp_words[value] : "?";
		return value < KL_ARRAY_LEN(xdp_words) ? xdp_verdicts[value] : KL_TRACE_DROP;
	}
	switch ((int)value) {
	case 2:
		*ret_words = "TCX_DROP";
		return KL_TRACE_DROP;
	case 7:
		*ret_words = "TCX_REDIRECT";
		return KL_TRACE_SENT;
	case 0:
		*ret_words = "TCX_PASS";
		return KL_TRACE_PASS;
	default:
		*ret_words = "TCX_NEXT";
		return KL_TRACE_PASS;
	}
}

/* --- telling */

static const char *verdict_words(enum kl_trace_verdict verdict)
{
	return verdict == KL_TRACE_DROP ? "dropped" : verdict == KL_TRACE_SENT ? "sent on" : "passed on";
}

static void say_counters(json_t *steps, const struct kl_map_counters *before, const struct kl_map_counters *after)
{
	size_t count;
	const struct kl_counter_row *rows = kl_counter_rows(&count);
	for (size_t i = 0; i < count; i++) {
		uint64_t more = kl_counter_value(after, &rows[i]) - kl_counter_value(before, &rows[i]);
		if (!more)
			continue;
		json_t *step = kl_trace_say(steps, rows[i].kind == KL_COUNTER_DROP ? "drop" : "counted", "%s: %s",
			rows[i].name, rows[i].what);
		json_object_set_new(step, "counter", json_string(rows[i].name));
		if (rows[i].advice)
			kl_trace_say(steps, "advice", "%s", rows[i].advice);
	}
}

static void say_events(json_t *steps, struct kl_trace_clone *clone)
{
	size_t count;
	kl_autofree struct kl_map_event *events = kl_trace_clone_events(clone, &count);
	for (size_t i = 0; i < count; i++) {
		kl_autofree char *client = kl_endpoint_text(events[i].client, events[i].client_port);
		kl_autofree char *frontend = kl_endpoint_text(events[i].frontend, events[i].frontend_port);
		kl_autofree char *backend = kl_endpoint_text(events[i].backend, events[i].backend_port);
		bool drop = events[i].kind == KL_EVENT_DROP;
		kl_trace_say(steps, "event", "%s: %s > %s%s%s", kl_event_kind_name(events[i].kind), client, frontend,
			drop ? "" : " > ", drop ? "" : backend);
	}
}

/* Equal tags: the copy is what is loaded, instruction by instruction. */
static void say_program(const struct kl_trace_run *run, const struct stage *stage, int prog_fd, uint32_t ifindex,
	const struct kl_pinned_link *link)
{
	kl_autofree char *path = kl_asprintf("%s/progs/%s", run->look->pin_dir, stage->program);
	kl_autoclose int pinned = bpf_obj_get(path);
	char loaded[17] = "", tag[17] = "";
	if (pinned >= 0)
		kl_trace_tag(pinned, loaded);
	kl_trace_tag(prog_fd, tag);
	bool same = !strcmp(loaded, tag);
	json_t *step = kl_trace_say(run->steps, "program", "%s (%s, interface %u%s%.0u): tag %s%s", stage->program,
		stage->hook, ifindex, link ? ", program " : "", link ? link->prog_id : 0, tag,
		!run->clone ? ", the loaded one, on the real tables"
		: same      ? ", as loaded; on a copy of the tables"
			    : "; the loaded one is of another build: what follows is this command's");
	json_object_set_new(step, "program", json_string(stage->program));
	json_object_set_new(step, "tag", json_string(tag));
	json_object_set_new(step, "loaded", json_boolean(same));
}

static int program_fd(const struct kl_trace_run *run, const struct stage *stage, struct kl_err *err)
{
	kl_autofree char *path = kl_asprintf("%s/progs/%s", run->look->pin_dir, stage->program);
	if (run->clone) {
		int fd = kl_trace_clone_program(run->clone, stage->object, stage->program, err);
		return fd < 0 ? fd : dup(fd);
	}
	int fd = bpf_obj_get(path);
	return fd < 0 ? kl_fail(err, errno, "open the loaded program '%s'", path) : fd;
}

static int counters_now(const struct kl_trace_run *run, struct kl_map_counters *ret, struct kl_err *err)
{
	return run->clone ? kl_trace_clone_counters(run->clone, ret, err) : kl_maps_counters(run->look->maps, ret, err);
}

static int run_stage(struct kl_trace_run *run, const struct stage *stage, uint32_t ifindex, enum kl_trace_verdict *ret,
	struct kl_err *err)
{
	const struct kl_pinned_link *link = kl_pinned_link_find(run->links, run->link_count, stage->program);
	struct kl_map_counters before = {0}, after = {0};
	const char *words;
	kl_autoclose int fd = program_fd(run, stage, err);
	if (fd < 0)
		return fd;
	struct test_run test = {
		.prog_fd = fd, .xdp = stage->object == KL_TRACE_LB_XDP, .ifindex = ifindex, .packet = &run->packet};
	say_program(run, stage, fd, ifindex, link);
	int rc = counters_now(run, &before, err);
	if (!rc)
		rc = run_in_netns(run->look, &test, err);
	if (!rc)
		rc = counters_now(run, &after, err);
	if (rc)
		return rc;
	if (run->clone)
		say_events(run->steps, run->clone);
	say_counters(run->steps, &before, &after);
	*ret = verdict_of(test.xdp, test.verdict, &words);
	json_t *step = kl_trace_say(run->steps, "verdict", "%s: %s", words, verdict_words(*ret));
	json_object_set_new(step, "verdict", json_string(words));
	return 0;
}

int kl_trace_run_way(struct kl_trace_run *run, enum kl_trace_way way, uint32_t ifindex, enum kl_trace_verdict *ret,
	struct kl_err *err)
{
	*ret = KL_TRACE_PASS;
	for (const struct stage *stage = ways[way]; stage->program && *ret == KL_TRACE_PASS; stage++) {
		if (stage->by_link && !kl_pinned_link_find(run->links, run->link_count, stage->program))
			continue;
		int rc = run_stage(run, stage, ifindex, ret, err);
		if (rc)
			return rc;
	}
	return 0;
}
