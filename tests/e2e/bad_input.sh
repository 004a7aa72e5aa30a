#!/usr/bin/env bash
# What a server must bear: malformed and oversized bodies, unknown fields and kinds, bad selectors, wrong certificates.
# Each gets the right code and a Status body, and the server goes on.
. "$(dirname "$0")/lib.sh"
use_cluster

SERVER=$(k config view --raw -o jsonpath='{.clusters[0].cluster.server}')
part() { k config view --raw -o jsonpath="{$1}" | base64 -d; }
part .clusters[0].cluster.certificate-authority-data >"$WORK/ca.crt"
part .users[0].user.client-certificate-data >"$WORK/admin.crt"
part .users[0].user.client-key-data >"$WORK/admin.key"
PODS=/api/v1/namespaces/default/pods
CMS=/api/v1/namespaces/default/configmaps
JSON='Content-Type: application/json'
cleanup() { k delete cm ok big --ignore-not-found >/dev/null 2>&1; }

api() { curl -sS --max-time 15 --cacert "$WORK/ca.crt" --cert "$WORK/admin.crt" --key "$WORK/admin.key" "$@"; }
# The code, kind, status and reason of an answer in one line: "404 Status Failure NotFound".
told() { # PATH CURL-OPTIONS…
	local path=$1 code
	shift
	code=$(api -o "$WORK/body" -w '%{http_code}' "$SERVER$path" "$@" 2>"$WORK/curl.err") || code="$code curl:$(tail -n 1 "$WORK/curl.err")"
	echo "$code $(jq -r '[.kind, .status, .reason] | map(. // "-" | tostring) | join(" ")' "$WORK/body" 2>/dev/null)"
}
tells() { # WHAT WANTED-REGEX PATH CURL-OPTIONS…: and the code stands in the body too
	local what=$1 want=$2 got
	shift 2
	got=$(told "$@")
	if [[ ! $got =~ ^$want$ ]]; then
		fail "$what" "got  '$got'" "want '$want'" "$(head -c 300 "$WORK/body")"
	elif [ "$(jq -r .code "$WORK/body")" != "${got%% *}" ]; then
		fail "$what: the body tells another code" "$(head -c 300 "$WORK/body")"
	else
		pass "$what: $got"
	fi
}

section "malformed bodies"
tells "not JSON" "400 Status Failure BadRequest" $CMS -H "$JSON" -d '{"apiVersion": nonsense'
tells "empty" "400 Status Failure BadRequest" $CMS -H "$JSON" -X POST
tells "an array" "400 Status Failure BadRequest" $CMS -H "$JSON" -d '[]'
tells "NUL bytes" "400 Status Failure BadRequest" $CMS -H "$JSON" --data-binary $'{"kind":"\x01"}'
tells "bytes that are no UTF-8" "400 Status Failure BadRequest" $CMS -H "$JSON" --data-binary $'{"kind":"\xff\xfe"}'
printf '%0.s[' $(seq 100000) >"$WORK/deep"
tells "nested 100,000 deep" "400 Status Failure BadRequest" $CMS -H "$JSON" --data-binary "@$WORK/deep"
tells "a media type nobody speaks" "415 Status Failure UnsupportedMediaType" $CMS -H 'Content-Type: text/html' -d 'x'
tells "wrong types" "400 Status Failure BadRequest" $CMS -H "$JSON" -d '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":5}}'
tells "without a name" "422 Status Failure Invalid" $CMS -H "$JSON" -d '{"apiVersion":"v1","kind":"ConfigMap","metadata":{}}'
tells "a bad name" "422 Status Failure Invalid" $CMS -H "$JSON" -d '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"Not_Valid"}}'
tells "another kind" "400 Status Failure BadRequest" $CMS -H "$JSON" -d '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"ok"}}'
tells "another namespace" "400 Status Failure BadRequest" $CMS -H "$JSON" -d '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"ok","namespace":"kube-system"}}'
tells "a pod without containers" "422 Status Failure Invalid" $PODS -H "$JSON" -d '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"ok"},"spec":{}}'
tells "a bad quantity" "400 Status Failure BadRequest" $PODS -H "$JSON" -d '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"ok"},"spec":{"containers":[{"name":"c","image":"i","resources":{"requests":{"memory":"lots"}}}]}}'

section "oversized"
head -c 3500000 /dev/zero | tr '\0' x >"$WORK/fill"
{ printf '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"big"},"data":{"x":"' && cat "$WORK/fill" && printf '"}}'; } >"$WORK/big.json"
tells "3.5 MB" "413 Status Failure RequestEntityTooLarge" $CMS -H "$JSON" -H 'Expect:' --data-binary "@$WORK/big.json"
check_out "a megabyte and more in a ConfigMap" 'Too long|must have at most|exceed' \
	bash -c "head -c 1100000 /dev/zero | tr '\0' x >'$WORK/1m'; '$KUBECTL' create cm big --from-file='$WORK/1m'"
header=$(head -c 70000 /dev/zero | tr '\0' x)
code=$(told /version -H "X-Long: $header")
check_out "a header of 70,000 bytes" '^(400|413|431|000)' echo "$code"
code=$(told "/api/v1/namespaces/default/pods/$(head -c 20000 /dev/zero | tr '\0' x)")
check_out "a path of 20,000 bytes" '^(400|404|414|431|000)' echo "$code"

section "unknown things"
tells "an unknown path" "404 Status Failure NotFound" /nothing/here
tells "an unknown group" "404 Status Failure NotFound" /apis/nothing.io/v1/things
tells "an unknown resource" "404 Status Failure NotFound" /api/v1/namespaces/default/wombats
tells "an unknown object" "404 Status Failure NotFound" $PODS/nope
tells "an unknown subresource" "404 Status Failure NotFound" $PODS/nope/nothing
tells "a method nobody has" "405 Status Failure MethodNotAllowed" $PODS -X PUT -H "$JSON" -d '{}'
tells "into a namespace that is not there" "404 Status Failure NotFound" /api/v1/namespaces/nope/configmaps -H "$JSON" \
	-d '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"ok"}}'
tells "a path that climbs" "(400|404) Status Failure (BadRequest|NotFound)" '/api/v1/namespaces/default/pods/..%2f..%2fsecrets'
UNKNOWN='{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"ok"},"dat":{"a":"b"}}'
tells "an unknown field, strictly" "400 Status Failure BadRequest" "$CMS?fieldValidation=Strict" -H "$JSON" -d "$UNKNOWN"
check_out "its words" 'strict decoding error: unknown field \\?"dat\\?"' cat "$WORK/body"
check_out "an unknown field, warned of" 'Warning: 299 - "unknown field \\?"dat\\?""|warning: 299.*unknown field' \
	api -sS -i "$SERVER$CMS?fieldValidation=Warn" -H "$JSON" -d "$UNKNOWN"
sed 's/replicas: 1/replicsa: 1/' "$MANIFESTS/web.yaml" >"$WORK/typo.yaml"
for KUBECTL in "${KUBECTLS[@]}"; do
	check_out "kubectl apply with a typo" 'unknown field .*replicsa' k apply -f "$WORK/typo.yaml"
done
check_out "kubectl apply of an unknown kind" 'no matches for kind "Wombat" in version "v1"' \
	bash -c "printf 'apiVersion: v1\nkind: Wombat\nmetadata:\n  name: x\n' | '$KUBECTL' apply -f -"

section "selectors and options"
tells "a bad label selector" "400 Status Failure BadRequest" "$PODS?labelSelector=a%20in%20("
tells "a bad field selector" "400 Status Failure BadRequest" "$PODS?fieldSelector=nonsense"
tells "a field that cannot be selected" "400 Status Failure BadRequest" "$PODS?fieldSelector=spec.nothing%3Dx"
tells "a bad limit" "400 Status Failure BadRequest" "$PODS?limit=many"
tells "a bad continue token" "400 Status Failure BadRequest" "$PODS?limit=1&continue=nonsense"
tells "a bad resourceVersion" "400 Status Failure BadRequest" "$PODS?watch=1&resourceVersion=abc"
# A watch from too long ago: 410, as the answer or as its first event.
code=$(timeout 10 curl -sS --max-time 5 --cacert "$WORK/ca.crt" --cert "$WORK/admin.crt" --key "$WORK/admin.key" \
	"$SERVER$CMS?resourceVersion=999999999&resourceVersionMatch=Exact" | jq -r .code)
check_out "a list of a version that is not there" '^(410|504|400|500)$' echo "$code"

section "patches"
k create cm ok --from-literal=a=b >/dev/null
tells "an unknown patch type" "415 Status Failure UnsupportedMediaType" $CMS/ok -X PATCH -H 'Content-Type: text/plain' -d '{}'
tells "not a JSON patch" "400 Status Failure BadRequest" $CMS/ok -X PATCH -H 'Content-Type: application/json-patch+json' -d '{}'
tells "a test that fails" "422 Status Failure Invalid" $CMS/ok -X PATCH -H 'Content-Type: application/json-patch+json' -d '[{"op":"test","path":"/data/a","value":"z"}]'
tells "a merge patch that is no object" "(400|422) Status Failure (BadRequest|Invalid)" $CMS/ok -X PATCH -H 'Content-Type: application/merge-patch+json' -d '5'
tells "renaming" "(400|422) Status Failure (BadRequest|Invalid)" $CMS/ok -X PATCH -H 'Content-Type: application/merge-patch+json' -d '{"metadata":{"name":"other"}}'
tells "an old resourceVersion" "409 Status Failure Conflict" $CMS/ok -X PUT -H "$JSON" -d '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"ok","resourceVersion":"1"}}'
tells "another's uid" "409 Status Failure Conflict" $CMS/ok -X DELETE -H "$JSON" -d '{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"nope"}}'
tells "creating twice" "409 Status Failure AlreadyExists" $CMS -H "$JSON" -d '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"ok"}}'

section "certificates"
anonymous() { curl -sS --max-time 5 --cacert "$WORK/ca.crt" "$@"; }
check_is "anonymous: /version" "$(anonymous -o /dev/null -w '%{http_code}' "$SERVER/version")" 200
check_is "anonymous: /readyz" "$(anonymous "$SERVER/readyz")" ok
check_out "anonymous: pods" '^(401 Unauthorized|403 Forbidden)$' bash -c \
	"curl -sS --max-time 5 --cacert '$WORK/ca.crt' '$SERVER$PODS' | jq -r '\"\\(.code) \\(.reason)\"'"
check_is "a token nobody gave" "$(anonymous -H 'Authorization: Bearer nonsense' -o /dev/null -w '%{http_code}' "$SERVER$PODS")" 401
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj '/O=system:masters/CN=kubernetes-admin' \
	-keyout "$WORK/own.key" -out "$WORK/own.crt" 2>/dev/null
code=$(curl -sS --max-time 5 --cacert "$WORK/ca.crt" --cert "$WORK/own.crt" --key "$WORK/own.key" -o "$WORK/body" -w '%{http_code}' "$SERVER$PODS" 2>/dev/null)
check_out "a certificate of one's own making" '^(401|403|000)$' echo "$code"
check_not "a client that does not know the CA does not trust the server" curl -sS --max-time 5 "$SERVER/version"
check_not "plain HTTP is not spoken" curl -sS -f --max-time 5 "${SERVER/https/http}/version"
NODE_KUBECONFIG=$(find "$(DATA)" "$(RUN)" -path '*node1*' -name '*kubeconfig*' 2>/dev/null | head -n 1)
if [ -n "$NODE_KUBECONFIG" ]; then
	check "a node reads nodes" k --kubeconfig "$NODE_KUBECONFIG" get node node1
	check_out "a node does not make Deployments" '[Ff]orbidden' k --kubeconfig "$NODE_KUBECONFIG" create deployment x --image=x
	check_out "a node does not change another node" '[Ff]orbidden' k --kubeconfig "$NODE_KUBECONFIG" label node node2 a=b
	check_is "a node's certificate says who it is" "$(k --kubeconfig "$NODE_KUBECONFIG" auth whoami -o jsonpath='{.status.userInfo.username}')" system:node:node1
fi

section "half a request, and many connections"
address=${SERVER#https://}
for _ in 1 2 3 4 5 6 7 8; do
	(exec 3<>"/dev/tcp/${address%:*}/${address##*:}" && printf 'nonsense\r\n\r\n' >&3 && timeout 2 cat <&3 >/dev/null) 2>/dev/null
done
check_is "the server goes on" "$(k get --raw /readyz)" ok
check "and so does kubectl" k get nodes
check_is "nothing was left by what was refused" "$(k get cm -o name | grep -cE '/(big|other)$')" 0
finish
