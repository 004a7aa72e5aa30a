/*
 * What is accepted and yet not what people want: told in Warning headers. Everything here is about pods, wherever
 * their specs stand, and about metadata; each test is one small function.
 */
#include "warn.h"

#include "validate.h"

#include <stdarg.h>
#include <string.h>

static void warn_at(struct kl_warnings *warnings, const struct kl_path *path, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void warn_at(struct kl_warnings *warnings, const struct kl_path *path, const char *fmt, ...)
{
	kl_autobuf where = {0};
	va_list args;
	kl_path_text(path, &where);
	va_start(args, fmt);
	kl_autofree char *text = kl_vasprintf(fmt, args);
	va_end(args);
	kl_warnings_add(warnings, "%s: %s", kl_buf_str(&where), text);
}

/* --- old labels of nodes */

static const struct {
	const char *label, *words;
} old_labels[] = {
	{"beta.kubernetes.io/arch", "deprecated since v1.14; use \"kubernetes.io/arch\" instead"},
	{"beta.kubernetes.io/instance-type",
		"deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead"},
	{"beta.kubernetes.io/os", "deprecated since v1.14; use \"kubernetes.io/os\" instead"},
	{"failure-domain.beta.kubernetes.io/region",
		"deprecated since v1.17; use \"topology.kubernetes.io/region\" instead"},
	{"failure-domain.beta.kubernetes.io/zone",
		"deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead"},
};

static const char *old_label(const char *label)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(old_labels); i++)
		if (!strcmp(old_labels[i].label, label))
			return old_labels[i].words;
	return NULL;
}

static void node_selector(const json_t *spec, const struct kl_path *path, struct kl_warnings *warnings)
{
	const char *label;
	json_t *value;
	json_object_foreach (json_object_get(spec, "nodeSelector"), label, value)
		if (old_label(label))
			warn_at(warnings, KL_MAP_KEY(KL_KEY(path, "nodeSelector"), label), "%s", old_label(label));
}

static void node_term(const json_t *term, const struct kl_path *path, struct kl_warnings *warnings)
{
	size_t i;
	json_t *requirement;
	json_array_foreach (json_object_get(term, "matchExpressions"), i, requirement) {
		const char *label = kl_json_str(requirement, "key", NULL);
		if (old_label(label))
			warn_at(warnings, KL_KEY(KL_INDEX(KL_KEY(path, "matchExpressions"), i), "key"), "%s is %s",
				label, old_label(label));
	}
}

static void node_affinity(const json_t *spec, const struct kl_path *path, struct kl_warnings *warnings)
{
	static const char required[] = "requiredDuringSchedulingIgnoredDuringExecution",
			  preferred[] = "preferredDuringSchedulingIgnoredDuringExecution";
	const json_t *affinity = kl_json_get(spec, "affinity", "nodeAffinity", NULL);
	const struct kl_path *at = KL_KEY(KL_KEY(path, "affinity"), "nodeAffinity");
	size_t i;
	json_t *term;
	json_array_foreach (kl_json_get(affinity, required, "nodeSelectorTerms", NULL), i, term)
		node_term(term, KL_INDEX(KL_KEY(KL_KEY(at, required), "nodeSelectorTerms"), i), warnings);
	json_array_foreach (json_object_get(affinity, preferred), i, term)
		node_term(json_object_get(term, "preference"), KL_KEY(KL_INDEX(KL_KEY(at, preferred), i), "preference"),
			warnings);
}

static void topology_keys(const json_t *spec, const struct kl_path *path, struct kl_warnings *warnings)
{
	size_t i;
	json_t *constraint;
	json_array_foreach (json_object_get(spec, "topologySpreadConstraints"), i, constraint) {
		const char *label = kl_json_str(constraint, "topologyKey", NULL);
		if (old_label(label))
			warn_at(warnings, KL_KEY(KL_INDEX(KL_KEY(path, "topologySpreadConstraints"), i), "topologyKey"),
				"%s is %s", label, old_label(label));
	}
}

/* --- volumes that nothing serves any more */

static const struct {
	const char *source, *words;
} old_volumes[] = {
	{"cephfs", "deprecated in v1.28, non-functional in v1.31+"},
	{"flocker", "deprecated in v1.22, non-functional in v1.25+"},
	{"gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"},
	{"glusterfs", "deprecated in v1.25, non-functional in v1.26+"},
	{"photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"},
	{"quobyte", "deprecated in v1.22, non-functional in v1.25+"},
	{"rbd", "deprecated in v1.28, non-functional in v1.31+"},
	{"scaleIO", "deprecated in v1.16, non-functional in v1.22+"},
	{"storageos", "deprecated in v1.22, non-functional in v1.25+"},
};

static void volume_sources(const json_t *source, const struct kl_path *path, struct kl_warnings *warnings)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(old_volumes); i++)
		if (json_object_get(source, old_volumes[i].source))
			warn_at(warnings, KL_KEY(path, old_volumes[i].source), "%s", old_volumes[i].words);
}

static void volumes(const json_t *spec, const struct kl_path *path, struct kl_warnings *warnings)
{
	size_t i;
	json_t *volume;
	json_array_foreach (json_object_get(spec, "volumes"), i, volume)
		volume_sources(volume, KL_INDEX(KL_KEY(path, "volumes"), i), warnings);
}

/* --- containers */

static void hidden_env(const json_t *container, const struct kl_path *path, struct kl_warnings *warnings)
{
	kl_autojson *seen = json_object();
	size_t i;
	json_t *var;
	json_array_foreach (json_object_get(container, "env"), i, var) {
		const char *name = kl_json_str(var, "name", NULL);
		if (json_object_get(seen, name))
			warn_at(warnings, KL_INDEX(KL_KEY(path, "env"), i),
				"hides previous definition of \"%s\", which may be dropped when using apply", name);
		json_object_set_new(seen, name, json_true());
	}
}

static void same_ports(const json_t *container, const struct kl_path *path, struct kl_warnings *warnings)
{
	kl_autojson *seen = json_object();
	const struct kl_path *ports = KL_KEY(path, "ports");
	size_t i;
	json_t *port;
	json_array_foreach (json_object_get(container, "ports"), i, port) {
		kl_autofree char *key = kl_asprintf("%s %s %lld %lld", kl_json_str(port, "hostIP", NULL),
			kl_json_str(port, "protocol", NULL), (long long)kl_json_int(port, 0, "containerPort", NULL),
			(long long)kl_json_int(port, 0, "hostPort", NULL));
		const json_t *first = json_object_get(seen, key);
		kl_autobuf where = {0};
		if (!first) {
			json_object_set_new(seen, key, json_integer((json_int_t)i));
			continue;
		}
		kl_path_text(KL_INDEX(ports, (size_t)json_integer_value(first)), &where);
		warn_at(warnings, KL_INDEX(ports, i), "duplicate port definition with %s", kl_buf_str(&where));
	}
}

/* "128m" of memory is 0.128 bytes: somebody meant 128Mi. */
static void fractions(const json_t *container, const struct kl_path *path, struct kl_warnings *warnings)
{
	static const char *const lists[] = {"limits", "requests"}, *const bytes[] = {"memory", "ephemeral-storage"};
	for (size_t i = 0; i < KL_ARRAY_LEN(lists); i++)
		for (size_t k = 0; k < KL_ARRAY_LEN(bytes); k++) {
			const json_t *quantity = kl_json_get(container, "resources", lists[i], bytes[k], NULL);
			int64_t milli;
			if (json_is_string(quantity) && !kl_quantity_json(quantity, &milli) && milli % 1000 &&
				milli != INT64_MAX)
				warn_at(warnings, KL_MAP_KEY(KL_KEY(KL_KEY(path, "resources"), lists[i]), bytes[k]),
					"fractional byte value \"%s\" is invalid, must be an integer",
					json_string_value(quantity));
		}
}

static void containers(const json_t *spec, const struct kl_path *path, struct kl_warnings *warnings)
{
	static const char *const lists[] = {"initContainers", "containers", "ephemeralContainers"};
	for (size_t k = 0; k < KL_ARRAY_LEN(lists); k++) {
		size_t i;
		json_t *container;
		json_array_foreach (json_object_get(spec, lists[k]), i, container) {
			const struct kl_path *at = KL_INDEX(KL_KEY(path, lists[k]), i);
			hidden_env(container, at, warnings);
			same_ports(container, at, warnings);
			fractions(container, at, warnings);
		}
	}
}

/* --- the rest of a pod */

static void duplicates(const json_t *list, const char *key, const struct kl_path *path, struct kl_warnings *warnings)
{
	kl_autojson *seen = json_object();
	size_t i;
	json_t *entry;
	json_array_foreach (list, i, entry) {
		const char *text = kl_json_str(entry, key, NULL);
		if (json_object_get(seen, text))
			warn_at(warnings, KL_KEY(KL_INDEX(path, i), key), "duplicate %s \"%s\"", key, text);
		json_object_set_new(seen, text, json_true());
	}
}

static void pod_spec(const json_t *spec, const struct kl_path *path, struct kl_warnings *warnings)
{
	node_selector(spec, path, warnings);
	node_affinity(spec, path, warnings);
	topology_keys(spec, path, warnings);
	duplicates(json_object_get(spec, "hostAliases"), "ip", KL_KEY(path, "hostAliases"), warnings);
	duplicates(json_object_get(spec, "imagePullSecrets"), "name", KL_KEY(path, "imagePullSecrets"), warnings);
	volumes(spec, path, warnings);
	containers(spec, path, warnings);
	if (kl_json_int(spec, 0, "terminationGracePeriodSeconds", NULL) < 0)
		warn_at(warnings, KL_KEY(path, "terminationGracePeriodSeconds"),
			"must be >= 0; negative values are invalid and will be treated as 1");
}

static void template(const json_t *parent, const struct kl_path *path, struct kl_warnings *warnings)
{
	const json_t *spec = kl_json_get(parent, "template", "spec", NULL);
	if (spec)
		pod_spec(spec, KL_KEY(KL_KEY(path, "template"), "spec"), warnings);
}

/* --- single kinds */

static void pod(const json_t *object, struct kl_warnings *warnings)
{
	const char *name = kl_json_str(object, "metadata", "name", NULL);
	if (strchr(name, '.') && !*kl_json_str(object, "spec", "hostname", NULL))
		warn_at(warnings, KL_KEY(KL_KEY(NULL, "metadata"), "name"),
			"this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is "
			"recommended: [must not contain dots]");
	pod_spec(json_object_get(object, "spec"), KL_KEY(NULL, "spec"), warnings);
}

static void workload(const json_t *object, struct kl_warnings *warnings)
{
	template(json_object_get(object, "spec"), KL_KEY(NULL, "spec"), warnings);
}

static void pod_template(const json_t *object, struct kl_warnings *warnings)
{
	template(object, NULL, warnings);
}

static void cron_job(const json_t *object, struct kl_warnings *warnings)
{
	template(kl_json_get(object, "spec", "jobTemplate", "spec", NULL),
		KL_KEY(KL_KEY(KL_KEY(NULL, "spec"), "jobTemplate"), "spec"), warnings);
}

static void service(const json_t *object, struct kl_warnings *warnings)
{
	const json_t *spec = json_object_get(object, "spec");
	bool headless = !strcmp(kl_json_str(spec, "clusterIP", NULL), "None");
	if (headless && json_array_size(json_object_get(spec, "externalIPs")))
		kl_warnings_add(warnings, "spec.externalIPs is ignored when spec.clusterIP is \"None\"");
	if (headless && *kl_json_str(spec, "loadBalancerIP", NULL))
		kl_warnings_add(warnings, "spec.loadBalancerIP is ignored when spec.clusterIP is \"None\"");
	if (headless && !strcmp(kl_json_str(spec, "sessionAffinity", NULL), "ClientIP"))
		kl_warnings_add(warnings, "spec.SessionAffinity is ignored for headless services");
	if (strcmp(kl_json_str(spec, "type", NULL), "ExternalName") && *kl_json_str(spec, "externalName", NULL))
		kl_warnings_add(warnings, "spec.externalName is ignored when spec.type is not \"ExternalName\"");
}

static void ingress(const json_t *object, struct kl_warnings *warnings)
{
	if (kl_json_get(object, "metadata", "annotations", "kubernetes.io/ingress.class", NULL))
		kl_warnings_add(warnings, "annotation \"kubernetes.io/ingress.class\" is deprecated, please use "
					  "'spec.ingressClassName' instead");
}

static void storage_annotation(const json_t *object, struct kl_warnings *warnings)
{
	static const char key[] = "volume.beta.kubernetes.io/storage-class";
	if (kl_json_get(object, "metadata", "annotations", key, NULL))
		warn_at(warnings, KL_MAP_KEY(KL_KEY(KL_KEY(NULL, "metadata"), "annotations"), key),
			"deprecated since v1.8; use \"storageClassName\" attribute instead");
}

static void volume(const json_t *object, struct kl_warnings *warnings)
{
	storage_annotation(object, warnings);
	if (!strcmp(kl_json_str(object, "spec", "persistentVolumeReclaimPolicy", NULL), "Recycle"))
		warn_at(warnings, KL_KEY(KL_KEY(NULL, "spec"), "persistentVolumeReclaimPolicy"),
			"The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic "
			"provisioning.");
	volume_sources(json_object_get(object, "spec"), KL_KEY(NULL, "spec"), warnings);
}

static const struct {
	const char *group, *kind;
	void (*warn)(const json_t *object, struct kl_warnings *warnings);
} kinds[] = {
	{"", "Pod", pod},
	{"", "PodTemplate", pod_template},
	{"", "ReplicationController", workload},
	{"", "Service", service},
	{"", "PersistentVolume", volume},
	{"", "PersistentVolumeClaim", storage_annotation},
	{"apps", "DaemonSet", workload},
	{"apps", "Deployment", workload},
	{"apps", "ReplicaSet", workload},
	{"apps", "StatefulSet", workload},
	{"batch", "CronJob", cron_job},
	{"batch", "Job", workload},
	{"networking.k8s.io", "Ingress", ingress},
};

static void finalizers(const json_t *object, struct kl_warnings *warnings)
{
	size_t i;
	json_t *name;
	json_array_foreach (kl_json_get(object, "metadata", "finalizers", NULL), i, name) {
		const char *text = json_string_value(name) ?: "";
		bool known =
			!strcmp(text, "orphan") || !strcmp(text, "foregroundDeletion") || !strcmp(text, "kubernetes");
		if (!strchr(text, '/') && !known)
			kl_warnings_add(warnings,
				"metadata.finalizers: \"%s\": prefer a domain-qualified finalizer name including a "
				"path (/) "
				"to avoid accidental conflicts with other finalizer writers",
				text);
	}
}

void kl_warn(const struct kl_kind *kind, const json_t *object, struct kl_warnings *warnings)
{
	finalizers(object, warnings);
	for (size_t i = 0; i < KL_ARRAY_LEN(kinds); i++)
		if (!strcmp(kinds[i].kind, kind->kind) && !strcmp(kinds[i].group, kind->group))
			kinds[i].warn(object, warnings);
}
