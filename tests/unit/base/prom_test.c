#include "prom.h"
#include "testlib.h"

#include <pthread.h>
#include <string.h>

KL_TEST(families_and_samples_have_prometheus_form)
{
	kl_autobuf buf = {0};
	kl_prom_family(&buf, "kl_x_total", KL_PROM_COUNTER, "A \\ and\na line.");
	kl_prom_count(&buf, "kl_x_total", UINT64_MAX, "service", "a\"b\\c\nd", "proto", "TCP", NULL);
	kl_prom_count(&buf, "kl_x_total", 7, NULL);
	kl_prom_single(&buf, "kl_y", KL_PROM_GAUGE, "Y.", 0.5);
	KL_CHECK_STR(kl_buf_str(&buf), "# HELP kl_x_total A \\\\ and\\na line.\n"
				       "# TYPE kl_x_total counter\n"
				       "kl_x_total{service=\"a\\\"b\\\\c\\nd\",proto=\"TCP\"} 18446744073709551615\n"
				       "kl_x_total 7\n"
				       "# HELP kl_y Y.\n# TYPE kl_y gauge\nkl_y 0.5\n");
}

KL_TEST(histograms_are_cumulative)
{
	static const int64_t ns[] = {-5, 1000, 1001, 2000000, 99000000000};
	struct kl_histogram histogram = {0};
	kl_autobuf buf = {0};
	KL_CHECK(kl_histogram_quantile(&histogram, 0.99) == 0);
	for (size_t i = 0; i < sizeof(ns) / sizeof(ns[0]); i++)
		kl_histogram_add(&histogram, ns[i]);
	kl_histogram_write(&buf, "h", &histogram, "a", "b", NULL);
	const char *text = kl_buf_str(&buf);
	KL_CHECK(strstr(text, "h_bucket{a=\"b\",le=\"1e-06\"} 2\n") != NULL);
	KL_CHECK(strstr(text, "h_bucket{a=\"b\",le=\"5e-06\"} 3\n") != NULL);
	KL_CHECK(strstr(text, "h_bucket{a=\"b\",le=\"0.005\"} 4\n") != NULL);
	KL_CHECK(strstr(text, "h_bucket{a=\"b\",le=\"10\"} 4\n") != NULL);
	KL_CHECK(strstr(text, "h_bucket{a=\"b\",le=\"+Inf\"} 5\n") != NULL);
	KL_CHECK(strstr(text, "h_sum{a=\"b\"} 99.002002\n") != NULL);
	KL_CHECK(strstr(text, "h_count{a=\"b\"} 5\n") != NULL);
	KL_CHECK(kl_histogram_quantile(&histogram, 0.5) == 0.000005);
}

static void *add_many(void *arg)
{
	for (int i = 0; i < 20000; i++)
		kl_histogram_add(arg, i * 100);
	return NULL;
}

KL_TEST(histograms_lose_nothing_between_threads)
{
	struct kl_histogram histogram = {0};
	pthread_t threads[4];
	uint64_t total = 0;
	for (size_t i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, add_many, &histogram);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i <= KL_HISTOGRAM_BUCKETS; i++)
		total += histogram.bucket[i];
	KL_CHECK_INT(total, 80000);
}

KL_TEST(the_process_is_described)
{
	static const char *const wanted[] = {"process_resident_memory_bytes ", "process_cpu_seconds_total ",
		"process_open_fds ", "process_start_time_seconds ", "process_threads 1\n"};
	kl_autobuf buf = {0};
	kl_prom_process(&buf);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		KL_CHECK(strstr(kl_buf_str(&buf), wanted[i]) != NULL);
}

KL_MAIN()
