#include "sched_impl.h"

#include <stdlib.h>
#include <string.h>

static enum effect effect_parse(const char *text)
{
	static const struct {
		const char *text;
		enum effect effect;
	} table[] = {{"NoSchedule", EFFECT_NO_SCHEDULE}, {"PreferNoSchedule", EFFECT_PREFER_NO_SCHEDULE},
		{"NoExecute", EFFECT_NO_EXECUTE}};
	for (size_t i = 0; i < KL_ARRAY_LEN(table); i++) {
		if (!strcmp(table[i].text, text))
			return table[i].effect;
	}
	return EFFECT_NONE;
}

void taints_parse(const json_t *taints, struct taint **ret, size_t *ret_count)
{
	size_t i;
	json_t *taint;
	*ret_count = json_array_size(taints);
	*ret = kl_calloc(*ret_count + 1, sizeof(**ret));
	json_array_foreach (taints, i, taint) {
		(*ret)[i].key = kl_strdup(kl_json_str(taint, "key", NULL));
		(*ret)[i].value = kl_strdup(kl_json_str(taint, "value", NULL));
		(*ret)[i].effect = effect_parse(kl_json_str(taint, "effect", NULL));
	}
}

void taints_free(struct taint *taints, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(taints[i].key);
		free(taints[i].value);
	}
	free(taints);
}

void tolerations_parse(const json_t *tolerations, struct toleration **ret, size_t *ret_count)
{
	size_t i;
	json_t *item;
	*ret_count = json_array_size(tolerations);
	*ret = kl_calloc(*ret_count + 1, sizeof(**ret));
	json_array_foreach (tolerations, i, item) {
		(*ret)[i].key = kl_strdup(kl_json_str(item, "key", NULL));
		(*ret)[i].value = kl_strdup(kl_json_str(item, "value", NULL));
		(*ret)[i].exists = !strcmp(kl_json_str(item, "operator", NULL), "Exists");
		(*ret)[i].effect = effect_parse(kl_json_str(item, "effect", NULL));
	}
}

void tolerations_free(struct toleration *tolerations, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(tolerations[i].key);
		free(tolerations[i].value);
	}
	free(tolerations);
}

static bool tolerates(const struct toleration *t, const struct taint *taint)
{
	if (t->effect != EFFECT_NONE && t->effect != taint->effect)
		return false;
	if (*t->key && strcmp(t->key, taint->key) != 0)
		return false;
	return t->exists || !strcmp(t->value, taint->value);
}

static bool tolerated(const struct kl_sched_class *cls, const struct taint *taint)
{
	for (size_t i = 0; i < cls->toleration_count; i++) {
		if (tolerates(&cls->tolerations[i], taint))
			return true;
	}
	return false;
}

const struct taint *untolerated_taint(const struct kl_sched_class *cls, const struct node *node, unsigned effects)
{
	for (size_t i = 0; i < node->taint_count; i++) {
		if (effects >> node->taints[i].effect & 1 && !tolerated(cls, &node->taints[i]))
			return &node->taints[i];
	}
	return NULL;
}

unsigned untolerated_count(const struct kl_sched_class *cls, const struct node *node, enum effect effect)
{
	unsigned count = 0;
	for (size_t i = 0; i < node->taint_count; i++)
		count += node->taints[i].effect == effect && !tolerated(cls, &node->taints[i]);
	return count;
}
