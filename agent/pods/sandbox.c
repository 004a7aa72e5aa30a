#include "pods_impl.h"

#include "clock.h"
#include "file.h"
#include "log.h"
#include "podfiles.h"
#include "volumes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <unistd.h>

enum { RETRY_FIRST_MS = 500, RETRY_MAX_MS = 30000 };

static void on_retry(uv_timer_t *timer)
{
	struct kl_pod *pod = container_of(timer, struct kl_pod, timer);

	pod->retry_wait = false;
	pod_step(pod);
}

/* The state is tried again later, more and more rarely. */
static void retry_later(struct kl_pod *pod)
{
	int64_t wait = RETRY_FIRST_MS << (pod->retries < 6 ? pod->retries : 6);

	pod->retries++;
	pod->retry_wait = true;
	uv_timer_start(&pod->timer, on_retry, (uint64_t)(wait > RETRY_MAX_MS ? RETRY_MAX_MS : wait), 0);
}

static void settled(struct kl_pod *pod)
{
	pod->working = false;
	report_changed(pod);
	pod_step(pod);
}

/* --- namespaces, then the network, then files */

struct sandbox_job {
	struct job job;
	json_t *pod, *objects;
};

static struct sandbox_job *sandbox_job_new(struct kl_pod *pod)
{
	struct sandbox_job *sj = kl_calloc(1, sizeof(*sj));

	sj->pod = json_incref(pod->object);
	sj->objects = json_incref(pod->objects);
	return sj;
}

static void sandbox_job_free(struct sandbox_job *sj)
{
	json_decref(sj->pod);
	json_decref(sj->objects);
}

static void sandbox_failed(struct kl_pod *pod, const char *words)
{
	pod_event(pod, NULL, "Warning", "FailedCreatePodSandBox", "Failed to create pod sandbox: %s", words);
	retry_later(pod);
	settled(pod);
}

static int write_text(const char *folder, const char *name, const char *text, struct kl_err *err)
{
	kl_autofree char *path = kl_asprintf("%s/%s", folder, name);
	kl_autoclose int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return kl_fail(err, errno, "write '%s'", path);
	return 0;
}

static void read_host(const char *path, struct kl_buf *text)
{
	text->max = 1 << 20;
	kl_file_read(path, text, NULL);
}

static int write_pod_files(const struct kl_pod *pod, const json_t *object, struct kl_err *err)
{
	const struct kl_pods_options *opt = &pod->pods->opt;
	const char *domain = opt->cluster_domain ? opt->cluster_domain : "cluster.local";
	kl_autobuf host_hosts = {0}, host_resolv = {0};
	read_host("/etc/hosts", &host_hosts);
	read_host("/etc/resolv.conf", &host_resolv);
	const struct kl_podfiles_dns dns = {opt->cluster_dns, domain, kl_buf_str(&host_resolv)};
	kl_autofree char *folder = kl_asprintf("%s/etc", pod->dir),
			 *hostname = kl_podfiles_hostname(object, opt->node_name);
	kl_autofree char *hosts = kl_podfiles_hosts(
		object, hostname, (const char *const *)pod->ips, pod->ip_count, domain, kl_buf_str(&host_hosts));
	kl_autofree char *resolv = kl_podfiles_resolv(object, &dns), *line = kl_asprintf("%s\n", hostname);
	int rc = kl_mkdir_p(folder, 0755, err);

	if (!rc)
		rc = write_text(folder, "hosts", hosts, err);
	if (!rc)
		rc = write_text(folder, "hostname", line, err);
	return rc ? rc : write_text(folder, "resolv.conf", resolv, err);
}

/* The pod's containers share one /dev/shm of 64 MiB. */
static int mount_shm(const struct kl_pod *pod, struct kl_err *err)
{
	kl_autofree char *path = kl_asprintf("%s/shm", pod->dir);
	struct statfs fs;
	int rc = kl_mkdir_p(path, 0755, err);

	if (rc || pod->host_ipc || (!statfs(path, &fs) && fs.f_type == TMPFS_MAGIC))
		return rc;
	if (mount("shm", path, "tmpfs", MS_NOEXEC | MS_NOSUID | MS_NODEV, "mode=1777,size=65536k"))
		return kl_fail(err, errno, "mount '%s'", path);
	return 0;
}

static void files_work(struct job *job)
{
	struct sandbox_job *sj = container_of(job, struct sandbox_job, job);

	job->rc = write_pod_files(job->pod, sj->pod, &job->err);
	if (!job->rc)
		job->rc = mount_shm(job->pod, &job->err);
}

static void files_done(struct job *job)
{
	struct kl_pod *pod = job->pod;

	if (job->rc) {
		sandbox_failed(pod, job->err.text);
	} else {
		pod->sandboxed = true;
		pod->retries = 0;
		settled(pod);
	}
	sandbox_job_free(container_of(job, struct sandbox_job, job));
}

static void take_ips(struct kl_pod *pod, const char *const *ips, size_t count)
{
	for (size_t i = 0; i < pod->ip_count; i++)
		free(kl_take(&pod->ips[i]));
	pod->ip_count = 0;
	for (size_t i = 0; i < count && i < KL_ARRAY_LEN(pod->ips); i++)
		pod->ips[pod->ip_count++] = kl_strdup(ips[i]);
}

static void network_added(const struct kl_err *err, const char *const *ips, size_t count, void *arg)
{
	struct kl_pod *pod = arg;

	if (err && err->code) {
		kl_autofree char *words = kl_asprintf("plugin type=\"keelson-cni\" failed (add): %s", err->text);
		sandbox_failed(pod, words);
	} else {
		take_ips(pod, ips, count);
		checkpoint_save(pod);
		job_start(&sandbox_job_new(pod)->job, pod, files_work, files_done);
	}
	pod_unref(pod);
}

static void namespaces_work(struct job *job)
{
	struct sandbox_job *sj = container_of(job, struct sandbox_job, job);
	const struct kl_pods_options *opt = &job->pod->pods->opt;
	kl_autofree char *hostname = kl_podfiles_hostname(sj->pod, opt->node_name);

	job->rc = opt->ops->namespaces(opt->ops_arg, job->pod->ns_dir, sj->pod, hostname, &job->err);
}

static void namespaces_done(struct job *job)
{
	struct kl_pod *pod = job->pod;
	const struct kl_pods_options *opt = &pod->pods->opt;
	kl_autofree char *netns = kl_asprintf("%s/net", pod->ns_dir);
	struct kl_err err = {0};

	sandbox_job_free(container_of(job, struct sandbox_job, job));
	if (job->rc) {
		sandbox_failed(pod, job->err.text);
		return;
	}
	if (pod->host_network) {
		size_t count = 0;
		while (opt->node_ips && opt->node_ips[count])
			count++;
		pod_ref(pod);
		network_added(NULL, opt->node_ips, count, pod);
		return;
	}
	pod_ref(pod);
	if (opt->ops->network(opt->ops_arg, "ADD", pod->object, pod->sandbox_id, netns, network_added, pod, &err)) {
		sandbox_failed(pod, err.text);
		pod_unref(pod);
	}
}

void sandbox_start(struct kl_pod *pod)
{
	pod->working = true;
	checkpoint_save(pod); /* the next agent knows that something may have been made */
	job_start(&sandbox_job_new(pod)->job, pod, namespaces_work, namespaces_done);
}

/* --- volumes */

static struct kl_volumes_env volumes_env(const struct sandbox_job *sj)
{
	const struct kl_pod *pod = sj->job.pod;

	return (struct kl_volumes_env){.pod_dir = pod->dir,
		.pod = sj->pod,
		.objects = sj->objects,
		.node = pod->pods->opt.node,
		.ca_pem = pod->pods->opt.ca_pem};
}

static void volumes_work(struct job *job)
{
	const struct kl_volumes_env env = volumes_env(container_of(job, struct sandbox_job, job));

	job->rc = kl_volumes_setup(&env, &job->err);
}

static void volumes_done(struct job *job)
{
	struct kl_pod *pod = job->pod;

	sandbox_job_free(container_of(job, struct sandbox_job, job));
	if (pod->refreshing) {
		pod->refreshing = false;
		if (job->rc)
			pod_event(pod, NULL, "Warning", "FailedMount", "%s", job->err.text);
		pod_step(pod); /* one that ends meanwhile has waited */
		return;
	}
	if (job->rc) {
		pod_event(pod, NULL, "Warning", "FailedMount", "%s", job->err.text);
		pod->fetched = false; /* what was missing may have come */
		retry_later(pod);
	} else {
		pod->mounted = true;
		pod->retries = 0;
	}
	settled(pod);
}

void volumes_start(struct kl_pod *pod)
{
	if (!pod->refreshing)
		pod->working = true;
	job_start(&sandbox_job_new(pod)->job, pod, volumes_work, volumes_done);
}

/* --- giving back */

static void release_work(struct job *job)
{
	const struct kl_pod *pod = job->pod;
	const struct kl_pods_options *opt = &pod->pods->opt;
	kl_autofree char *shm = kl_asprintf("%s/shm", pod->dir);

	opt->ops->namespaces_remove(opt->ops_arg, pod->ns_dir);
	kl_volumes_teardown(pod->dir);
	while (umount2(shm, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		;
}

static void release_done(struct job *job)
{
	struct kl_pod *pod = job->pod;

	sandbox_job_free(container_of(job, struct sandbox_job, job));
	pod->released = true;
	pod->sandboxed = false;
	settled(pod);
}

static void network_removed(const struct kl_err *err, const char *const *ips, size_t count, void *arg)
{
	struct kl_pod *pod = arg;

	(void)ips, (void)count;
	if (err && err->code) {
		pod_event(pod, NULL, "Warning", "FailedKillPod", "error killing pod: %s", err->text);
		kl_warn("pod %s/%s: CNI DEL: %s", pod->ns, pod->name, err->text);
	}
	/* A failed DEL is not tried for ever: the namespace goes now, and the CNI server forgets addresses without one.
	 */
	job_start(&sandbox_job_new(pod)->job, pod, release_work, release_done);
	pod_unref(pod);
}

void sandbox_release(struct kl_pod *pod)
{
	const struct kl_pods_options *opt = &pod->pods->opt;
	kl_autofree char *netns = kl_asprintf("%s/net", pod->ns_dir);
	struct kl_err err = {0};

	pod->working = true;
	pod_ref(pod);
	if (pod->host_network || !*pod->sandbox_id)
		network_removed(NULL, NULL, 0, pod);
	else if (opt->ops->network(
			 opt->ops_arg, "DEL", pod->object, pod->sandbox_id, netns, network_removed, pod, &err))
		network_removed(&err, NULL, 0, pod);
}

static void clean_pod_work(struct job *job)
{
	const struct kl_pod *pod = job->pod;

	kl_volumes_teardown(pod->dir);
	pod->pods->opt.runtime->ops->remove(pod->pods->opt.runtime, pod->uid, pod->cgroup, NULL);
	kl_remove_tree(pod->log_dir, NULL);
	kl_remove_tree(pod->dir, NULL); /* the checkpoint too: from here on nothing of the pod exists */
}

static void clean_pod_done(struct job *job)
{
	struct kl_pod *pod = job->pod;

	sandbox_job_free(container_of(job, struct sandbox_job, job));
	pod->cleaned = true;
	settled(pod);
}

void pod_dirs_remove(struct kl_pod *pod)
{
	pod->working = true;
	job_start(&sandbox_job_new(pod)->job, pod, clean_pod_work, clean_pod_done);
}
