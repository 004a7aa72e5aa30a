#include "db.h"

#include "mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

enum statement { BEGIN, COMMIT, ROLLBACK, INSERT, UPDATE, DELETE, DELETION, PUT_KV, STATEMENTS };

static const char *const statements[STATEMENTS] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[INSERT] = "INSERT INTO objects(row, kind, ns, name, uid, labels, rv, rv_at, rv_len, json) "
		   "VALUES(?,?,?,?,?,?,?,?,?,?)",
	[UPDATE] =
		("UPDATE objects SET kind=?2, ns=?3, name=?4, uid=?5, labels=?6, rv=?7, rv_at=?8, rv_len=?9, json=?10 "
		 "WHERE row=?1"),
	[DELETE] = "DELETE FROM objects WHERE row=?",
	[DELETION] = "INSERT INTO deletions(kind, rv) VALUES(?,?) ON CONFLICT(kind) DO UPDATE SET rv=excluded.rv",
	[PUT_KV] = "INSERT INTO kv(key, value) VALUES(?,?) ON CONFLICT(key) DO UPDATE SET value=excluded.value",
};

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS objects(row INTEGER PRIMARY KEY, kind TEXT NOT NULL, ns TEXT NOT NULL, name TEXT "
	"NOT NULL,"
	" uid TEXT NOT NULL, labels BLOB NOT NULL, rv INTEGER NOT NULL, rv_at INTEGER NOT NULL, rv_len INTEGER NOT "
	"NULL,"
	" json BLOB NOT NULL);"
	"CREATE TABLE IF NOT EXISTS deletions(kind TEXT PRIMARY KEY, rv INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS kv(key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;";

enum { SCHEMA_VERSION = 1 };

struct db {
	sqlite3 *handle;
	sqlite3_stmt *statements[STATEMENTS];
	int wal_pages;
};

static int fail(struct db *db, struct kl_err *err, const char *what)
{
	int code = sqlite3_errcode(db->handle) & 0xff;
	return kl_fail_msg(err, code == SQLITE_FULL ? ENOSPC : EIO, "%s: %s", what, sqlite3_errmsg(db->handle));
}

static int execute(struct db *db, const char *sql, struct kl_err *err)
{
	return sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : fail(db, err, "store");
}

static int on_wal(void *arg, sqlite3 *handle, const char *name, int pages)
{
	(void)handle, (void)name;
	((struct db *)arg)->wal_pages = pages;
	return SQLITE_OK;
}

static int read_version(struct db *db)
{
	sqlite3_stmt *query = NULL;
	int version = -1;
	if (sqlite3_prepare_v2(db->handle, "PRAGMA user_version", -1, &query, NULL) == SQLITE_OK &&
		sqlite3_step(query) == SQLITE_ROW)
		version = sqlite3_column_int(query, 0);
	sqlite3_finalize(query);
	return version;
}

static int set_up(struct db *db, const char *path, struct kl_err *err)
{
	/* Exclusive: a second server on the same file is refused, and the log's index needs no shared memory. */
	int rc = execute(db,
		"PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
		"PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-1024; PRAGMA temp_store=MEMORY;"
		"BEGIN IMMEDIATE; COMMIT;",
		err);
	if (rc < 0)
		return sqlite3_errcode(db->handle) == SQLITE_BUSY
			       ? kl_fail_msg(err, EBUSY, "store '%s' is in use by another server", path)
			       : rc;
	int version = read_version(db);
	if (version > SCHEMA_VERSION)
		return kl_fail_msg(err, EPROTO, "store '%s' was written by a newer version", path);
	rc = execute(db, schema, err);
	if (rc == 0 && version != SCHEMA_VERSION) {
		kl_autofree char *sql = kl_asprintf("PRAGMA user_version=%d", SCHEMA_VERSION);
		rc = execute(db, sql, err);
	}
	for (int i = 0; i < STATEMENTS && rc == 0; i++)
		if (sqlite3_prepare_v3(
			    db->handle, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &db->statements[i], NULL))
			rc = fail(db, err, "store");
	sqlite3_wal_hook(db->handle, on_wal, db);
	return rc;
}

int db_open(const char *path, struct db **ret, struct kl_err *err)
{
	/* SQLite gives its other files the mode of this one. */
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return kl_fail(err, errno, "open store '%s'", path);
	close(fd);
	struct db *db = kl_calloc(1, sizeof(*db));
	int rc = 0;
	if (sqlite3_open_v2(
		    path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL))
		rc = fail(db, err, "open the store");
	if (rc == 0)
		rc = set_up(db, path, err);
	if (rc < 0) {
		db_close(db);
		return rc;
	}
	*ret = db;
	return 0;
}

void db_close(struct db *db)
{
	if (!db)
		return;
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(db->statements[i]);
	sqlite3_close(db->handle);
	free(db);
}

/* Runs a prepared statement whose values are bound. */
static int run(struct db *db, enum statement which, struct kl_err *err)
{
	sqlite3_stmt *statement = db->statements[which];
	int rc = sqlite3_step(statement) == SQLITE_DONE ? 0 : fail(db, err, "write to the store");
	sqlite3_reset(statement);
	return rc;
}

static const char *text_at(sqlite3_stmt *query, int column)
{
	return (const char *)sqlite3_column_text(query, column);
}

int db_load_objects(struct db *db, void (*each)(const struct db_row *row, void *arg), void *arg, struct kl_err *err)
{
	sqlite3_stmt *query = NULL;
	int step = sqlite3_prepare_v2(db->handle,
		"SELECT row, kind, ns, name, uid, labels, rv, rv_at, rv_len, json FROM objects", -1, &query, NULL);
	while (step == SQLITE_OK || step == SQLITE_ROW) {
		step = sqlite3_step(query);
		if (step != SQLITE_ROW)
			break;
		struct db_row row = {
			.row = sqlite3_column_int64(query, 0),
			.kind = text_at(query, 1),
			.ns = text_at(query, 2),
			.name = text_at(query, 3),
			.uid = text_at(query, 4),
			.labels = sqlite3_column_blob(query, 5),
			.labels_len = (size_t)sqlite3_column_bytes(query, 5),
			.rv = (uint64_t)sqlite3_column_int64(query, 6),
			.rv_at = (unsigned)sqlite3_column_int(query, 7),
			.rv_len = (unsigned)sqlite3_column_int(query, 8),
			.json = sqlite3_column_blob(query, 9),
			.len = (size_t)sqlite3_column_bytes(query, 9),
		};
		each(&row, arg);
	}
	sqlite3_finalize(query);
	return step == SQLITE_DONE ? 0 : fail(db, err, "load objects");
}

int db_load_deletions(
	struct db *db, void (*each)(const char *kind, uint64_t rv, void *arg), void *arg, struct kl_err *err)
{
	sqlite3_stmt *query = NULL;
	int step = sqlite3_prepare_v2(db->handle, "SELECT kind, rv FROM deletions", -1, &query, NULL);
	while (step == SQLITE_OK || step == SQLITE_ROW) {
		step = sqlite3_step(query);
		if (step == SQLITE_ROW)
			each(text_at(query, 0), (uint64_t)sqlite3_column_int64(query, 1), arg);
	}
	sqlite3_finalize(query);
	return step == SQLITE_DONE ? 0 : fail(db, err, "load deletions");
}

int db_load_kv(struct db *db, void (*each)(const char *key, const void *value, size_t len, void *arg), void *arg,
	struct kl_err *err)
{
	sqlite3_stmt *query = NULL;
	int step = sqlite3_prepare_v2(db->handle, "SELECT key, value FROM kv", -1, &query, NULL);
	while (step == SQLITE_OK || step == SQLITE_ROW) {
		step = sqlite3_step(query);
		if (step == SQLITE_ROW)
			each(text_at(query, 0), sqlite3_column_blob(query, 1), (size_t)sqlite3_column_bytes(query, 1),
				arg);
	}
	sqlite3_finalize(query);
	return step == SQLITE_DONE ? 0 : fail(db, err, "load values");
}

int db_begin(struct db *db, struct kl_err *err)
{
	return run(db, BEGIN, err);
}

static int put_row(struct db *db, enum statement which, const struct db_row *row, struct kl_err *err)
{
	sqlite3_stmt *to = db->statements[which];
	sqlite3_bind_int64(to, 1, row->row);
	sqlite3_bind_text(to, 2, row->kind, -1, SQLITE_STATIC);
	sqlite3_bind_text(to, 3, row->ns, -1, SQLITE_STATIC);
	sqlite3_bind_text(to, 4, row->name, -1, SQLITE_STATIC);
	sqlite3_bind_text(to, 5, row->uid, -1, SQLITE_STATIC);
	sqlite3_bind_blob(to, 6, row->labels, (int)row->labels_len, SQLITE_STATIC);
	sqlite3_bind_int64(to, 7, (sqlite3_int64)row->rv);
	sqlite3_bind_int(to, 8, (int)row->rv_at);
	sqlite3_bind_int(to, 9, (int)row->rv_len);
	sqlite3_bind_blob(to, 10, row->json, (int)row->len, SQLITE_STATIC);
	return run(db, which, err);
}

int db_insert(struct db *db, const struct db_row *row, struct kl_err *err)
{
	return put_row(db, INSERT, row, err);
}

int db_update(struct db *db, const struct db_row *row, struct kl_err *err)
{
	return put_row(db, UPDATE, row, err);
}

int db_delete(struct db *db, int64_t row, const char *kind, uint64_t rv, struct kl_err *err)
{
	sqlite3_bind_int64(db->statements[DELETE], 1, row);
	int rc = run(db, DELETE, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_text(db->statements[DELETION], 1, kind, -1, SQLITE_STATIC);
	sqlite3_bind_int64(db->statements[DELETION], 2, (sqlite3_int64)rv);
	return run(db, DELETION, err);
}

int db_put_kv(struct db *db, const char *key, const void *value, size_t len, struct kl_err *err)
{
	sqlite3_bind_text(db->statements[PUT_KV], 1, key, -1, SQLITE_STATIC);
	sqlite3_bind_blob(db->statements[PUT_KV], 2, len ? value : "", (int)len, SQLITE_STATIC);
	return run(db, PUT_KV, err);
}

int db_commit(struct db *db, struct kl_err *err)
{
	return run(db, COMMIT, err);
}

void db_rollback(struct db *db)
{
	if (!sqlite3_get_autocommit(db->handle))
		run(db, ROLLBACK, NULL);
}

int db_wal_pages(const struct db *db)
{
	return db->wal_pages;
}

void db_checkpoint(struct db *db)
{
	/* Not truncated: the next commits overwrite the log in place, which costs the disk half of what growing a file
	 * does. */
	sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
	db->wal_pages = 0;
}
