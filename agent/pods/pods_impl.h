/*
 * Inside of agent/pods. Who does what:
 *	pods.c	     the table of pods, entry points		pod.c	     a pod's states
 *	container.c  a container's states			launch.c     the blocking half of starting one
 *	pull_image.c its image
 *	terminate.c  stopping containers		drain.c	     what is waited for before that
 *	sandbox.c    namespaces and network
 *	fetch.c	     objects of the API a pod names		podspec.c    pod + image → container spec (pure)
 *	podenv.c     environment variables (pure)		podfiles.c   hosts, resolv.conf (pure) and folders
 *	podstatus.c  status from states (pure)			report.c     status patches, the final delete
 *	events.c     Events					checkpoint.c files for the next agent
 *	settle.c     readiness without a probe			logrotate.c  bounded logs
 */
#ifndef KL_PODS_IMPL_H
#define KL_PODS_IMPL_H

#include "backoff.h"
#include "pods.h"
#include "probes.h"

#include <uthash.h>

enum { KL_ID_LEN = 64, PROBE_KINDS = 3 };

struct kl_pod;
struct container;

/* --- asynchronous helpers */

/* A piece of blocking work of a pod, in libuv's pool. `work` touches only the job; `done` runs on the loop. */
struct job {
	uv_work_t req;
	struct kl_pod *pod;
	void (*work)(struct job *job);
	void (*done)(struct job *job); /* frees what the job holds, not the job */
	struct kl_err err;
	int rc;
};
void job_start(struct job *job, struct kl_pod *pod, void (*work)(struct job *), void (*done)(struct job *));

/* --- containers */

enum container_kind { KIND_INIT, KIND_APP, KIND_EPHEMERAL };
enum container_state {
	C_IDLE,  /* its turn has not come */
	C_FETCH, /* waits for fresh objects of the API */
	C_FIND,  /* looks for the image */
	C_PULL,
	C_IMAGE_WAIT,  /* ErrImagePull or ImagePullBackOff */
	C_LAUNCH,      /* created and started in the pool */
	C_LAUNCH_WAIT, /* CreateContainerError, waits to try again */
	C_RUNNING,
	C_CRASH_WAIT, /* CrashLoopBackOff */
	C_CLEAN,      /* has ended: its traces are removed in the pool, then it rests or begins anew */
	C_DONE,       /* ended and not to be started again */
};

struct watch; /* an armed watch of a container's end */

struct container {
	struct kl_pod *pod;
	const char *name;
	enum container_kind kind;
	bool sidecar; /* an init container with restartPolicy Always */
	enum container_state state;

	char id[KL_ID_LEN + 1]; /* of the present or last run; "" before the first */
	char *bundle, *upper, *log_path, *cgroup;
	int restarts;   /* restartCount */
	int log_number; /* of the present run's log file */
	struct kl_container_handle handle;
	struct kl_image image;       /* name NULL: not resolved */
	char *image_text, *image_id; /* for the status */
	int64_t started_ms;          /* of the present or last run; 0: never */

	bool ready, started, poststart_done;
	bool changed; /* its image in the spec is another one now: it is stopped, and begins anew whatever the policy
			 says */
	char *waiting_reason, *waiting_message; /* NULL: the default of its turn */
	json_t *terminated;                     /* state.terminated of the last run while it is the present state */
	json_t *last;                           /* lastState.terminated */

	struct kl_backoff restart_backoff, image_backoff;
	struct watch *watch;
	int64_t retry_at_ms; /* C_CRASH_WAIT: since the epoch, so that it outlives the agent */
	uv_timer_t timer;
	struct kl_probe *probes[PROBE_KINDS];
	struct kl_action *hook; /* postStart or preStop under way */
	bool busy;              /* a job of it is in the pool */

	/* stopping: by termination of the pod, a failed probe, a failed postStart */
	bool stopping, term_sent;
	int64_t kill_at_ms; /* monotonic; when SIGKILL is due */
	uv_timer_t kill_timer;
};

/* --- pods */

enum pod_state {
	P_ADMIT,
	P_FETCH,
	P_SANDBOX,
	P_VOLUMES,
	P_RUN,
	P_HOLD,     /* terminating, endpoints are being withdrawn */
	P_STOP,     /* containers are being stopped */
	P_RELEASE,  /* finished (or stopped): network and volumes are given back */
	P_FINISHED, /* Succeeded or Failed, waits for its deletion */
	P_CLEAN,    /* containers and folders are removed */
	P_CONFIRM,  /* the API is told to forget it */
	P_GONE,
	P_STATES,
};

struct fetch;
struct report;
struct drain;

struct kl_pod {
	struct kl_pods *pods;
	UT_hash_handle hh; /* by uid */
	char *uid, *ns, *name;
	json_t *object;               /* as last seen */
	json_t *objects;              /* what it names: see volumes.h, and "services" */
	int64_t objects_ms;           /* monotonic time of the last fetch */
	char *dir, *log_dir, *ns_dir; /* root_dir/pods/<uid>, …, run_dir/netns/<uid> */
	char *cgroup;

	enum pod_state state;
	bool host_network, host_ipc, host_pid;
	bool deleting;                        /* deletionTimestamp seen, or gone from the API */
	bool api_gone;                        /* nothing is to be reported any more */
	bool released;                        /* network and volumes given back */
	bool stop_all;                        /* the phase is final: whatever still runs is stopped */
	int64_t delete_at_ms;                 /* monotonic: end of the grace period */
	char *reject_reason, *reject_message; /* Failed without ever running */

	char sandbox_id[KL_ID_LEN + 1];
	char *ips[2];
	size_t ip_count;
	int64_t start_ms; /* status.startTime */

	struct container **containers; /* owned, each by itself: init containers, those of the spec, ephemeral ones */
	size_t count, init_count, app_end;

	uv_timer_t timer;                                     /* retries and holds */
	uv_timer_t refresh;                                   /* volumes' contents */
	uv_timer_t deadline;                                  /* activeDeadlineSeconds */
	bool fetched, sandboxed, mounted, cleaned, confirmed; /* what the states have achieved */
	bool working;                                         /* a job or call of the present state is under way */
	bool refreshing; /* objects, then volumes, are brought up to date while it runs */
	bool retry_wait; /* the timer will bring the present state back */
	unsigned retries;
	struct fetch *fetch;
	struct report *report;
	struct drain *drain;
	json_t *status; /* as last computed: keeps the conditions' transition times */
	bool stepping, step_again;
	unsigned refs; /* jobs, calls and open handles that still point here */
	bool freed;
};

struct events;
struct kl_pods {
	uv_loop_t *loop;
	struct kl_pods_options opt;
	struct kl_pod *table;
	struct events *events;
	char *pods_dir, *logs_dir, *containers_dir, *upper_dir, *netns_dir;
	json_t *boot_id;
	bool network_ready, synced, freeing;
	unsigned jobs; /* in the pool */
	uv_timer_t *log_timer;
};

void pod_ref(struct kl_pod *pod);
void pod_unref(struct kl_pod *pod); /* frees when it left the table and nothing points here */
/* Runs the state machine until it waits for something; safe to call from anywhere on the loop. */
void pod_step(struct kl_pod *pod);
struct kl_pod *pod_new(struct kl_pods *pods, const json_t *object);
void pod_note_ephemeral(struct kl_pod *pod); /* makes those that the object has and the pod has not yet */
void pod_remove(struct kl_pod *pod);         /* out of the table; closes its handles */
const json_t *pod_spec(const struct kl_pod *pod);
const char *pod_state_name(enum pod_state state);
bool container_restarts(const struct container *c, int exit_code); /* by the restart policy */
/* Stops every container because a deadline passed: phase Failed with that reason. */
void pod_fail(struct kl_pod *pod, const char *reason, const char *message);

/* container.c */
void container_init(struct container *c, struct kl_pod *pod, const json_t *spec, enum container_kind kind);
void container_release(struct container *c);
void container_paths(struct container *c);        /* bundle, upper, log_path, cgroup from id and log_number */
void container_begin(struct container *c);        /* from C_IDLE */
void container_spec_changed(struct container *c); /* the image in the spec is another one */
void container_adopt(struct container *c);        /* from a checkpoint */
const json_t *container_spec(const struct container *c);
bool container_ended(const struct container *c); /* C_DONE, or nothing runs and nothing will while the pod stops */
void container_quiet(struct container *c);       /* no timers, no probes: the pod terminates */
void container_launched(struct container *c, bool adopted);
void container_objects_fresh(struct container *c); /* fetch.c: the objects have come */
void container_probes_stop(struct container *c);
int container_exit_code(const struct container *c); /* of state.terminated; -1: not terminated */
struct kl_action_target container_target(struct container *c);

bool container_wants_to_run(const struct container *c);
void container_give_up(struct container *c); /* C_DONE without (another) run */
void container_set_waiting(struct container *c, const char *reason, const char *message); /* NULL: the default */
void container_begin_run(struct container *c); /* from the objects it names, over the image, to its start */
void container_launch(struct container *c);    /* the image is there */

/* pull_image.c */
void image_start(struct container *c); /* calls container_launch, or waits and calls container_begin_run */

/* settle.c */
void container_settle(struct container *c); /* ready without a probe, as soon as something listens */

/* launch.c */
void launch_start(struct container *c); /* in the pool; calls launch_done */
struct launch_result {
	bool created, started;
	const char *reason; /* of the failure: "CreateContainerError", …; static */
	struct kl_err err;
	struct kl_container_handle handle;
};
void launch_done(struct container *c, const struct launch_result *result); /* in container.c */
void exit_read(struct container *c);                                       /* calls container_exited */
void container_exited(struct container *c, const struct kl_container_exit *exit, const char *message);
void clean_start(struct container *c); /* removes the run's traces; calls container_cleaned */
void container_cleaned(struct container *c);

/* terminate.c */
void container_stop(struct container *c, int64_t grace_ms, const char *message); /* message: of the Killing event */
void container_stop_over(struct container *c);                                   /* it has ended */
int64_t pod_grace_ms(const struct kl_pod *pod);

/* drain.c */
void drain_begin(struct kl_pod *pod);
bool drain_over(struct kl_pod *pod);
void drain_end(struct kl_pod *pod); /* frees it, whatever it is doing */

/* sandbox.c: each calls pod_step when done */
void sandbox_start(struct kl_pod *pod);
void sandbox_release(struct kl_pod *pod);
void volumes_start(struct kl_pod *pod);
void pod_dirs_remove(struct kl_pod *pod);

/* fetch.c */
void fetch_start(struct kl_pod *pod); /* calls pod_step, and container_objects_fresh for those that wait */
void fetch_cancel(struct kl_pod *pod);
char *fetch_auth(struct kl_pod *pod); /* an auth file's text from imagePullSecrets; NULL: none */

/* logrotate.c */
void logrotate_start(struct kl_pods *pods);
void logrotate_stop(struct kl_pods *pods);

/* podstatus.c */
json_t *pod_status(const struct kl_pod *pod, int64_t now_ms);
json_t *container_status(const struct container *c);
bool pod_is_ready(const struct kl_pod *pod);
const char *pod_phase(const struct kl_pod *pod);

/* report.c */
void report_changed(struct kl_pod *pod); /* sends what differs, soon */
void report_final_delete(struct kl_pod *pod);
bool report_idle(const struct kl_pod *pod); /* the API has the newest status */
void report_stop(struct kl_pod *pod);

/* events.c */
struct events *events_new(struct kl_pods *pods);
void events_free(struct events *events);
void events_forget(struct events *events, const char *uid);
/* container NULL: about the pod. */
void pod_event(struct kl_pod *pod, const char *container, const char *type, const char *reason, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* checkpoint.c */
void checkpoint_save(struct kl_pod *pod);
void checkpoint_load_all(struct kl_pods *pods);
void checkpoint_orphans(struct kl_pods *pods);
json_t *boot_id_read(void);

#endif
