"""What client_python.sh runs: python3-kubernetes against a cluster. Prints a line a check; exits 1 when one failed."""
import json
import sys
import threading
import time

from kubernetes import client, config, dynamic, watch
from kubernetes.client.rest import ApiException
from kubernetes.stream import stream

FAILED = 0


def check(what, good, detail=""):
    global FAILED
    FAILED += not good
    print(f"{'ok   ' if good else 'FAIL '} {what}" + ("" if good else f": {detail!r}"), flush=True)


def refused(what, status, reason, call):
    try:
        check(what, False, call())
    except ApiException as e:
        body = client.ApiClient().deserialize(type("R", (), {"data": e.body}), "object")
        check(what, e.status == status and body["reason"] == reason, (e.status, e.body))


def config_map(name, **data):
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, labels={"by": "python"}), data=data)


def objects(core, ns):
    made = core.create_namespaced_config_map(ns, config_map("a", x="1"))
    check("create", made.metadata.uid and made.data == {"x": "1"}, made)
    refused("create twice", 409, "AlreadyExists", lambda: core.create_namespaced_config_map(ns, config_map("a")))
    refused("create with a bad name", 422, "Invalid", lambda: core.create_namespaced_config_map(ns, config_map("A_b")))
    refused("read what is not there", 404, "NotFound", lambda: core.read_namespaced_config_map("zz", ns))
    check("strategic merge patch", core.patch_namespaced_config_map("a", ns, {"data": {"y": "2"}}).data == {"x": "1", "y": "2"})
    patched = core.patch_namespaced_config_map("a", ns, [{"op": "remove", "path": "/data/y"}])
    check("JSON patch", patched.data == {"x": "1"}, patched.data)
    made.data = {"x": "9"}
    refused("replace of an old version", 409, "Conflict", lambda: core.replace_namespaced_config_map("a", ns, made))
    made.metadata.resource_version = patched.metadata.resource_version
    check("replace", core.replace_namespaced_config_map("a", ns, made).data == {"x": "9"})
    dry = core.create_namespaced_config_map(ns, config_map("dry"), dry_run="All")
    check("dry run", dry.metadata.uid and len(core.list_namespaced_config_map(ns, label_selector="by=python").items) == 1)
    for i in range(5):
        core.create_namespaced_config_map(ns, config_map(f"page-{i}"))
    names, token = [], None
    while True:
        page = core.list_namespaced_config_map(ns, label_selector="by=python", limit=2, _continue=token)
        names += [item.metadata.name for item in page.items]
        token = page.metadata._continue
        if not token:
            break
    check("list in pages", names == ["a"] + [f"page-{i}" for i in range(5)], names)


def watches(core, ns):
    seen = []
    at = core.list_namespaced_config_map(ns).metadata.resource_version
    w = watch.Watch()
    maker = threading.Timer(0.3, lambda: core.create_namespaced_config_map(ns, config_map("w1")))
    maker.start()
    for event in w.stream(core.list_namespaced_config_map, ns, resource_version=at, timeout_seconds=2):
        seen.append((event["type"], event["object"].metadata.name))
        w.stop()
    maker.join()
    check("watch tells of what is made", seen == [("ADDED", "w1")], seen)

    # While nobody watches, three things happen; the next watch begins where the last one ended.
    core.patch_namespaced_config_map("w1", ns, {"data": {"k": "v"}})
    core.create_namespaced_config_map(ns, config_map("w2"))
    core.delete_namespaced_config_map("w1", ns)
    seen = []
    for event in w.stream(core.list_namespaced_config_map, ns, resource_version=w.resource_version, timeout_seconds=2):
        seen.append((event["type"], event["object"].metadata.name))
        if len(seen) == 3:
            w.stop()
    check("watch resumes without gap or repeat", seen == [("MODIFIED", "w1"), ("ADDED", "w2"), ("DELETED", "w1")], seen)
    try:
        for _ in watch.Watch().stream(core.list_namespaced_config_map, ns, resource_version="1", timeout_seconds=2):
            pass
        check("a watch from long ago", True)  # nothing was compacted yet: everything since is told
    except ApiException as e:
        check("a watch from long ago is 410 Gone", e.status == 410, e)


def pod(name):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [
        {"name": "c", "image": "busybox", "command": ["sh", "-c", "echo started; while :; do sleep 1; done"]}]}}


def wait_running(core, ns, name):
    for event in watch.Watch().stream(core.list_namespaced_pod, ns, field_selector=f"metadata.name={name}", timeout_seconds=40):
        if event["object"].status.phase == "Running":
            return True
    return False


def pods(core, ns):
    core.create_namespaced_pod(ns, pod("p"))
    check("a pod runs", wait_running(core, ns, "p"))
    out = stream(core.connect_get_namespaced_pod_exec, "p", ns, command=["sh", "-c", "echo out; echo err >&2"],
                 stdout=True, stderr=True, stdin=False, tty=False)
    check("exec", sorted(out.split()) == ["err", "out"], out)
    ws = stream(core.connect_get_namespaced_pod_exec, "p", ns, command=["sh"], stdin=True, stdout=True, stderr=True, tty=False,
                _preload_content=False)
    ws.write_stdin("echo typed; exit 3\n")
    text = ""
    while ws.is_open():
        ws.update(timeout=1)
        text += ws.read_stdout() if ws.peek_stdout() else ""
    check("exec with stdin", text == "typed\n", text)
    check("exec's exit code", ws.returncode == 3, ws.returncode)
    check("logs", core.read_namespaced_pod_log("p", ns) == "started\n")
    followed = core.read_namespaced_pod_log("p", ns, follow=True, _preload_content=False)
    check("logs that follow", followed.readline() == b"started\n")
    followed.close()
    core.delete_namespaced_pod("p", ns, grace_period_seconds=0)


def workloads(api, ns):
    apps, autoscaling = client.AppsV1Api(api), client.AutoscalingV1Api(api)
    spec = {"replicas": 0, "selector": {"matchLabels": {"a": "d"}}, "template": {"metadata": {"labels": {"a": "d"}}, "spec": {
        "containers": [{"name": "c", "image": "nginx:1.14"}]}}}
    apps.create_namespaced_deployment(ns, {"metadata": {"name": "d"}, "spec": spec})
    scale = apps.patch_namespaced_deployment_scale("d", ns, {"spec": {"replicas": 2}})
    check("scale", scale.spec.replicas == 2 and apps.read_namespaced_deployment("d", ns).spec.replicas == 2, scale)
    autoscaling.create_namespaced_horizontal_pod_autoscaler(ns, {"metadata": {"name": "h"}, "spec": {
        "maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}}})
    client.NetworkingV1Api(api).list_namespaced_ingress(ns)
    client.PolicyV1Api(api).list_namespaced_pod_disruption_budget(ns)
    check("version", client.VersionApi(api).get_code().git_version.startswith("v1.33"))
    apps.delete_collection_namespaced_deployment(ns, label_selector="")
    deadline = time.time() + 20
    while apps.list_namespaced_deployment(ns).items and time.time() < deadline:
        time.sleep(0.1)
    check("delete of a collection", not apps.list_namespaced_deployment(ns).items)


def dynamics(api, ns):
    maps = dynamic.DynamicClient(api).resources.get(api_version="v1", kind="ConfigMap")
    body = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "dyn"}, "data": {"k": "v"}})
    made = maps.server_side_apply(body, name="dyn", namespace=ns, field_manager="python")
    check("dynamic client: discovery and server-side apply", made.data.k == "v" and made.metadata.managedFields[0].manager == "python")
    check("dynamic client: list", "dyn" in [m.metadata.name for m in maps.get(namespace=ns).items])


def main():
    api = config.new_client_from_config()
    core, ns = client.CoreV1Api(api), "python-client"
    core.create_namespace({"metadata": {"name": ns}})
    deadline = time.time() + 5
    while not core.list_namespaced_service_account(ns).items and time.time() < deadline:
        time.sleep(0.05)
    try:
        objects(core, ns)
        watches(core, ns)
        workloads(api, ns)
        dynamics(api, ns)
        pods(core, ns)
    finally:
        core.delete_namespace(ns)
    sys.exit(FAILED > 0)


main()
