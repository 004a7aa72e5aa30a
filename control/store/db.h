/*
 * The database file: rows in, rows out. One thread at a time.
 *
 * Rows are found by a number of ours, never by key: the memory index knows the keys. So a creation is an append, and a
 * change touches one place.
 */
#ifndef KL_DB_H
#define KL_DB_H

#include "err.h"

#include <stddef.h>
#include <stdint.h>

struct db;

struct db_row {
	int64_t row;
	const char *kind; /* "apps/Deployment", "/Pod" */
	const char *ns, *name, *uid;
	const char *labels; /* packed */
	size_t labels_len;
	uint64_t rv;
	unsigned rv_at, rv_len;
	const char *json;
	size_t len;
};

int db_open(const char *path, struct db **ret, struct kl_err *err);
void db_close(struct db *db);

/* Everything that is stored; what `each` gets is valid during the call. */
int db_load_objects(struct db *db, void (*each)(const struct db_row *row, void *arg), void *arg, struct kl_err *err);
/* The resourceVersion of the last deletion in each kind. */
int db_load_deletions(
	struct db *db, void (*each)(const char *kind, uint64_t rv, void *arg), void *arg, struct kl_err *err);
int db_load_kv(struct db *db, void (*each)(const char *key, const void *value, size_t len, void *arg), void *arg,
	struct kl_err *err);

/* Between db_begin and db_commit; any failure: db_rollback. -ENOSPC or -EIO. */
int db_begin(struct db *db, struct kl_err *err);
int db_insert(struct db *db, const struct db_row *row, struct kl_err *err);
int db_update(struct db *db, const struct db_row *row, struct kl_err *err);
int db_delete(struct db *db, int64_t row, const char *kind, uint64_t rv, struct kl_err *err);
int db_put_kv(struct db *db, const char *key, const void *value, size_t len, struct kl_err *err);
/* Returns when it is on disk. */
int db_commit(struct db *db, struct kl_err *err);
void db_rollback(struct db *db);

/* Pages in the write-ahead log, and moving them home (call when there is time). */
int db_wal_pages(const struct db *db);
void db_checkpoint(struct db *db);

#endif
