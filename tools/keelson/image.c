/*
 * keelson image: the node's image store.
 */
#include "cmd.h"

#include "clock.h"
#include "images.h"
#include "json.h"
#include "mem.h"
#include "up_cluster.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options {
	const char *image_root, *cluster, *output, *name;
	struct kl_opt_list mirrors;
};

static void human_size(int64_t bytes, char ret[32])
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	double value = (double)bytes;
	size_t unit = 0;

	for (; value >= 1000 && unit + 1 < KL_ARRAY_LEN(units); unit++)
		value /= 1000;
	snprintf(ret, 32, unit ? "%.1f%s" : "%.0f%s", value, units[unit]);
}

static int print_json(const struct kl_image_list *list)
{
	kl_autojson *array = json_array();

	for (size_t i = 0; i < list->count; i++) {
		char pulled[KL_TIME_TEXT];
		kl_time_format(list->items[i].pulled_ms / 1000, pulled);
		json_array_append_new(array,
			json_pack("{s:s,s:s,s:s,s:I,s:s,s:O}", "name", list->items[i].name, "id", list->items[i].id,
				"repoDigest", list->items[i].repo_digest, "size", (json_int_t)list->items[i].size,
				"pulled", pulled, "layers", list->items[i].layers));
	}
	char *text = json_dumps(array, JSON_INDENT(2));
	puts(text);
	free(text);
	return KL_EXIT_OK;
}

static int print_table(const struct kl_image_list *list)
{
	struct kl_columns *table = kl_columns_new((const char *const[]){"IMAGE", "ID", "SIZE", "PULLED", NULL});

	for (size_t i = 0; i < list->count; i++) {
		char size[32], age[KL_TIME_TEXT], id[16];
		human_size(list->items[i].size, size);
		kl_duration_human((kl_realtime_ms() - list->items[i].pulled_ms) / 1000, age);
		snprintf(id, sizeof(id), "%.12s", list->items[i].id + strlen("sha256:"));
		kl_columns_row(table, (const char *const[]){list->items[i].name, id, size, age});
	}
	kl_columns_print(table);
	return KL_EXIT_OK;
}

static int run_list(struct kl_images *images, const struct options *o, struct kl_err *err)
{
	struct kl_image_list list;

	if (kl_images_list(images, &list, err))
		return KL_EXIT_FAILURE;
	int rc = o->output && !strcmp(o->output, "json") ? print_json(&list) : print_table(&list);
	kl_image_list_release(&list);
	return rc;
}

static int run_pull(struct kl_images *images, const struct options *o, struct kl_err *err)
{
	struct kl_image image;

	if (kl_images_pull(images, o->name, NULL, &image, err))
		return KL_EXIT_FAILURE;
	const struct kl_image_list one = {&image, 1};
	if (o->output && !strcmp(o->output, "json"))
		print_json(&one);
	else
		puts(image.repo_digest);
	kl_image_release(&image);
	return KL_EXIT_OK;
}

static int run_rm(struct kl_images *images, const struct options *o, struct kl_err *err)
{
	return kl_images_remove(images, o->name, err) ? KL_EXIT_FAILURE : KL_EXIT_OK;
}

static int run_prune(struct kl_images *images, const struct options *o, struct kl_err *err)
{
	int64_t bytes;
	char size[32];

	(void)o;
	if (kl_images_collect(images, &bytes, err))
		return KL_EXIT_FAILURE;
	human_size(bytes, size);
	printf("%s freed\n", size);
	return KL_EXIT_OK;
}

static const struct verb {
	const char *name;
	bool wants_name;
	int (*run)(struct kl_images *images, const struct options *o, struct kl_err *err);
} verbs[] = {
	{"ls", false, run_list},
	{"pull", true, run_pull},
	{"rm", true, run_rm},
	{"prune", false, run_prune},
};

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < KL_ARRAY_LEN(verbs); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

static int with_store(const struct verb *verb, const struct options *o)
{
	const char *mirrors[KL_ARRAY_LEN(o->mirrors.items) + 1] = {NULL};
	kl_autofree char *work = kl_asprintf("%s/cli", o->image_root);
	const struct kl_images_options options = {.root = o->image_root, .work_dir = work, .mirrors = mirrors};
	struct kl_images *images;
	struct kl_err err = {0};

	for (size_t i = 0; i < o->mirrors.count; i++)
		mirrors[i] = o->mirrors.items[i];
	if (kl_images_new(&options, &images, &err))
		return kl_cmd_fail(&kl_cmd_image, "%s", err.text);
	int rc = verb->run(images, o, &err);
	kl_images_free(images);
	return rc == KL_EXIT_OK ? rc : kl_cmd_fail(&kl_cmd_image, "%s", err.text);
}

/* The store and the registry that the nodes of a local cluster share; their texts are handed to the caller. */
static int of_cluster(struct options *o, char **ret_root, char **ret_mirror, struct kl_err *err)
{
	kl_autocluster *cluster = NULL;

	if (!kl_cluster_name_valid(o->cluster))
		return kl_fail_msg(err, EINVAL, "'%s' is no name of a cluster", o->cluster);
	int rc = kl_cluster_load(o->cluster, &cluster, err);
	if (rc)
		return rc;
	o->image_root = *ret_root = kl_asprintf("%s/images", cluster->data_dir);
	*ret_mirror = kl_asprintf("docker.io=http://%s:%d", cluster->bridge_ip, KL_REGISTRY_PORT);
	if (cluster->registry && !o->mirrors.count)
		o->mirrors.items[o->mirrors.count++] = *ret_mirror;
	return 0;
}

static int run(int argc, char **argv)
{
	kl_autofree char *root = NULL, *mirror = NULL;
	struct kl_err err = {0};
	struct options o = {.image_root = "/var/lib/keelson/agent/images"};
	const struct kl_opt opts[] = {
		{"image-root", 0, KL_OPT_STRING, &o.image_root},
		{"cluster", 0, KL_OPT_STRING, &o.cluster},
		{"registry-mirror", 0, KL_OPT_LIST, &o.mirrors},
		{"output", 'o', KL_OPT_STRING, &o.output},
	};
	int count = kl_opts_parse(&kl_cmd_image, opts, KL_ARRAY_LEN(opts), argc, argv);
	const struct verb *verb = count ? find_verb(argv[1]) : NULL;

	if (!verb || count != 1 + verb->wants_name) {
		fputs("keelson image: ls, pull NAME, rm NAME or prune is wanted; 'keelson help image' explains them\n",
			stderr);
		return KL_EXIT_USAGE;
	}
	if (o.output && strcmp(o.output, "json") != 0)
		return kl_cmd_fail(&kl_cmd_image, "-o knows json alone, not '%s'", o.output);
	o.name = verb->wants_name ? argv[2] : NULL;
	if (o.cluster && of_cluster(&o, &root, &mirror, &err))
		return kl_cmd_fail(&kl_cmd_image, "%s", err.text);
	return with_store(verb, &o);
}

const struct kl_cmd kl_cmd_image = {
	.name = "image",
	.summary = "List, fetch and remove images of a node",
	.run = run,
	.help = "Usage: keelson image ls|pull NAME|rm NAME|prune [OPTIONS]\n\n"
		"  ls            the images of the store\n"
		"  pull NAME     fetch and unpack an image\n"
		"  rm NAME       forget an image; running containers keep its layers\n"
		"  prune         remove layers and blobs that no image and no container needs\n\n"
		"  --image-root DIR             the store (default /var/lib/keelson/agent/images)\n"
		"  --cluster NAME               the store and registry of a cluster that 'keelson up' made\n"
		"  --registry-mirror REGISTRY=URL   as for keelson agent\n"
		"  -o, --output json            for programs\n",
};
