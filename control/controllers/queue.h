/* A controller's keys: each at most once, due now or later, with the number of failures in a row. */
#ifndef KL_CTL_QUEUE_H
#define KL_CTL_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

struct queue;
struct queue *queue_new(void);
void queue_free(struct queue *queue);
/* Due no later than due_ms (0: now); an earlier time stands. A key that failed waits for its delay at least. */
void queue_add(struct queue *queue, const char *key, int64_t due_ms);
/* Due after a delay that doubles with each failure: 5 ms to 30 s. `round` numbers the batch of writes it belongs to. */
void queue_failed(struct queue *queue, const char *key, uint64_t round, int64_t now_ms);
/* Forgets the failures, except those of the same round. */
void queue_succeeded(struct queue *queue, const char *key, uint64_t round);
unsigned queue_failures(const struct queue *queue, const char *key);
/* Takes a key that is due, in order of adding; the caller's. NULL: none. */
char *queue_take(struct queue *queue, int64_t now_ms);
/* When the next one is due; INT64_MAX: never. */
int64_t queue_next_ms(const struct queue *queue);

/* For metrics: any thread. */
struct queue_figures {
	uint64_t depth; /* due now */
	uint64_t adds, retries;
};
void queue_figures(const struct queue *queue, struct queue_figures *ret);

#endif
