#include "pods_impl.h"

#include "clock.h"
#include "file.h"
#include "podenv.h"
#include "podfiles.h"
#include "podspec.h"
#include "volumes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_TERMINATION = 4096, FALLBACK_TAIL = 2048 };

/*
 * What the pool's thread needs, by value or by reference to objects that nobody changes any more (a newer pod replaces
 * pod->object, it never alters it).
 */
struct launch {
	struct job job;
	struct container *c;
	json_t *pod, *objects, *spec;
	struct kl_image image; /* name and layers alone */
	char *upper;
	const char *target; /* of an ephemeral container: whose processes it shall see; "": nobody's */
	pid_t target_pid;   /* 0: does not run */
	struct kl_container_spec out;
	struct launch_result result;
};

static const struct kl_pods_options *options(const struct launch *l)
{
	return &l->job.pod->pods->opt;
}

static struct kl_volumes_env volumes_env(const struct launch *l)
{
	return (struct kl_volumes_env){.pod_dir = l->job.pod->dir,
		.pod = l->pod,
		.objects = l->objects,
		.node = options(l)->node,
		.ca_pem = options(l)->ca_pem};
}

/* --- mounts */

/* Takes source. */
static void push_mount(
	struct kl_container_spec *spec, char *source, const char *target, bool readonly, const char *propagation)
{
	spec->mounts = kl_reallocarray(spec->mounts, spec->mount_count + 1, sizeof(spec->mounts[0]));
	spec->mounts[spec->mount_count++] = (struct kl_mount_spec){.source = source,
		.target = kl_strdup(target),
		.readonly = readonly,
		.propagate_in = !strcmp(propagation, "HostToContainer"),
		.propagate_both = !strcmp(propagation, "Bidirectional")};
}

static bool has_mount(const struct kl_container_spec *spec, const char *target)
{
	for (size_t i = 0; i < spec->mount_count; i++)
		if (!strcmp(spec->mounts[i].target, target))
			return true;
	return false;
}

static int volume_mounts(struct launch *l, const struct kl_env *env, struct kl_err *err)
{
	const struct kl_volumes_env volumes = volumes_env(l);
	json_t *mount;
	size_t i;

	json_array_foreach (json_object_get(l->spec, "volumeMounts"), i, mount) {
		const char *volume = kl_json_str(mount, "name", NULL), *target = kl_json_str(mount, "mountPath", NULL);
		kl_autofree char *sub = kl_strdup(kl_json_str(mount, "subPath", NULL));
		const char *expr = kl_json_str(mount, "subPathExpr", NULL);
		char *source;
		if (*expr) {
			free(sub);
			sub = kl_env_expand(expr, env);
		}
		int rc = kl_volumes_source(&volumes, volume, l->c->name, (unsigned)i, sub, &source, err);
		if (rc)
			return rc;
		kl_autofree char *absolute = kl_asprintf("%s%s", *target == '/' ? "" : "/", target);
		push_mount(&l->out, source, absolute,
			kl_json_bool(mount, false, "readOnly", NULL) || kl_volumes_readonly(l->pod, volume),
			kl_json_str(mount, "mountPropagation", NULL));
	}
	return 0;
}

/* kubelet's own files, where no volume stands in their place. */
static void pod_files(struct launch *l)
{
	static const struct {
		const char *name, *target;
	} files[] = {{"hosts", "/etc/hosts"}, {"hostname", "/etc/hostname"}, {"resolv.conf", "/etc/resolv.conf"}};

	for (size_t i = 0; i < KL_ARRAY_LEN(files); i++)
		if (!has_mount(&l->out, files[i].target))
			push_mount(&l->out, kl_asprintf("%s/etc/%s", l->job.pod->dir, files[i].name), files[i].target,
				l->out.rootfs_readonly, "");
}

static char *termination_path(const struct kl_pod *pod, const char *container)
{
	return kl_asprintf("%s/termination/%s", pod->dir, container);
}

static int termination_file(struct launch *l, struct kl_err *err)
{
	const char *target = kl_json_str(l->spec, "terminationMessagePath", NULL);
	kl_autofree char *path = termination_path(l->job.pod, l->c->name),
			 *folder = kl_asprintf("%s/termination", l->job.pod->dir);
	int rc = kl_mkdir_p(folder, 0755, err);

	if (rc)
		return rc;
	unlink(path);
	kl_autoclose int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0 || fchmod(fd, 0666))
		return kl_fail(err, errno, "make '%s'", path);
	push_mount(&l->out, kl_take(&path), *target ? target : "/dev/termination-log", false, "");
	return 0;
}

/* --- the specification */

static void identity(struct launch *l)
{
	const struct kl_pod *pod = l->job.pod;
	struct kl_container_spec *out = &l->out;

	if (!pod->host_network)
		out->netns = kl_asprintf("%s/net", pod->ns_dir);
	if (!pod->host_ipc)
		out->ipcns = kl_asprintf("%s/ipc", pod->ns_dir);
	if (!pod->host_network)
		out->utsns = kl_asprintf("%s/uts", pod->ns_dir);
	out->host_pid = pod->host_pid;
	if (!pod->host_pid && kl_json_bool(l->pod, false, "spec", "shareProcessNamespace", NULL))
		out->pidns = kl_asprintf("%s/pid", pod->ns_dir);
	else if (!pod->host_pid && l->target_pid)
		out->pidns = kl_asprintf("/proc/%d/ns/pid", (int)l->target_pid);
	out->shm = pod->host_ipc ? kl_strdup("/dev/shm") : kl_asprintf("%s/shm", pod->dir);
}

static int configure(struct launch *l, struct kl_err *err)
{
	const struct kl_pods_options *opt = options(l);
	kl_cleanup(kl_env_release) struct kl_env env = {0};
	kl_autofree char *hostname = kl_podfiles_hostname(l->pod, opt->node_name), *home = NULL;
	const struct kl_env_sources sources = {.pod = l->pod,
		.objects = l->objects,
		.node = opt->node,
		.image_config = l->image.config,
		.hostname = hostname};
	const struct kl_podspec_in in = {.pod = l->pod,
		.container = l->spec,
		.image_config = l->image.config,
		.memory_capacity = opt->memory_capacity,
		.pids_limit = opt->pids_limit,
		.rootfs = l->out.rootfs};
	int rc = kl_env_build(&sources, l->spec, &env, err);

	if (!rc)
		rc = kl_podspec_fill(&in, &l->out, &home, err);
	if (rc)
		return rc;
	if (opt->api_host && !kl_env_get(&env, "KUBERNETES_SERVICE_HOST")) {
		kl_env_set(&env, "KUBERNETES_SERVICE_HOST", opt->api_host);
		kl_env_set(&env, "KUBERNETES_SERVICE_PORT", opt->api_port ? opt->api_port : "443");
	}
	if (!kl_env_get(&env, "HOME"))
		kl_env_set(&env, "HOME", home);
	l->out.args = kl_env_argv(l->spec, l->image.config, &env, err);
	if (!l->out.args)
		return -EINVAL;
	rc = volume_mounts(l, &env, err);
	if (!rc)
		rc = termination_file(l, err);
	if (rc)
		return rc;
	pod_files(l);
	identity(l);
	l->out.env = kl_env_list(&env);
	return 0;
}

/* A working folder that the image does not have is made, as container engines do. */
static int make_cwd(const struct kl_container_spec *spec, struct kl_err *err)
{
	kl_autoclose int root = open(spec->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	kl_autofree char *prefix = kl_strdup(".");

	if (root < 0)
		return kl_fail(err, errno, "open '%s'", spec->rootfs);
	for (const char *at = spec->cwd ? spec->cwd : ""; *at;) {
		at += strspn(at, "/");
		size_t len = strcspn(at, "/");
		kl_autofree char *name = kl_strndup(at, len);
		kl_autoclose int parent = kl_open_beneath(root, prefix, O_PATH | O_DIRECTORY | O_CLOEXEC, 0, err);
		if (parent < 0)
			return parent;
		if (len && mkdirat(parent, name, 0755) && errno != EEXIST)
			return kl_fail(err, errno, "make the working folder '%s'", spec->cwd);
		char *longer = kl_asprintf("%s/%s", prefix, name);
		free(prefix);
		prefix = longer;
		at += len;
	}
	return 0;
}

static int make_folders(struct launch *l, struct kl_err *err)
{
	kl_autofree char *logs = kl_strndup(l->out.log_path, (size_t)(strrchr(l->out.log_path, '/') - l->out.log_path));
	int rc = kl_mkdir_p(l->out.bundle, 0711, err);

	return rc ? rc : kl_mkdir_p(logs, 0755, err);
}

static int launch_steps(struct launch *l, struct kl_err *err)
{
	const struct kl_pods_options *opt = options(l);
	struct launch_result *r = &l->result;

	r->reason = "CreateContainerError";
	if (*l->target && !l->target_pid)
		return kl_fail_msg(err, ESRCH, "the target container \"%s\" is not running", l->target);
	int rc = make_folders(l, err);
	if (!rc)
		rc = opt->ops->image_mount(opt->ops_arg, &l->image, l->out.id, l->upper, l->out.rootfs, err);
	if (rc)
		return rc;
	r->reason = "CreateContainerConfigError";
	rc = configure(l, err);
	if (rc)
		return rc;
	r->reason = "CreateContainerError";
	rc = make_cwd(&l->out, err);
	if (!rc)
		rc = opt->runtime->ops->create(opt->runtime, &l->out, &r->handle, err);
	if (rc)
		return rc;
	r->created = true;
	r->reason = "RunContainerError";
	if (__atomic_load_n(&l->job.pod->deleting, __ATOMIC_RELAXED)) /* set by the loop's thread meanwhile */
		return kl_fail_msg(err, ECANCELED, "the pod is being deleted");
	rc = opt->runtime->ops->start(opt->runtime, l->out.id, err);
	r->started = rc == 0;
	return rc;
}

static void remove_traces(
	const struct kl_pods *pods, const char *id, const char *bundle, const char *upper, const char *cgroup)
{
	kl_autofree char *rootfs = kl_asprintf("%s/rootfs", bundle);

	pods->opt.runtime->ops->remove(pods->opt.runtime, id, cgroup, NULL);
	pods->opt.ops->image_unmount(pods->opt.ops_arg, id, upper, rootfs);
	kl_remove_tree(bundle, NULL);
}

static void launch_work(struct job *job)
{
	struct launch *l = container_of(job, struct launch, job);

	job->rc = launch_steps(l, &l->result.err);
	if (job->rc)
		remove_traces(job->pod->pods, l->out.id, l->out.bundle, l->upper, l->out.cgroup);
}

static void launch_finish(struct job *job)
{
	struct launch *l = container_of(job, struct launch, job);

	launch_done(l->c, &l->result);
	json_decref(l->pod);
	json_decref(l->objects);
	kl_image_release(&l->image);
	free(l->upper);
	kl_container_spec_release(&l->out);
}

static pid_t running_pid(const struct kl_pod *pod, const char *name)
{
	for (size_t i = 0; i < pod->count; i++)
		if (!strcmp(pod->containers[i]->name, name) && pod->containers[i]->state == C_RUNNING)
			return pod->containers[i]->handle.pid;
	return 0;
}

void launch_start(struct container *c)
{
	struct launch *l = kl_calloc(1, sizeof(*l));

	l->c = c;
	l->pod = json_incref(c->pod->object);
	l->objects = json_incref(c->pod->objects);
	l->spec = (json_t *)(uintptr_t)kl_pod_container(l->pod, c->name); /* lives as long as l->pod */
	l->target = kl_json_str(l->spec, "targetContainerName", NULL);
	l->target_pid = running_pid(c->pod, l->target);
	l->image = (struct kl_image){.name = kl_strdup(c->image.name),
		.config = json_incref(c->image.config),
		.layers = json_incref(c->image.layers)};
	l->upper = kl_strdup(c->upper);
	l->out.id = kl_strdup(c->id);
	l->out.bundle = kl_strdup(c->bundle);
	l->out.rootfs = kl_asprintf("%s/rootfs", c->bundle);
	l->out.cgroup = kl_strdup(c->cgroup);
	l->out.log_path = kl_strdup(c->log_path);
	job_start(&l->job, c->pod, launch_work, launch_finish);
}

/* --- after the end */

struct ending {
	struct job job;
	struct container *c;
	char *id, *bundle, *upper, *cgroup, *log_path, *old_log, *message;
	struct kl_container_handle handle;
	struct kl_container_exit exit;
	bool log_fallback;
};

static struct ending *ending_new(struct container *c)
{
	struct ending *e = kl_calloc(1, sizeof(*e));

	e->c = c;
	e->id = kl_strdup(c->id);
	e->bundle = kl_strdup(c->bundle);
	e->upper = kl_strdup(c->upper);
	e->cgroup = kl_strdup(c->cgroup);
	e->log_path = kl_strdup(c->log_path);
	e->handle = c->handle;
	e->log_fallback =
		!strcmp(kl_json_str(container_spec(c), "terminationMessagePolicy", NULL), "FallbackToLogsOnError");
	if (c->log_number > 1) /* the log of the run before this one is kept for `logs --previous` */
		e->old_log = kl_asprintf("%s/%s/%d.log", c->pod->log_dir, c->name, c->log_number - 2);
	c->busy = true;
	return e;
}

static void ending_free(struct ending *e)
{
	free(e->id);
	free(e->bundle);
	free(e->upper);
	free(e->cgroup);
	free(e->log_path);
	free(e->old_log);
	free(e->message);
}

/* JSON wants UTF-8; a container may write anything. */
static char *printable(const char *data, size_t len)
{
	char *text = kl_strndup(data, len);
	kl_autojson *probe = json_string(text);

	if (!probe)
		for (char *at = text; *at; at++)
			if ((unsigned char)*at >= 0x80)
				*at = '?';
	return text;
}

/* "<time> stdout F words": the words alone, joined. */
static char *log_tail(const char *path)
{
	kl_autobuf text = {0}, words = {0};
	kl_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	char chunk[8192];

	if (size <= 0)
		return NULL;
	ssize_t n = pread(fd, chunk, sizeof(chunk), size > (off_t)sizeof(chunk) ? size - (off_t)sizeof(chunk) : 0);
	kl_buf_push(&text, chunk, n > 0 ? (size_t)n : 0);
	const char *line = kl_buf_str(&text);
	if (size > (off_t)sizeof(chunk) && strchr(line, '\n'))
		line = strchr(line, '\n') + 1;
	while (*line) {
		size_t len = strcspn(line, "\n");
		const char *at = line;
		for (int blanks = 0; blanks < 3 && at < line + len; at++)
			blanks += *at == ' ';
		kl_buf_push(&words, at, (size_t)(line + len - at));
		kl_buf_char(&words, '\n');
		line += len + (line[len] == '\n');
	}
	size_t skip = words.len > FALLBACK_TAIL ? words.len - FALLBACK_TAIL : 0;
	return printable(kl_buf_str(&words) + skip, words.len - skip);
}

static void exit_work(struct job *job)
{
	struct ending *e = container_of(job, struct ending, job);
	struct kl_runtime *runtime = job->pod->pods->opt.runtime;
	kl_autofree char *path = termination_path(job->pod, e->c->name);
	kl_autoclose int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char text[MAX_TERMINATION];
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text));

	runtime->ops->exit_status(runtime, e->id, e->bundle, e->cgroup, &e->handle, &e->exit);
	if (n > 0)
		e->message = printable(text, (size_t)n);
	else if (e->log_fallback && e->exit.code)
		e->message = log_tail(e->log_path);
}

static void exit_finish(struct job *job)
{
	struct ending *e = container_of(job, struct ending, job);

	container_exited(e->c, &e->exit, e->message);
	ending_free(e);
}

void exit_read(struct container *c)
{
	job_start(&ending_new(c)->job, c->pod, exit_work, exit_finish);
}

static void clean_work(struct job *job)
{
	struct ending *e = container_of(job, struct ending, job);

	remove_traces(job->pod->pods, e->id, e->bundle, e->upper, e->cgroup);
	if (e->old_log)
		unlink(e->old_log);
}

static void clean_finish(struct job *job)
{
	struct ending *e = container_of(job, struct ending, job);

	container_cleaned(e->c);
	ending_free(e);
}

void clean_start(struct container *c)
{
	job_start(&ending_new(c)->job, c->pod, clean_work, clean_finish);
}
