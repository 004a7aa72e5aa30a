#include "fields.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A run of bits; little endian, as the machine's bit-fields are. */
struct run {
	uint32_t from, to, bits;
};

struct kl_fields {
	struct run *runs;
	size_t count;
	uint32_t from_bytes, to_bytes;
	bool whole; /* every byte of both is covered by one run, or reserved in both at the same place */
};

struct side {
	const struct btf *btf;
	uint32_t type;
	uint32_t bit;  /* where it stands in its value */
	uint32_t bits; /* of a bit-field; 0: the type's own size */
};

struct building {
	struct kl_fields *fields;
	uint32_t reserved_bits; /* alike on both sides */
};

static void push(struct kl_fields *fields, uint32_t from, uint32_t to, uint32_t bits)
{
	struct run *last = fields->count ? &fields->runs[fields->count - 1] : NULL;
	if (last && last->from + last->bits == from && last->to + last->bits == to) {
		last->bits += bits;
		return;
	}
	fields->runs = kl_reallocarray(fields->runs, fields->count + 1, sizeof(*fields->runs));
	fields->runs[fields->count++] = (struct run){from, to, bits};
}

static const struct btf_type *resolved(struct side *side)
{
	int type = btf__resolve_type(side->btf, side->type);
	side->type = type < 0 ? 0 : (uint32_t)type;
	return btf__type_by_id(side->btf, side->type);
}

static uint32_t bits_of(const struct side *side)
{
	int64_t size = btf__resolve_size(side->btf, side->type);
	return side->bits ? side->bits : size < 0 ? 0 : (uint32_t)size * 8;
}

static bool is_number(const struct btf_type *type)
{
	return btf_is_int(type) || btf_is_enum(type) || btf_is_enum64(type);
}

static const struct btf_member *member_named(const struct btf *btf, const struct btf_type *type, const char *name)
{
	const struct btf_member *members = btf_members(type);
	for (int i = 0; i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(btf, members[i].name_off), name))
			return &members[i];
	return NULL;
}

static struct side side_of_member(
	const struct side *whole, const struct btf_type *type, const struct btf_member *member)
{
	uint32_t index = (uint32_t)(member - btf_members(type));
	return (struct side){.btf = whole->btf,
		.type = member->type,
		.bit = whole->bit + btf_member_bit_offset(type, index),
		.bits = btf_member_bitfield_size(type, index)};
}

static void add(struct building *building, struct side from, struct side to);

static void add_members(struct building *building, const struct side *from, const struct btf_type *from_type,
	const struct side *to, const struct btf_type *to_type)
{
	const struct btf_member *members = btf_members(to_type);
	for (int i = 0; i < btf_vlen(to_type); i++) {
		const char *name = btf__name_by_offset(to->btf, members[i].name_off);
		const struct btf_member *old = member_named(from->btf, from_type, name);
		struct side there = side_of_member(to, to_type, &members[i]);
		if (!old)
			continue;
		struct side here = side_of_member(from, from_type, old);
		if (strncmp(name, "reserved", 8))
			add(building, here, there);
		else if (here.bit == there.bit && bits_of(&here) == bits_of(&there))
			building->reserved_bits += bits_of(&there);
		if (btf_is_union(to_type))
			return; /* the first view stands for all */
	}
}

static void add_elements(struct building *building, const struct side *from, const struct btf_type *from_type,
	const struct side *to, const struct btf_type *to_type)
{
	const struct btf_array *olds = btf_array(from_type), *news = btf_array(to_type);
	uint32_t count = olds->nelems < news->nelems ? olds->nelems : news->nelems;
	int64_t old_size = btf__resolve_size(from->btf, olds->type), new_size = btf__resolve_size(to->btf, news->type);
	for (uint32_t i = 0; i < count && old_size > 0 && new_size > 0; i++)
		add(building, (struct side){from->btf, olds->type, from->bit + i * (uint32_t)old_size * 8, 0},
			(struct side){to->btf, news->type, to->bit + i * (uint32_t)new_size * 8, 0});
}

/* What is of another kind on the other side has nothing in common but its name: left zero. */
static void add(struct building *building, struct side from, struct side to)
{
	const struct btf_type *from_type = resolved(&from), *to_type = resolved(&to);
	if (!from_type || !to_type)
		return;
	if (is_number(from_type) && is_number(to_type)) {
		uint32_t old_bits = bits_of(&from), new_bits = bits_of(&to);
		push(building->fields, from.bit, to.bit, old_bits < new_bits ? old_bits : new_bits);
	} else if (btf_is_composite(from_type) && btf_is_composite(to_type)) {
		add_members(building, &from, from_type, &to, to_type);
	} else if (btf_is_array(from_type) && btf_is_array(to_type)) {
		add_elements(building, &from, from_type, &to, to_type);
	}
}

struct source {
	struct btf *btf;
	uint32_t type, bytes;
};

static int source_of(int fd, enum kl_fields_of of, struct source *ret, struct kl_err *err)
{
	struct bpf_map_info info = {0};
	uint32_t len = sizeof(info);
	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		return kl_fail(err, errno, "ask about a map");
	ret->type = of == KL_FIELDS_KEY ? info.btf_key_type_id : info.btf_value_type_id;
	ret->bytes = of == KL_FIELDS_KEY ? info.key_size : info.value_size;
	if (!info.btf_id || !ret->type)
		return kl_fail_msg(err, ENOENT, "the map %s has no BTF type", info.name);
	ret->btf = btf__load_from_kernel_by_id(info.btf_id);
	return ret->btf ? 0 : kl_fail(err, errno, "read the BTF types of map %s", info.name);
}

static int narrow(struct source *source, const char *member, struct kl_err *err)
{
	struct side side = {.btf = source->btf, .type = source->type};
	const struct btf_type *type = resolved(&side);
	const struct btf_member *found =
		type && btf_is_composite(type) ? member_named(source->btf, type, member) : NULL;
	if (!found)
		return kl_fail_msg(err, ENOENT, "a map's type has no member '%s'", member);
	source->type = found->type;
	source->bytes = (uint32_t)btf__resolve_size(source->btf, found->type);
	return 0;
}

static void finish(struct building *building)
{
	struct kl_fields *fields = building->fields;
	uint32_t covered = building->reserved_bits;
	bool in_place = fields->from_bytes == fields->to_bytes;
	for (size_t i = 0; i < fields->count; i++) {
		covered += fields->runs[i].bits;
		in_place = in_place && fields->runs[i].from == fields->runs[i].to;
	}
	fields->whole = in_place && covered == fields->to_bytes * 8;
}

static int build(const struct source *from, const struct source *to, struct kl_fields **ret)
{
	struct kl_fields *fields = kl_calloc(1, sizeof(*fields));
	struct building building = {.fields = fields};
	fields->from_bytes = from->bytes;
	fields->to_bytes = to->bytes;
	add(&building, (struct side){from->btf, from->type, 0, 0}, (struct side){to->btf, to->type, 0, 0});
	finish(&building);
	*ret = fields;
	return 0;
}

int kl_fields_new(
	int from_fd, int to_fd, enum kl_fields_of of, const char *member, struct kl_fields **ret, struct kl_err *err)
{
	struct source from = {0}, to = {0};
	int failed = source_of(from_fd, of, &from, err);
	if (!failed)
		failed = source_of(to_fd, of, &to, err);
	if (!failed && member)
		failed = narrow(&from, member, err);
	if (!failed && member)
		failed = narrow(&to, member, err);
	if (!failed)
		failed = build(&from, &to, ret);
	btf__free(from.btf);
	btf__free(to.btf);
	return failed;
}

void kl_fields_free(struct kl_fields *fields)
{
	if (!fields)
		return;
	free(fields->runs);
	free(fields);
}

bool kl_fields_same(const struct kl_fields *fields)
{
	return fields->whole;
}

size_t kl_fields_bytes(const struct kl_fields *fields)
{
	return fields->to_bytes;
}

static void copy_bits(const uint8_t *from, uint8_t *to, const struct run *run)
{
	for (uint32_t i = 0; i < run->bits; i++) {
		uint32_t old = run->from + i, new = run->to + i;
		to[new / 8] = (uint8_t)(to[new / 8] | (from[old / 8] >> old % 8 & 1) << new % 8);
	}
}

void kl_fields_copy(const struct kl_fields *fields, const void *from, void *to)
{
	memset(to, 0, fields->to_bytes);
	for (size_t i = 0; i < fields->count; i++) {
		const struct run *run = &fields->runs[i];
		if ((run->from | run->to | run->bits) % 8)
			copy_bits(from, to, run);
		else
			memcpy((uint8_t *)to + run->to / 8, (const uint8_t *)from + run->from / 8, run->bits / 8);
	}
}

int kl_fields_place(int fd, const char *member, uint32_t *ret, struct kl_err *err)
{
	struct source source = {0};
	int failed = source_of(fd, KL_FIELDS_VALUE, &source, err);
	if (failed)
		return failed;
	struct side side = {.btf = source.btf, .type = source.type};
	const struct btf_type *type = resolved(&side);
	const struct btf_member *found = type && btf_is_composite(type) ? member_named(source.btf, type, member) : NULL;
	if (found)
		*ret = btf_member_bit_offset(type, (uint32_t)(found - btf_members(type))) / 8;
	btf__free(source.btf);
	return found ? 0 : kl_fail_msg(err, ENOENT, "a map's type has no member '%s'", member);
}
