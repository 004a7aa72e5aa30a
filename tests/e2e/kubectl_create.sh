#!/usr/bin/env bash
# Every form of `kubectl create`, and the three ways to run one without effect.
. "$(dirname "$0")/kubectl_lib.sh"
use_cluster

created() { # KIND/NAME ARGUMENTS…: kubectl create ARGUMENTS says that it made KIND/NAME
	local what=$1
	shift
	check_out "create $1 ${2:-}" "^$what created\$" n create "$@"
}
is() { check_is "$1 $2" "$(val "$1" "$2")" "$3"; } # OBJECT JSONPATH WANT

create_config() {
	printf 'color=blue\n' >"$T/app.properties"
	printf 'A=1\n# no\nB=two words\n' >"$T/vars.env"
	created configmap/lit configmap lit --from-literal=a=1 --from-literal=b=2
	is cm/lit '{.data.a}{.data.b}' 12
	created configmap/file configmap file --from-file="$T/app.properties" --from-file=other="$T/app.properties"
	is cm/file '{.data.other}' 'color=blue'
	is cm/file '{.data.app\.properties}' 'color=blue'
	created configmap/env configmap env --from-env-file="$T/vars.env"
	is cm/env '{.data.B}' 'two words'
	head -c 64 /dev/urandom >"$T/blob"
	created configmap/bin configmap bin --from-file="$T/blob"
	is cm/bin '{.binaryData.blob}' "$(base64 -w0 "$T/blob")"

	created secret/gen secret generic gen --from-literal=password=123456 --type=example.com/mine
	is secret/gen '{.type} {.data.password}' 'example.com/mine MTIzNDU2'
	created secret/reg secret docker-registry reg --docker-server=r.local --docker-username=u --docker-password=p
	is secret/reg '{.type}' kubernetes.io/dockerconfigjson
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$T/k.pem" -out "$T/c.pem" -subj /CN=x \
		-days 2 >/dev/null 2>&1
	created secret/tls secret tls tls --cert="$T/c.pem" --key="$T/k.pem"
	is secret/tls '{.type} {.data.tls\.crt}' "kubernetes.io/tls $(base64 -w0 "$T/c.pem")"

	created serviceaccount/robot serviceaccount robot
	if at_least 1.24; then
		check_out "create token" '^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$' n create token robot --duration=20m
		check_is "whose token it is" "$(n create token robot | cut -d. -f2 | tr _- /+ | base64 -d 2>/dev/null | jq -r .sub)" \
			system:serviceaccount:"$NS":robot
	fi
}

create_workloads() {
	created deployment.apps/d deployment d --image=nginx:1.14 --replicas=0 --port=80
	is deploy/d '{.spec.template.spec.containers[0].image} {.spec.template.spec.containers[0].ports[0].protocol}' 'nginx:1.14 TCP'
	created job.batch/j job j --image=busybox -- true
	is job/j '{.spec.completions} {.spec.backoffLimit}' '1 6'
	created cronjob.batch/c cronjob c --image=busybox --schedule='*/5 * * * *' -- date
	is cj/c '{.spec.schedule} {.spec.concurrencyPolicy}' '*/5 * * * * Allow'
	# To 1.20 a CronJob is batch/v1beta1, and it says so of every server that prefers batch/v1.
	if at_least 1.21; then created job.batch/from job from --from=cronjob/c; else created job.batch/from job from --from=cronjobs.v1beta1.batch/c; fi
	is job/from '{.metadata.ownerReferences[0].kind}' CronJob
	created poddisruptionbudget.policy/p poddisruptionbudget p --selector=app=d --min-available=1
	is pdb/p '{.spec.minAvailable} {.spec.selector.matchLabels.app}' '1 d'
	created poddisruptionbudget.policy/p50 pdb p50 --selector=app=d --max-unavailable=50%
	is pdb/p50 '{.spec.maxUnavailable}' 50%
	created resourcequota/q quota q --hard=pods=7,cpu=20 --scopes=NotTerminating
	is quota/q '{.spec.hard.pods} {.spec.scopes[0]}' '7 NotTerminating'
	created "priorityclass.scheduling.k8s.io/$NS" priorityclass "$NS" --value=1000 --description=mine
	is "pc/$NS" '{.value} {.preemptionPolicy}' '1000 PreemptLowerPriority'
	created ingress.networking.k8s.io/i ingress i --class=x --rule='foo.com/path*=svc:8080,tls=s'
	is ing/i '{.spec.rules[0].http.paths[0].pathType} {.spec.tls[0].secretName}' 'Prefix s'
}

create_services() {
	created service/cip service clusterip cip --tcp=5678:8080
	is svc/cip '{.spec.ports[0].targetPort} {.spec.type}' '8080 ClusterIP'
	created service/none service clusterip none --clusterip=None --tcp=80
	is svc/none '{.spec.clusterIP}' None
	created service/np service nodeport np --tcp=5678:8080
	check_test "it has a nodePort" "$(val svc/np '{.spec.ports[0].nodePort}')" -ge 30000
	created service/lb service loadbalancer lb --tcp=5678:8080
	is svc/lb '{.spec.allocateLoadBalancerNodePorts}' true
	created service/ext service externalname ext --external-name=bar.com
	is svc/ext '{.spec.externalName}' bar.com
}

create_roles() {
	created role.rbac.authorization.k8s.io/r role r --verb=get,list --resource=pods,pods/status --resource-name=x
	is role/r '{.rules[0].resources}' '["pods","pods/status"]'
	created rolebinding.rbac.authorization.k8s.io/rb rolebinding rb --role=r --user=u --serviceaccount="$NS":robot
	is rolebinding/rb '{.roleRef.kind} {.subjects[1].kind}' 'Role ServiceAccount'
	created "clusterrole.rbac.authorization.k8s.io/$NS" clusterrole "$NS" --verb=get --resource=deployments.apps,nodes
	is "clusterrole/$NS" '{.rules[*].apiGroups[0]}' ' apps'
	created "clusterrole.rbac.authorization.k8s.io/$NS-url" clusterrole "$NS-url" --verb=get --non-resource-url=/logs/*
	created "clusterrolebinding.rbac.authorization.k8s.io/$NS" clusterrolebinding "$NS" --clusterrole="$NS" --group=g
	is "clusterrolebinding/$NS" '{.subjects[0].kind} {.subjects[0].apiGroup}' 'Group rbac.authorization.k8s.io'
	created namespace/"$NS-more" namespace "$NS-more"
	k delete ns "$NS-more" --wait=false >/dev/null
	k delete clusterrole/"$NS" clusterrole/"$NS-url" clusterrolebinding/"$NS" "pc/$NS" >/dev/null
}

without_effect() {
	check_out "--dry-run=client -o yaml" '^      - image: nginx:1.15$' n create deployment dry --image=nginx:1.15 --dry-run=client -o yaml
	check_no_out "it knows nothing of the server" 'uid|strategy: +[A-Z]|terminationGracePeriod' \
		n create deployment dry --image=nginx:1.15 --dry-run=client -o yaml
	check_out "--dry-run=server -o yaml is defaulted" '^      terminationGracePeriodSeconds: 30$' \
		n create deployment dry --image=nginx:1.15 --dry-run=server -o yaml
	check_out "and has a uid" '^  uid: [0-9a-f-]{36}$' n create deployment dry --image=nginx:1.15 --dry-run=server -o yaml
	check_out "--dry-run=server alone says so" '^deployment.apps/dry created \(server dry run\)$' \
		n create deployment dry --image=nginx:1.15 --dry-run=server
	check_out "a Service's dry run has no lasting address" 'type: ClusterIP' n create svc clusterip dry --tcp=80 --dry-run=server -o yaml
	check_out "and nothing was made" 'NotFound' n get deployment dry
	check_out "--save-config" 'kubectl.kubernetes.io/last-applied-configuration' n create cm saved --from-literal=a=1 --save-config -o yaml
	check_out "a second one of the same name" '^(Error from server \(AlreadyExists\)|error: failed to create configmap): configmaps "saved" already exists$' \
		n create cm saved --from-literal=a=1
	check_out "create -f with a name that is no name" 'metadata.name: Invalid value: "Bad_Name"' \
		n create -f - <<<'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"Bad_Name"}}'
	check_out "create -f with generateName" '^configmap/gen-[a-z0-9]{5} created$' \
		n create -f - <<<'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"generateName":"gen-"}}'
	check_out "create --raw" '"name":"raw"' n create --raw "/api/v1/namespaces/$NS/configmaps" -f - <<<'{"metadata":{"name":"raw"}}'
	if at_least 1.25; then
		check_out "--validate=strict" 'strict decoding error: unknown field "dota"|unknown field "dota"' \
			n create --validate=strict -f - <<<'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"s"},"dota":{}}'
		check_out "--validate=warn" 'Warning: unknown field "dota"' \
			n create --validate=warn -f - <<<'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"s"},"dota":{}}'
	else
		check_out "an unknown field, found in the schema of /openapi/v2" 'unknown field "dota" in io.k8s.api.core.v1.ConfigMap' \
			n create -f - <<<'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"s"},"dota":{}}'
	fi
}
create_all() {
	create_config
	create_workloads
	create_services
	create_roles
	without_effect
}
mapfile -t MAIN < <(main_versions)
each_version create_all "${MAIN[@]}"
finish
