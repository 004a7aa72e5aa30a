#include "clock.h"
#include "frame.h"
#include "json.h"
#include "mem.h"
#include "streamd_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

static void refuse(struct kl_http_request *req, int status, const char *reason, const char *message)
{
	kl_autojson *body = json_pack("{s:s, s:s, s:{}, s:s, s:s, s:s, s:i}", "kind", "Status", "apiVersion", "v1",
		"metadata", "status", "Failure", "reason", reason, "message", message, "code", status);
	struct kl_buf text = {0};
	kl_json_dump(body, &text);
	kl_http_reply_buf(req, status, "application/json", &text);
}

static bool has_org(const struct kl_http_identity *who, const char *org)
{
	for (size_t i = 0; who->orgs && who->orgs[i]; i++)
		if (!strcmp(who->orgs[i], org))
			return true;
	return false;
}

/* node NULL: the figures of all nodes, which every node may read: one that ends a pod asks whether all have dropped it. */
static bool may(const struct kl_http_identity *who, const char *node)
{
	if (!who || !who->verified)
		return false;
	if (has_org(who, "system:masters") || (!node && has_org(who, "system:nodes")))
		return true;
	kl_autofree char *name = kl_asprintf("system:node:%s", node ? node : "");
	return node && has_org(who, "system:nodes") && who->common_name && !strcmp(who->common_name, name);
}

static uint64_t number(const struct kl_http_request *req, const char *name)
{
	const char *text = kl_http_query(req, name);
	return text ? strtoull(text, NULL, 10) : 0;
}

static struct stream_node *node_get(struct kl_streamd *streamd, const char *name)
{
	struct stream_node *node = NULL;
	HASH_FIND_STR(streamd->nodes, name, node);
	if (node)
		return node;
	node = kl_calloc(1, sizeof(*node));
	node->name = kl_strdup(name);
	HASH_ADD_KEYPTR(hh, streamd->nodes, node->name, strlen(node->name), node);
	return node;
}

/* --- one node's stream */

/* The next thing to send becomes client->current; NULL: nothing now; -ESTALE: the log has run away from it. */
static int next_entry(struct stream_client *client)
{
	struct kl_ledger *ledger = client->streamd->ledger;
	if (client->pending_at < client->pending_count) {
		client->current = client->pending[client->pending_at];
		client->pending[client->pending_at++] = NULL;
	} else if (client->next_seq <= kl_ledger_seq(ledger)) {
		struct kl_entry *entry = kl_ledger_change(ledger, client->next_seq);
		if (!entry)
			return -ESTALE;
		client->next_seq++;
		client->current = kl_entry_ref(entry);
	} else if (client->heartbeat_due) {
		client->current = kl_ledger_mark(ledger, KL_FRAME_HEARTBEAT);
	}
	client->heartbeat_due = false;
	client->offset = 0;
	return 0;
}

/* How long an entry is for this client; 0: it is not told. */
static size_t entry_length(const struct stream_client *client, const struct kl_entry *entry)
{
	return client->version > 1 ? entry->len : entry->base;
}

static void entry_copy(const struct stream_client *client, const struct kl_entry *entry, size_t part, char *buf)
{
	char header[KL_FRAME_HEADER];
	memcpy(buf, entry->data + client->offset, part);
	if (client->version > 1 || client->offset >= sizeof(header))
		return;
	size_t begin = sizeof(header) - client->offset;
	kl_frame_base_header(entry->data, entry->base, header);
	memcpy(buf, header + client->offset, part < begin ? part : begin);
}

static ssize_t produce(void *arg, char *buf, size_t max)
{
	struct stream_client *client = arg;
	size_t filled = 0;
	int failed = 0;
	pthread_mutex_lock(&client->streamd->lock);
	while (filled < max && !failed) {
		if (!client->current)
			failed = next_entry(client);
		if (!client->current)
			break;
		size_t length = entry_length(client, client->current), part = length - client->offset;
		if (part > max - filled)
			part = max - filled;
		if (part)
			entry_copy(client, client->current, part, buf + filled);
		filled += part;
		client->offset += part;
		if (client->offset == length)
			kl_entry_unref(kl_take(&client->current));
	}
	pthread_mutex_unlock(&client->streamd->lock);
	return failed && !filled ? KL_HTTP_ABORT : (ssize_t)filled;
}

static void client_free(struct stream_client *client)
{
	for (size_t i = client->pending_at; i < client->pending_count; i++)
		kl_entry_unref(client->pending[i]);
	kl_entry_unref(client->current);
	free(client->pending);
	free(client->node);
	free(client);
}

static void closed(void *arg)
{
	struct stream_client *client = arg;
	struct kl_streamd *streamd = client->streamd;
	pthread_mutex_lock(&streamd->lock);
	DL_DELETE(streamd->clients, client);
	node_get(streamd, client->node)->connections--;
	pthread_mutex_unlock(&streamd->lock);
	client_free(client);
}

static struct stream_client *client_new(
	struct kl_streamd *streamd, const char *node, unsigned version, uint64_t epoch, uint64_t seq)
{
	struct stream_client *client = kl_calloc(1, sizeof(*client));
	client->streamd = streamd;
	client->node = kl_strdup(node);
	client->version = version;
	if (kl_ledger_can_resume(streamd->ledger, epoch, seq)) {
		client->pending = kl_calloc(1, sizeof(*client->pending));
		client->pending[0] = kl_ledger_mark(streamd->ledger, KL_FRAME_HELLO);
		client->pending_count = 1;
		client->next_seq = seq + 1;
	} else {
		client->pending = kl_ledger_snapshot(streamd->ledger, &client->pending_count);
		client->next_seq = kl_ledger_seq(streamd->ledger) + 1;
	}
	return client;
}

static void opened(void *arg, struct kl_http_stream *stream)
{
	struct stream_client *client = arg;
	pthread_mutex_lock(&client->streamd->lock);
	client->stream = stream;
	DL_APPEND(client->streamd->clients, client);
	struct stream_node *node = node_get(client->streamd, client->node);
	node->connections++;
	node->connected_ns = kl_monotonic_ns();
	pthread_mutex_unlock(&client->streamd->lock);
}

/* A change between the two locks is not lost: the client's place in the log is fixed, and produce() looks there first.
 */
static void handle_stream(struct kl_streamd *streamd, struct kl_http_request *req, const char *node)
{
	pthread_mutex_lock(&streamd->lock);
	struct stream_client *client =
		client_new(streamd, node, (unsigned)number(req, "version"), number(req, "epoch"), number(req, "seq"));
	pthread_mutex_unlock(&streamd->lock);
	struct kl_http_stream_options options = {
		.status = 200,
		.content_type = "application/x-keelson-endpoints",
		.length = -1,
		.opened = opened,
		.produce = produce,
		.closed = closed,
		.arg = client,
	};
	kl_http_stream(req, &options);
}

/* --- acknowledgements and status */

static void handle_ack(struct kl_streamd *streamd, struct kl_http_request *req, const char *name)
{
	uint64_t epoch = number(req, "epoch"), seq = number(req, "seq");
	pthread_mutex_lock(&streamd->lock);
	struct stream_node *node = node_get(streamd, name);
	const struct kl_entry *entry =
		epoch == kl_ledger_epoch(streamd->ledger) ? kl_ledger_change(streamd->ledger, seq) : NULL;
	bool news = node->epoch != epoch || node->seq != seq;
	node->epoch = epoch;
	node->seq = seq;
	node->acked_ms = kl_realtime_ms();
	if (entry && news && entry->at_ns > node->connected_ns) {
		node->latency_ns = kl_monotonic_ns() - entry->at_ns;
		if (node->latency_ns > node->latency_max_ns)
			node->latency_max_ns = node->latency_ns;
		kl_histogram_add(&streamd->acked, node->latency_ns);
	}
	pthread_mutex_unlock(&streamd->lock);
	kl_http_reply(req, &(struct kl_http_reply){.status = 204});
}

static uint64_t lag_of(const struct kl_streamd *streamd, const struct stream_node *node)
{
	uint64_t seq = kl_ledger_seq(streamd->ledger);
	return node->epoch == kl_ledger_epoch(streamd->ledger) ? seq - node->seq : seq;
}

static json_t *node_status(const struct kl_streamd *streamd, const struct stream_node *node)
{
	char when[KL_TIME_TEXT] = "";
	if (node->acked_ms)
		kl_time_format_ms(node->acked_ms, when);
	return json_pack("{s:s, s:b, s:I, s:I, s:I, s:s, s:f, s:f}", "name", node->name, "connected",
		node->connections > 0, "epoch", (json_int_t)node->epoch, "seq", (json_int_t)node->seq, "lag",
		(json_int_t)lag_of(streamd, node), "acknowledged", when, "latencyMs", (double)node->latency_ns / 1e6,
		"maxLatencyMs", (double)node->latency_max_ns / 1e6);
}

static void handle_status(struct kl_streamd *streamd, struct kl_http_request *req)
{
	struct kl_buf text = {0};
	json_t *nodes = json_array();
	pthread_mutex_lock(&streamd->lock);
	for (struct stream_node *node = streamd->nodes; node; node = node->hh.next)
		json_array_append_new(nodes, node_status(streamd, node));
	kl_autojson *body = json_pack("{s:I, s:I, s:I, s:o}", "epoch", (json_int_t)kl_ledger_epoch(streamd->ledger),
		"seq", (json_int_t)kl_ledger_seq(streamd->ledger), "services",
		(json_int_t)kl_ledger_services(streamd->ledger), "nodes", nodes);
	pthread_mutex_unlock(&streamd->lock);
	kl_json_dump(body, &text);
	kl_buf_char(&text, '\n');
	kl_http_reply_buf(req, 200, "application/json", &text);
}

void kl_streamd_write_figures(struct kl_buf *buf, void *arg)
{
	struct kl_streamd *streamd = arg;
	pthread_mutex_lock(&streamd->lock);
	kl_prom_single(buf, "keelson_stream_services", KL_PROM_GAUGE, "Service ports that the endpoint stream carries.",
		(double)kl_ledger_services(streamd->ledger));
	kl_prom_single(buf, "keelson_stream_position", KL_PROM_GAUGE, "The stream's newest change.",
		(double)kl_ledger_seq(streamd->ledger));
	kl_prom_family(buf, "keelson_stream_connected", KL_PROM_GAUGE, "Open streams of a node.");
	for (const struct stream_node *node = streamd->nodes; node; node = node->hh.next)
		kl_prom_count(buf, "keelson_stream_connected", node->connections, "node", node->name, NULL);
	kl_prom_family(
		buf, "keelson_stream_lag", KL_PROM_GAUGE, "Changes that a node's kernel has not acknowledged yet.");
	for (const struct stream_node *node = streamd->nodes; node; node = node->hh.next)
		kl_prom_count(buf, "keelson_stream_lag", lag_of(streamd, node), "node", node->name, NULL);
	kl_prom_family(buf, "keelson_stream_ack_duration_seconds", KL_PROM_HISTOGRAM,
		"From a change in the server to a node's word that its kernel has it.");
	kl_histogram_write(buf, "keelson_stream_ack_duration_seconds", &streamd->acked, NULL);
	pthread_mutex_unlock(&streamd->lock);
}

void kl_streamd_handle(struct kl_http_request *req, void *arg)
{
	struct kl_streamd *streamd = arg;
	const char *path = kl_http_path(req), *method = kl_http_method(req), *node = kl_http_query(req, "node");
	const struct kl_http_identity *who = kl_http_identity(req);
	bool status = !strcmp(path, "/keelson/v1/stream/status"), ack = !strcmp(path, "/keelson/v1/stream/ack");
	if (!status && !ack && strcmp(path, "/keelson/v1/stream"))
		return refuse(req, 404, "NotFound", "the server could not find the requested resource");
	if (!who || !who->verified)
		return refuse(req, 401, "Unauthorized", "Unauthorized");
	if (!may(who, status ? NULL : node ? node : ""))
		return refuse(
			req, 403, "Forbidden", "the endpoint stream is for nodes, each for itself, and system:masters");
	if (!status && (!node || !node[0] || strlen(node) > 253))
		return refuse(req, 400, "BadRequest", "the query must name a node");
	if (strcmp(method, ack ? "POST" : "GET"))
		return refuse(req, 405, "MethodNotAllowed",
			"the server does not allow this method on the requested resource");
	if (status)
		handle_status(streamd, req);
	else if (ack)
		handle_ack(streamd, req, node);
	else
		handle_stream(streamd, req, node);
}
