#include "net/http_local.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECT_MS = 5000, STATUS_OK = 200 };

struct http_local {
	CURLM *multi;
};

struct http_answer {
	struct http_local *of;
	CURL *easy;
	char *target;
	size_t max;
	bool too_long;
	bool ended;
	CURLcode result;
	struct str body;
};

static void *need(void *made)
{
	if (!made)
		mem_exhausted();
	return made;
}

struct http_local *http_local_new(void)
{
	struct http_local *h = mem_alloc(sizeof(*h));

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		mem_exhausted();
	h->multi = need(curl_multi_init());
	return h;
}

struct http_local *http_local_free(struct http_local *h)
{
	if (!h)
		return NULL;
	curl_multi_cleanup(h->multi);
	free(h);
	curl_global_cleanup();
	return NULL;
}

static long status_of(const struct http_answer *a)
{
	long status = 0;

	curl_easy_getinfo(a->easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static size_t on_body(char *data, size_t size, size_t count, void *user)
{
	struct http_answer *a = user;
	size_t n = size * count;

	a->too_long = a->body.len + n > a->max;
	if (a->too_long)
		return 0;
	str_add_mem(&a->body, data, n);
	return n;
}

static void set_up(struct http_answer *a, const char *socket, int64_t timeout_ms)
{
	AUTO_FREE char *url = mem_printf("http://localhost%s", a->target);
	CURL *c = a->easy;

	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, socket);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_PROXY, ""); /* that of the environment is for the network */
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	curl_easy_setopt(c, CURLOPT_FORBID_REUSE, 1L); /* a service that nobody is connected to may end */
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, a);
	curl_easy_setopt(c, CURLOPT_PRIVATE, a);
}

struct http_answer *http_local_get(struct http_local *h, const char *socket, const char *target, size_t max,
				   int64_t timeout_ms)
{
	struct http_answer *a = mem_alloc(sizeof(*a));

	a->of = h;
	a->max = max;
	a->target = mem_strdup(target);
	a->easy = need(curl_easy_init());
	set_up(a, socket, timeout_ms);
	if (curl_multi_add_handle(h->multi, a->easy) != CURLM_OK)
		mem_exhausted();
	return a;
}

void http_local_wait(struct http_local *h, int fd, int timeout_ms)
{
	struct curl_waitfd also = {.fd = fd, .events = CURL_WAIT_POLLIN};
	int running = 0, left = 0;

	curl_multi_poll(h->multi, &also, fd >= 0 ? 1 : 0, timeout_ms, NULL);
	curl_multi_perform(h->multi, &running);
	for (CURLMsg *m; (m = curl_multi_info_read(h->multi, &left));) {
		struct http_answer *a = NULL;
		if (m->msg != CURLMSG_DONE || curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &a) != CURLE_OK)
			continue;
		a->ended = true;
		a->result = m->data.result;
	}
}

const struct str *http_answer_body(const struct http_answer *a)
{
	return &a->body;
}

bool http_answer_ended(struct http_answer *a, struct err **ret_e)
{
	*ret_e = NULL;
	if (!a->ended)
		return false;
	if (a->too_long)
		*ret_e = err_new(ERR_CORRUPT, "the answer to 'GET %s' has more than %zu bytes", a->target, a->max);
	else if (a->result == CURLE_OPERATION_TIMEDOUT)
		*ret_e = err_new(ERR_TIMEOUT, "no answer to 'GET %s' in time", a->target);
	else if (a->result != CURLE_OK)
		*ret_e = err_new(ERR_NET, "'GET %s' failed: %s", a->target, curl_easy_strerror(a->result));
	else if (status_of(a) != STATUS_OK)
		*ret_e = err_new(ERR_GUEST, "'GET %s' was answered with status %ld", a->target, status_of(a));
	return true;
}

struct http_answer *http_answer_drop(struct http_answer *a)
{
	if (!a)
		return NULL;
	curl_multi_remove_handle(a->of->multi, a->easy);
	curl_easy_cleanup(a->easy);
	str_done(&a->body);
	free(a->target);
	free(a);
	return NULL;
}
