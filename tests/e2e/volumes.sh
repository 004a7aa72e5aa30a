#!/usr/bin/env bash
# Volumes and environment: Secret, ConfigMap, emptyDir, hostPath, downward API, the ServiceAccount's token.
. "$(dirname "$0")/lib.sh"
use_cluster

cleanup() { k delete secret test-secret cm redis-config --ignore-not-found >/dev/null 2>&1; k delete cm redis-config --ignore-not-found >/dev/null 2>&1; clean_web; }
check_out "secret.yaml" 'secret/test-secret created' k apply -f "$MANIFESTS/secret.yaml"
check_out "web-secret.yaml" 'deployment.apps/web created' k apply -f "$MANIFESTS/web-secret.yaml"
wait_ready app=web 1
POD=$(pods_of app=web)
check_is "cat /etc/secret-volume/username" "$(k exec "$POD" -- cat /etc/secret-volume/username)" root
check_is "echo \$SECRET_USERNAME" "$(k exec "$POD" -- bash -c "echo \$SECRET_USERNAME")" root
check_out "it lies in memory" '^tmpfs' k exec "$POD" -- bash -c "grep ' /etc/secret-volume ' /proc/mounts"
k delete deploy web --grace-period=1 >/dev/null

k create configmap redis-config --from-file="$MANIFESTS/redis.properties" >/dev/null
k apply -f - >/dev/null <<'YAML'
apiVersion: v1
kind: Pod
metadata:
  name: volumes
  labels: {app: web, tier: front}
spec:
  terminationGracePeriodSeconds: 1
  initContainers:
  - name: first
    image: busybox
    command: [sh, -c, 'echo from-init > /shared/file']
    volumeMounts: [{name: shared, mountPath: /shared}]
  containers:
  - name: main
    image: nginx:1.14
    resources: {limits: {memory: 64Mi}}
    env:
    - {name: PLAIN, value: "$(GREETING) you"}
    - {name: GREETING, value: hello}
    - {name: EXPANDED, value: "$(GREETING) you"}
    - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
    - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
    - {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
    - {name: MEMORY, valueFrom: {resourceFieldRef: {resource: limits.memory}}}
    envFrom: [{configMapRef: {name: redis-config}, prefix: CM_}]
    volumeMounts:
    - {name: shared, mountPath: /shared}
    - {name: config, mountPath: /etc/config, readOnly: true}
    - {name: info, mountPath: /etc/info}
    - {name: host, mountPath: /host}
  - name: side
    image: busybox
    command: [sh, -c, 'while true; do sleep 1; done']
    volumeMounts: [{name: shared, mountPath: /shared}]
  volumes:
  - {name: shared, emptyDir: {}}
  - {name: config, configMap: {name: redis-config}}
  - {name: host, hostPath: {path: /tmp, type: Directory}}
  - name: info
    downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}
YAML
check "a pod with all kinds of volumes" k wait --for=condition=Ready pod/volumes --timeout=30s
m() { k exec volumes -c main -- "$@"; }
check_is "an init container ran first" "$(m cat /shared/file)" from-init
check_out "the containers share emptyDir" 'from-main' bash -c \
	"'$KUBECTL' exec volumes -c main -- bash -c 'echo from-main > /shared/two'; '$KUBECTL' exec volumes -c side -- cat /shared/two"
check_is "ConfigMap as a file" "$(m cat /etc/config/redis.properties)" "$(cat "$MANIFESTS/redis.properties")"
check_out "downward API" '^tier="front"$' m cat /etc/info/labels
check_out "hostPath" '.' m ls -d /host
check_is "env refers only to what stands before it" "$(m printenv PLAIN)" "\$(GREETING) you"
check_is "and is expanded" "$(m printenv EXPANDED)" "hello you"
check_is "the pod's name" "$(m printenv POD_NAME)" volumes
check_is "its address" "$(m printenv POD_IP)" "$(get pod/volumes '{.status.podIP}')"
check_is "its node" "$(m printenv NODE)" "$(get pod/volumes '{.spec.nodeName}')"
check_is "its limit" "$(m printenv MEMORY)" 67108864
check_out "the ServiceAccount's token and CA" '^(ca.crt|token)' m ls /var/run/secrets/kubernetes.io/serviceaccount
check_out "which the API knows" '"?gitVersion|Forbidden|namespaces' m bash -c \
	'S=/var/run/secrets/kubernetes.io/serviceaccount; curl -sS --max-time 5 --cacert $S/ca.crt -H "Authorization: Bearer $(cat $S/token)" https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT/version'
check_out "logs asks which container" 'Defaulted container|container name must be specified' k logs volumes
check "logs -c" k logs volumes -c side
check_out "get pod counts containers" '^volumes +2/2 +Running' k get pod volumes
check "a ConfigMap changes" k patch cm redis-config -p '{"data":{"redis.properties":"changed"}}'
changed() { [ "$(m cat /etc/config/redis.properties)" = changed ]; }
wait_for "and the file follows" 90 changed
node=$(get pod/volumes '{.spec.nodeName}')
uid=$(get pod/volumes '{.metadata.uid}')
check "delete" k delete pod volumes
check_is "the volumes of a pod go with it" "$(find "$(DATA)/nodes/$node" -path "*$uid*" 2>/dev/null | head -n 3)" ""
finish
