/* Answers: bytes at once. */
#include "httpd_impl.h"

#include <stdlib.h>
#include <string.h>

void add_headers(
	struct MHD_Response *response, const char *content_type, const struct kl_http_header *headers, size_t count)
{
	if (content_type)
		MHD_add_response_header(response, "Content-Type", content_type);
	for (size_t i = 0; i < count; i++)
		MHD_add_response_header(response, headers[i].name, headers[i].value);
}

void request_answer(struct kl_http_request *req, unsigned status, struct MHD_Response *response)
{
	struct MHD_Response *unsent = response;
	if (req->warning)
		MHD_add_response_header(response, "Warning", req->warning);
	pthread_mutex_lock(&req->lock);
	if (req->conn && !req->answered) {
		req->response = response;
		req->status = status;
		unsent = NULL;
	}
	req->answered = true;
	req->cancelled = NULL;
	struct MHD_Connection *sleeper = request_take_sleeper(req);
	pthread_mutex_unlock(&req->lock);
	resume_connection(sleeper);
	if (unsent)
		MHD_destroy_response(unsent);
	request_unref(req);
}

void kl_http_warn(struct kl_http_request *req, const char *value)
{
	req->warning = value;
}

void kl_http_release_free(void *arg)
{
	free(arg);
}

void kl_http_reply(struct kl_http_request *req, const struct kl_http_reply *reply)
{
	void *data = (void *)(uintptr_t)(reply->len ? reply->data : "");
	struct MHD_Response *response = reply->release
						? MHD_create_response_from_buffer_with_free_callback_cls(
							  reply->len, data, reply->release, reply->arg)
						: MHD_create_response_from_buffer(reply->len, data,
							  reply->len ? MHD_RESPMEM_MUST_COPY : MHD_RESPMEM_PERSISTENT);
	if (!response)
		abort();
	add_headers(response, reply->content_type, reply->headers, reply->header_count);
	request_answer(req, (unsigned)reply->status, response);
}

void kl_http_reply_buf(struct kl_http_request *req, int status, const char *content_type, struct kl_buf *body)
{
	size_t len = body->len;
	char *data = kl_buf_take(body);
	kl_http_reply(req, &(struct kl_http_reply){.status = status,
				   .content_type = content_type,
				   .data = data,
				   .len = len,
				   .release = kl_http_release_free,
				   .arg = data});
}

void request_answer_error(struct kl_http_request *req, int status, const char *message)
{
	kl_autobuf body = {0};
	const char *type = "text/plain; charset=utf-8";
	if (req->httpd->options.error_body)
		req->httpd->options.error_body(status, message, &body, &type);
	else
		kl_buf_printf(&body, "%s\n", message);
	kl_http_reply_buf(req, status, type, &body);
}

static const struct {
	int status;
	const char *text;
} status_texts[] = {
	{200, "OK"},
	{201, "Created"},
	{202, "Accepted"},
	{304, "Not Modified"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{406, "Not Acceptable"},
	{408, "Request Timeout"},
	{409, "Conflict"},
	{410, "Gone"},
	{413, "Request Entity Too Large"},
	{415, "Unsupported Media Type"},
	{422, "Unprocessable Entity"},
	{429, "Too Many Requests"},
	{431, "Request Header Fields Too Large"},
	{500, "Internal Server Error"},
	{502, "Bad Gateway"},
	{503, "Service Unavailable"},
	{504, "Gateway Timeout"},
};

const char *kl_http_status_text(int status)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(status_texts); i++)
		if (status_texts[i].status == status)
			return status_texts[i].text;
	return "Unknown";
}
