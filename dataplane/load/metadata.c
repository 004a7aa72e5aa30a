/* Which build a program is of, in its .rodata (bpf/lib/metadata.h), where bpftool looks for it. */
#include "load_impl.h"

#include <bpf/btf.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name, *value;
} facts[] = {
	{"bpf_metadata_version", KL_VERSION},
	{"bpf_metadata_git", KL_COMMIT},
};

static struct bpf_map *rodata_of(struct bpf_object *object)
{
	struct bpf_map *map;
	bpf_object__for_each_map (map, object) {
		const char *name = bpf_map__name(map);
		size_t len = strlen(name);
		if (len >= 7 && !strcmp(name + len - 7, ".rodata"))
			return map;
	}
	return NULL;
}

static void fill(const struct btf *btf, const struct btf_type *section, char *bytes, size_t size)
{
	const struct btf_var_secinfo *place = btf_var_secinfos(section);
	for (int i = 0; i < btf_vlen(section); i++, place++) {
		const struct btf_type *var = btf__type_by_id(btf, place->type);
		const char *name = var ? btf__name_by_offset(btf, var->name_off) : "";
		for (size_t k = 0; k < KL_ARRAY_LEN(facts); k++)
			if (!strcmp(name, facts[k].name) && place->offset + place->size <= size)
				snprintf(bytes + place->offset, place->size, "%s", facts[k].value);
	}
}

void kl_object_describe(struct bpf_object *object)
{
	const struct btf *btf = bpf_object__btf(object);
	struct bpf_map *map = rodata_of(object);
	int id = btf ? btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC) : -1;
	size_t size = 0;
	char *bytes = map ? (char *)bpf_map__initial_value(map, &size) : NULL;
	if (id >= 0 && bytes)
		fill(btf, btf__type_by_id(btf, (uint32_t)id), bytes, size);
}
