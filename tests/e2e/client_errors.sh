#!/usr/bin/env bash
# What a client is told when something is wrong: the same status, reason, message and causes as upstream documents, by
# plain HTTP.
. "$(dirname "$0")/lib.sh"
use_cluster 1

NS=client-errors
cleanup() { k delete ns $NS --wait=false >/dev/null 2>&1; }
config() { k config view --raw -o json | jq -r "$1"; }
config '.users[0].user["client-certificate-data"]' | base64 -d >"$WORK/cert.pem"
config '.users[0].user["client-key-data"]' | base64 -d >"$WORK/key.pem"
config '.clusters[0].cluster["certificate-authority-data"]' | base64 -d >"$WORK/ca.pem"
SERVER=$(config '.clusters[0].cluster.server')
# METHOD PATH CONTENT-TYPE BODY [curl's options…]: the answer in one line, keys sorted
ask() {
	local method=$1 path=$2 type=$3 body=$4
	shift 4
	curl -sS --max-time 20 --cacert "$WORK/ca.pem" --cert "$WORK/cert.pem" --key "$WORK/key.pem" -X "$method" -H "Content-Type: $type" \
		-D "$WORK/headers" ${body:+--data-binary "$body"} "$@" "$SERVER$path" | jq -cS . 2>&1
}
# WHAT CODE REASON MESSAGE DETAILS ask's arguments…: a Status; MESSAGE is a regular expression, DETAILS exact or empty
refused() {
	local what=$1 code=$2 reason=$3 message=$4 details=$5 got
	shift 5
	got=$(ask "$@")
	if ! jq -e --arg code "$code" --arg reason "$reason" --arg message "$message" '.kind == "Status" and .apiVersion == "v1" and
		.status == "Failure" and (.code | tostring) == $code and .reason == $reason and (.message | test($message))' \
		>/dev/null 2>&1 <<<"$got"; then
		fail "$what" "$got" "want $code $reason $message"
	elif ! grep '^HTTP/' "$WORK/headers" | tail -n 1 | grep -q " $code"; then
		fail "$what: the HTTP status" "$(grep '^HTTP/' "$WORK/headers")"
	elif [ -n "$details" ] && [ "$(jq -cS .details <<<"$got")" != "$(jq -cS . <<<"$details")" ]; then
		fail "$what: details" "$(jq -cS .details <<<"$got")" "want $(jq -cS . <<<"$details")"
	else
		pass "$what"
	fi
}
J=application/json
MAPS=/api/v1/namespaces/$NS/configmaps
DEPLOYS=/apis/apps/v1/namespaces/$NS/deployments

k create ns $NS >/dev/null
wait_for "its account" 5 k -n $NS get sa default
k -n $NS create cm here --from-literal=a=1 >/dev/null
k -n $NS create deploy web --image=nginx:1.14 --replicas=0 >/dev/null

section "not there, there already, changed meanwhile"
refused "NotFound" 404 NotFound '^configmaps "gone" not found$' '{"kind":"configmaps","name":"gone"}' GET $MAPS/gone $J ''
refused "NotFound, with a group" 404 NotFound '^deployments.apps "gone" not found$' \
	'{"group":"apps","kind":"deployments","name":"gone"}' DELETE $DEPLOYS/gone $J ''
refused "a namespace that is not" 404 NotFound '^namespaces "nowhere" not found$' '{"kind":"namespaces","name":"nowhere"}' \
	POST /api/v1/namespaces/nowhere/configmaps $J '{"metadata":{"name":"x"}}'
refused "a resource that is not" 404 NotFound 'could not find the requested resource' '' GET /api/v1/namespaces/$NS/wombats $J ''
refused "AlreadyExists" 409 AlreadyExists '^configmaps "here" already exists$' '{"kind":"configmaps","name":"here"}' \
	POST $MAPS $J '{"metadata":{"name":"here"}}'
refused "Conflict" 409 Conflict \
	'^Operation cannot be fulfilled on configmaps "here": the object has been modified; please apply your changes to the latest version and try again$' \
	'{"kind":"configmaps","name":"here"}' PUT $MAPS/here $J '{"metadata":{"name":"here","resourceVersion":"1"}}'
refused "Conflict of a patch" 409 Conflict 'Operation cannot be fulfilled on deployments.apps "web": the object has been modified' \
	'{"group":"apps","kind":"deployments","name":"web"}' PATCH $DEPLOYS/web application/merge-patch+json '{"metadata":{"resourceVersion":"1"}}'
refused "a precondition" 409 Conflict \
	'^Operation cannot be fulfilled on configmaps "here": Precondition failed: UID in precondition: x, UID in object meta: [0-9a-f-]{36}$' '' \
	DELETE $MAPS/here $J '{"preconditions":{"uid":"x"}}'

section "what is not valid"
refused "Invalid: one cause" 422 Invalid \
	'^Deployment.apps "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0$' \
	'{"name":"web","group":"apps","kind":"Deployment","causes":[{"reason":"FieldValueInvalid","message":"Invalid value: -1: must be greater than or equal to 0","field":"spec.replicas"}]}' \
	PATCH $DEPLOYS/web application/merge-patch+json '{"spec":{"replicas":-1}}'
refused "Invalid: several causes" 422 Invalid '^Pod "p" is invalid: \[spec.containers\[0\].image: Required value, spec.restartPolicy: Unsupported value: "x": supported values: "Always", "Never", "OnFailure"\]$|spec.restartPolicy' '' \
	POST /api/v1/namespaces/$NS/pods $J '{"metadata":{"name":"p"},"spec":{"restartPolicy":"x","containers":[{"name":"c"}]}}'
check_is "each with reason and field" \
	"$(ask POST /api/v1/namespaces/$NS/pods $J '{"metadata":{"name":"p"},"spec":{"restartPolicy":"x","containers":[{"name":"c"}]}}' |
		jq -c '[.details.causes[] | "\(.reason) \(.field)"] | sort')" \
	'["FieldValueNotSupported spec.restartPolicy","FieldValueRequired spec.containers[0].image"]'
refused "a field that never changes" 422 Invalid 'spec.selector: Invalid value: .*: field is immutable' '' \
	PATCH $DEPLOYS/web application/merge-patch+json '{"spec":{"selector":{"matchLabels":{"app":"other"}}}}'
refused "the wrong type" 400 BadRequest \
	'^ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal array into Go struct field ConfigMap.data of type string$|cannot unmarshal array into Go struct field ConfigMap.data.a of type string' '' \
	POST $MAPS $J '{"metadata":{"name":"x"},"data":{"a":[]}}'
refused "no JSON" 400 BadRequest '.' '' POST $MAPS $J '{"metadata"'
refused "another kind" 400 BadRequest 'Secret' '' POST $MAPS $J '{"kind":"Secret","apiVersion":"v1","metadata":{"name":"x"}}'
refused "the name of the path" 400 BadRequest '^the name of the object \(other\) does not match the name on the URL \(here\)$' '' \
	PUT $MAPS/here $J '{"metadata":{"name":"other"}}'
refused "an unknown field, strictly" 400 BadRequest 'strict decoding error: unknown field "nope"' '' \
	POST "$MAPS?fieldValidation=Strict" $J '{"metadata":{"name":"x"},"nope":1}'
refused "a field twice, strictly" 400 BadRequest 'strict decoding error: .*duplicate field "a"|duplicate field "data.a"' '' \
	POST "$MAPS?fieldValidation=Strict" $J '{"metadata":{"name":"x"},"data":{"a":"1","a":"2"}}'
ask POST "$MAPS?fieldValidation=Warn&dryRun=All" $J '{"metadata":{"name":"x"},"nope":1}' >/dev/null
check_out "an unknown field, with a warning" '^[Ww]arning: 299 - "unknown field \\"nope\\""' tr -d '\r' <"$WORK/headers"
ask POST "$MAPS?fieldValidation=Ignore&dryRun=All" $J '{"metadata":{"name":"x"},"nope":1}' >/dev/null
check_no_out "an unknown field, ignored" '^[Ww]arning' cat "$WORK/headers"
refused "fieldValidation of another word" 422 Invalid '^CreateOptions.meta.k8s.io "" is invalid: fieldValidation: Unsupported value: "x"' '' POST "$MAPS?fieldValidation=x" $J '{"metadata":{"name":"x"}}'
refused "dryRun of another word" 422 Invalid '^CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: "x"' '' POST "$MAPS?dryRun=x" $J '{"metadata":{"name":"x"}}'

section "patches"
refused "a failing test" 422 Invalid '^the server rejected our request due to an error in our request' '' \
	PATCH $MAPS/here application/json-patch+json '[{"op":"test","path":"/data/a","value":"9"}]'
refused "a path that is not there" 422 Invalid '^the server rejected our request due to an error in our request' '' \
	PATCH $MAPS/here application/json-patch+json '[{"op":"remove","path":"/data/b"}]'
refused "no patch" 400 BadRequest '.' '' PATCH $MAPS/here application/json-patch+json '{"op":"test"}'
refused "no type of patch" 415 UnsupportedMediaType \
	'^the body of the request was in an unknown format - accepted media types include: application/json-patch\+json, application/merge-patch\+json, ' '' \
	PATCH $MAPS/here application/json '{}'
ask PATCH "$MAPS/here?fieldManager=one&force=true" application/apply-patch+yaml '{"apiVersion":"v1","kind":"ConfigMap","data":{"b":"1"}}' >/dev/null
refused "another applier's field" 409 Conflict '^Apply failed with 1 conflict: conflict with "one": \.data\.b$' \
	'{"causes":[{"reason":"FieldManagerConflict","message":"conflict with \"one\"","field":".data.b"}]}' \
	PATCH "$MAPS/here?fieldManager=two" application/apply-patch+yaml '{"apiVersion":"v1","kind":"ConfigMap","data":{"b":"2"}}'
refused "apply without a manager" 422 Invalid 'fieldManager: Required value: is required for apply patch' '' \
	PATCH $MAPS/here application/apply-patch+yaml '{"apiVersion":"v1","kind":"ConfigMap"}'
refused "apply with managedFields" 400 BadRequest 'metadata.managedFields must be nil' '' \
	PATCH "$MAPS/here?fieldManager=one" application/apply-patch+yaml '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"managedFields":[{}]}}'
refused "force is for apply only" 422 Invalid 'force: Forbidden: may not be specified for non-apply patch' '' \
	PATCH "$MAPS/here?force=true" application/merge-patch+json '{}'

section "forms, sizes, times"
refused "UnsupportedMediaType" 415 UnsupportedMediaType \
	'^the body of the request was in an unknown format - accepted media types include: application/json, application/yaml' '' \
	POST $MAPS text/plain 'x'
refused "NotAcceptable" 406 NotAcceptable '^only the following media types are accepted: application/json, application/yaml' '' \
	GET $MAPS $J '' -H 'Accept: text/html'
head -c 4000000 /dev/zero | tr '\0' a >"$WORK/large"
refused "RequestEntityTooLarge" 413 RequestEntityTooLarge '^Request entity too large: limit is 3145728$' '' POST $MAPS $J "@$WORK/large"
refused "a method that is not" 405 MethodNotAllowed 'the server does not allow this method on the requested resource' '' PUT $MAPS $J '{}'
refused "a continue token that is none" 400 BadRequest '^continue key is not valid' '' GET "$MAPS?limit=1&continue=xx" $J ''
refused "a resourceVersion that is none" 400 BadRequest 'resourceVersion|strconv' '' GET "$MAPS?resourceVersion=x" $J ''
refused "a time to come" 504 Timeout 'Too large resource version: 99999999999, current: [0-9]+' '' GET "$MAPS?resourceVersion=99999999999" $J ''
refused "a field nobody selects by" 400 BadRequest 'field label not supported: data.a' '' GET "$MAPS?fieldSelector=data.a%3D1" $J ''
refused "a selector that is none" 400 BadRequest '.' '' GET "$MAPS?labelSelector=a%20b%20c" $J ''
refused "a RuntimeClass that is not" 403 Forbidden '^pods "p" is forbidden: pod rejected: RuntimeClass "nope" not found$' '' \
	POST /api/v1/namespaces/$NS/pods $J '{"metadata":{"name":"p"},"spec":{"runtimeClassName":"nope","containers":[{"name":"c","image":"x"}]}}'
refused "who nobody is" 403 Forbidden '^configmaps is forbidden: User "mallory" cannot list resource "configmaps" in API group "" in the namespace "client-errors"' \
	'{"kind":"configmaps"}' GET $MAPS $J '' -H 'Impersonate-User: mallory'
finish
