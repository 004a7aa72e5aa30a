#include "metrics.h"

#include "clock.h"
#include "httpd.h"
#include "log.h"
#include "mem.h"
#include "metrics_impl.h"
#include "prom.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { COUNT_EVERY_MS = 10000, WAITING_MAX = 64 };

/* Requests of the plain endpoint on their way to the loop; freed when the handle has closed. */
struct mailbox {
	pthread_mutex_t lock;
	struct kl_http_request *waiting[WAITING_MAX];
	size_t count;
	uv_async_t async;
};

/* Somebody who wants the text. */
struct ask {
	void (*done)(struct kl_buf *text, void *arg);
	void *arg;
	struct ask *next;
};

struct kl_metrics {
	uv_loop_t *loop;
	struct kl_metrics_ops ops;
	void *arg;
	char *node_name;
	int service_limit;
	const struct kl_maps *maps;
	struct kl_httpd *httpd;
	struct mailbox *mailbox;
	struct ask *asks; /* those that came while the pool was reading wait for the next reading */
	struct ask *reading_for;
	/* the pool's while it reads */
	uv_work_t work;
	bool reading;
	struct kl_table_stats stats;
	int64_t counted_ms; /* when the connection table was */
	struct kl_buf tables;
};

/* --- reading the tables: a thread of the pool */

static void read_work(uv_work_t *work)
{
	struct kl_metrics *metrics = work->data;
	int64_t now = kl_monotonic_ms();
	size_t count = 0;
	if (!metrics->counted_ms || now - metrics->counted_ms >= COUNT_EVERY_MS) {
		kl_table_stats_read_ct(metrics->maps, &metrics->stats, NULL);
		metrics->counted_ms = now;
	}
	kl_table_stats_read(metrics->maps, &metrics->stats);
	kl_metrics_write_counters(&metrics->tables, metrics->maps);
	kl_metrics_write_tables(&metrics->tables, &metrics->stats);
	if (metrics->service_limit <= 0)
		return;
	kl_autofree struct kl_service_row *rows = kl_service_rows(metrics->maps, metrics->service_limit, &count);
	kl_metrics_write_services(&metrics->tables, rows, count);
}

/* --- all of it: the loop's thread */

static void write_pods(const struct kl_metrics *metrics, struct kl_buf *buf)
{
	struct kl_metrics_pods pods = {0};
	metrics->ops.pods(&pods, metrics->arg);
	kl_prom_single(buf, "keelson_pods", KL_PROM_GAUGE, "Pods that this agent looks after.", (double)pods.pods);
	kl_prom_single(
		buf, "keelson_containers_running", KL_PROM_GAUGE, "Containers that run.", (double)pods.containers);
}

static void write_all(struct kl_metrics *metrics, struct kl_buf *buf)
{
	struct kl_netsync_status netsync = {0};
	metrics->ops.netsync(&netsync, metrics->arg);
	kl_metrics_write_build(buf, metrics->node_name, &netsync);
	kl_buf_push(buf, kl_buf_str(&metrics->tables), metrics->tables.len);
	kl_metrics_write_netsync(buf, &netsync);
	kl_prom_single(buf, "keelson_event_watchers", KL_PROM_GAUGE, "Who watches events (keelson flows).",
		metrics->ops.watchers(metrics->arg));
	write_pods(metrics, buf);
	kl_prom_process(buf);
}

static void begin_reading(struct kl_metrics *metrics);

static void read_done(uv_work_t *work, int status)
{
	struct kl_metrics *metrics = work->data;
	struct ask *asks = kl_take(&metrics->reading_for), *next;
	(void)status;
	metrics->reading = false;
	for (struct ask *ask = asks; ask; ask = next) {
		kl_autobuf text = {0};
		next = ask->next;
		write_all(metrics, &text);
		ask->done(&text, ask->arg);
		free(ask);
	}
	if (metrics->asks)
		begin_reading(metrics);
}

static void begin_reading(struct kl_metrics *metrics)
{
	metrics->reading = true;
	metrics->reading_for = kl_take(&metrics->asks);
	metrics->work.data = metrics;
	kl_buf_reset(&metrics->tables);
	if (uv_queue_work(metrics->loop, &metrics->work, read_work, read_done))
		read_done(&metrics->work, UV_ENOMEM);
}

void kl_metrics_ask(struct kl_metrics *metrics, void (*done)(struct kl_buf *text, void *arg), void *arg)
{
	struct ask *ask = kl_calloc(1, sizeof(*ask));
	ask->done = done;
	ask->arg = arg;
	LL_APPEND(metrics->asks, ask);
	if (!metrics->reading)
		begin_reading(metrics);
}

/* --- the plain endpoint */

static void answer(struct kl_http_request *req, int status, const char *type, const char *text)
{
	struct kl_buf body = {0};
	kl_buf_str_push(&body, text);
	kl_http_reply_buf(req, status, type, &body);
}

static void on_text(struct kl_buf *text, void *req)
{
	kl_http_reply_buf(req, 200, KL_PROM_CONTENT_TYPE, text);
}

static void on_mail(uv_async_t *async)
{
	struct kl_metrics *metrics = async->data;
	struct mailbox *mailbox = metrics->mailbox;
	struct kl_http_request *waiting[WAITING_MAX];
	pthread_mutex_lock(&mailbox->lock);
	size_t count = mailbox->count;
	memcpy(waiting, mailbox->waiting, count * sizeof(*waiting));
	mailbox->count = 0;
	pthread_mutex_unlock(&mailbox->lock);
	for (size_t i = 0; i < count; i++)
		kl_metrics_ask(metrics, on_text, waiting[i]);
}

static void on_metrics(struct kl_http_request *req, void *arg)
{
	struct mailbox *mailbox = arg;
	kl_http_defer(req, NULL, NULL);
	pthread_mutex_lock(&mailbox->lock);
	bool taken = mailbox->count < WAITING_MAX;
	if (taken)
		mailbox->waiting[mailbox->count++] = req;
	pthread_mutex_unlock(&mailbox->lock);
	if (taken)
		uv_async_send(&mailbox->async);
	else
		answer(req, 503, "text/plain", "too many ask at once\n");
}

static void on_healthz(struct kl_http_request *req, void *arg)
{
	(void)arg;
	answer(req, 200, "text/plain", "ok");
}

static void on_other(struct kl_http_request *req, void *arg)
{
	(void)arg;
	answer(req, 404, "text/plain", "404 page not found: /metrics, /healthz\n");
}

static int serve(struct kl_metrics *metrics, const char *address, struct kl_err *err)
{
	const char *const addresses[] = {address, NULL};
	const struct kl_httpd_options options = {.addresses = addresses, .threads = 1, .max_connections = 64};
	int rc = kl_httpd_new(&options, &metrics->httpd, err);
	if (rc)
		return rc;
	struct mailbox *mailbox = metrics->mailbox = kl_calloc(1, sizeof(*mailbox));
	pthread_mutex_init(&mailbox->lock, NULL);
	mailbox->async.data = metrics;
	uv_async_init(metrics->loop, &mailbox->async, on_mail);
	uv_unref((uv_handle_t *)&mailbox->async);
	kl_httpd_route(metrics->httpd, "/metrics", on_metrics, mailbox);
	kl_httpd_route(metrics->httpd, "/healthz", on_healthz, NULL);
	kl_httpd_route(metrics->httpd, "/", on_other, NULL);
	return kl_httpd_start(metrics->httpd, err);
}

/* --- start and end */

int kl_metrics_new(
	uv_loop_t *loop, const struct kl_metrics_options *options, struct kl_metrics **ret, struct kl_err *err)
{
	struct kl_metrics *metrics = kl_calloc(1, sizeof(*metrics));
	metrics->loop = loop;
	metrics->ops = *options->ops;
	metrics->arg = options->arg;
	metrics->node_name = kl_strdup(options->node_name);
	metrics->service_limit = options->service_limit;
	metrics->maps = options->maps;
	int rc = options->bind_address && *options->bind_address ? serve(metrics, options->bind_address, err) : 0;
	if (rc) {
		kl_metrics_free(metrics);
		return rc;
	}
	*ret = metrics;
	return 0;
}

static void on_mailbox_closed(uv_handle_t *handle)
{
	struct mailbox *mailbox = container_of(handle, struct mailbox, async);
	pthread_mutex_destroy(&mailbox->lock);
	free(mailbox);
}

void kl_metrics_free(struct kl_metrics *metrics)
{
	if (!metrics)
		return;
	kl_httpd_free(metrics->httpd);
	if (metrics->mailbox)
		on_mail(&metrics->mailbox
				 ->async); /* their connections are cut, their requests are still due an answer */
	while (metrics->reading)
		uv_run(metrics->loop, UV_RUN_ONCE);
	if (metrics->mailbox)
		uv_close((uv_handle_t *)&metrics->mailbox->async, on_mailbox_closed);
	kl_buf_release(&metrics->tables);
	free(metrics->node_name);
	free(metrics);
}

int kl_metrics_port(const struct kl_metrics *metrics)
{
	return metrics->httpd ? kl_httpd_port(metrics->httpd, 0) : 0;
}
