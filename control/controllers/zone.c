#include "zone.h"

#include "file.h"

#include <string.h>

enum { HEADER = 44, FILE_MAX = 1 << 20 };

struct counts {
	uint32_t utc, std, leap, times, types, chars;
};

static uint32_t be32(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int64_t be64(const unsigned char *at)
{
	return (int64_t)((uint64_t)be32(at) << 32 | be32(at + 4));
}

static bool read_header(const unsigned char *data, size_t len, struct counts *ret)
{
	if (len < HEADER || memcmp(data, "TZif", 4) != 0 || data[4] < '2')
		return false;
	*ret = (struct counts){
		be32(data + 20), be32(data + 24), be32(data + 28), be32(data + 32), be32(data + 36), be32(data + 40)};
	return ret->times < 100000 && ret->types < 256 && ret->chars < 10000 && ret->leap < 1000 && ret->std < 256 &&
	       ret->utc < 256;
}

static size_t block_size(const struct counts *n, size_t time_size)
{
	return n->times * time_size + n->times + n->types * 6 + n->chars + n->leap * (time_size + 4) + n->std + n->utc;
}

/* The second block has 64-bit times; the first one, for old readers, is skipped. After the last transition its type
 * stays. */
static bool offset_at(const unsigned char *data, size_t len, int64_t at_s, int64_t *ret)
{
	struct counts n;
	if (!read_header(data, len, &n) || len < HEADER + block_size(&n, 4))
		return false;
	data += HEADER + block_size(&n, 4);
	len -= HEADER + block_size(&n, 4);
	if (!read_header(data, len, &n) || len < HEADER + block_size(&n, 8) || !n.types)
		return false;
	const unsigned char *times = data + HEADER, *kinds = times + (size_t)n.times * 8, *types = kinds + n.times;
	unsigned kind = 0;
	for (uint32_t i = 0; i < n.times && be64(times + (size_t)i * 8) <= at_s; i++)
		kind = kinds[i];
	if (kind >= n.types)
		return false;
	*ret = (int32_t)be32(types + (size_t)kind * 6);
	return true;
}

bool zone_offset(const char *name, int64_t at_s, int64_t *ret_offset_s)
{
	kl_autobuf buf = {.max = FILE_MAX};
	*ret_offset_s = 0;
	if (!*name || !strcmp(name, "UTC") || !strcmp(name, "Etc/UTC"))
		return true;
	if (*name == '/' || strstr(name, "..") || strlen(name) > 100)
		return false;
	kl_autofree char *path = kl_asprintf("/usr/share/zoneinfo/%s", name);
	return !kl_file_read(path, &buf, NULL) &&
	       offset_at((const unsigned char *)kl_buf_str(&buf), buf.len, at_s, ret_offset_s);
}
