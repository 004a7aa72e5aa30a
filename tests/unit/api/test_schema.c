#include "openapi.h"

#include "testlib.h"

#include <string.h>

KL_TEST(rows_are_sorted_and_whole)
{
	struct kl_schema_set set;
	kl_schema_set_collect(NULL, &set);
	KL_CHECK(set.count > 300);
	for (size_t i = 0; i < set.count; i++) {
		const struct kl_schema *schema = set.items[i];
		KL_CHECK(schema->openapi && schema->field_count);
		for (size_t k = 0; k < schema->field_count; k++) {
			const struct kl_field *field = &schema->fields[k];
			if (k && strcmp(schema->fields[k - 1].name, field->name) >= 0)
				kl_test_failed(__FILE__, __LINE__, "%s: %s is out of order", schema->name, field->name);
			if ((field->type == KL_T_STRUCT) != (field->ref != NULL))
				kl_test_failed(__FILE__, __LINE__, "%s.%s: a struct has a type, others have none", schema->name, field->name);
			if ((field->flags & KL_LIST_MAP) && (field->shape != KL_LIST || !field->keys || !field->ref))
				kl_test_failed(__FILE__, __LINE__, "%s.%s: a list map needs keys", schema->name, field->name);
			KL_CHECK(kl_schema_field(schema, field->name) == field);
		}
		KL_CHECK(!kl_schema_field(schema, "noSuchField"));
	}
	kl_schema_set_release(&set);
}

/* Keys of list maps are fields of the entries; numbers of protobuf are used once. */
KL_TEST(keys_and_numbers)
{
	struct kl_schema_set set;
	kl_schema_set_collect(NULL, &set);
	for (size_t i = 0; i < set.count; i++)
		for (size_t k = 0; k < set.items[i]->field_count; k++) {
			const struct kl_field *field = &set.items[i]->fields[k];
			for (const char *at = field->ref ? field->keys : NULL; at && *at;) {
				size_t len = strcspn(at, ",");
				kl_autofree char *key = kl_strndup(at, len);
				if (!kl_schema_field(field->ref, key))
					kl_test_failed(__FILE__, __LINE__, "%s.%s: no key %s", set.items[i]->name, field->name, key);
				at += len + (at[len] == ',');
			}
			for (size_t n = 0; field->number && n < k; n++)
				if (set.items[i]->fields[n].number == field->number)
					kl_test_failed(__FILE__, __LINE__, "%s.%s: number %u twice", set.items[i]->name, field->name,
						field->number);
		}
	kl_schema_set_release(&set);
}

KL_TEST(kinds)
{
	size_t count;
	const struct kl_kind *kinds = kl_kinds(&count);
	for (size_t i = 0; i < count; i++) {
		KL_CHECK_INT(kinds[i].id, i);
		KL_CHECK(kl_kind_by_id(kinds[i].storage_id) != NULL);
		KL_CHECK(kl_kind_by_resource(kinds[i].group, kinds[i].version, kinds[i].plural) == &kinds[i]);
		KL_CHECK(kl_kind_by_type(kl_kind_api_version(&kinds[i]), kinds[i].kind) == &kinds[i]);
		KL_CHECK(kinds[i].schema != NULL);
	}
	KL_CHECK_STR(kl_kind_api_version(kl_kind_named("apps", "Deployment")), "apps/v1");
	KL_CHECK_STR(kl_kind_api_version(kl_kind_named("autoscaling", "HorizontalPodAutoscaler")), "autoscaling/v2");
	KL_CHECK(!kl_kind_by_id(100000));
}

KL_MAIN()
