#!/usr/bin/env bash
# A machine joins by bootstrap token: it knows the server's address, the token and the hash of the CA, gets its certificates
# by request, and new ones before they end. Nobody else gets any.
#
#   this machine                       namespace of the joining machine
#   +-----------------------+          +--------------------------------+
#   | server 10.231.77.1    |--veth----| eth0 10.231.77.2, keelson agent |
#   +-----------------------+          +--------------------------------+
. "$(dirname "$0")/lib.sh"
ID=$$
NETNS=kljoin$ID LINK=klj$ID DATA_DIR=$WORK/server ROOT=$WORK/agent URL=https://10.231.77.1:16553
CGROUP=/keelson-join-$ID PINS=/sys/fs/bpf/keelson-join-$ID
PIDS=()

cleanup() {
	for pid in "${PIDS[@]}"; do kill "$pid" 2>/dev/null; done
	for pid in "${PIDS[@]}"; do wait "$pid" 2>/dev/null; done
	ip netns del "$NETNS" 2>/dev/null
	ip link del "$LINK" 2>/dev/null
	rm -rf "$PINS"
	for dir in /sys/fs/cgroup/*"$CGROUP" /sys/fs/cgroup"$CGROUP"; do
		[ -d "$dir" ] && find "$dir" -depth -type d -exec rmdir {} + 2>/dev/null
	done
}
start_server() {
	"$KEELSON" server --data-dir "$DATA_DIR" --bind-address 10.231.77.1 --port 16553 --cluster-signing-duration 20s \
		>>"$WORK/server.log" 2>&1 &
	PIDS+=($!)
}
AGENT() { # in a subshell, which becomes the agent
	exec nsenter --net="/run/netns/$NETNS" "$KEELSON" agent --server $URL --node-name joined --root-dir "$ROOT" --run-dir "$WORK/run" \
		--pin-dir "$PINS" --cgroup-root "$CGROUP" --uplink eth0 --shared-kernel --cni-plugin "$KL_BIN/keelson-cni" "$@"
}
approved() { kubectl get csr -o json | jq -e '.items | map(select(.spec.signerName == "'"$1"'" and .status.certificate)) | length > 0'; }
node_is_there() { kubectl get node joined; }
serial() { sed -n 's/.*client-certificate-data: //p' "$ROOT/pki/kubeconfig" | base64 -d | openssl x509 -noout -serial; }
renewed() { [ "$(serial)" != "$FIRST" ]; }

ip netns add "$NETNS" && ip link add "$LINK" type veth peer name eth0 netns "$NETNS" || skip "no network namespaces here"
ip addr add 10.231.77.1/24 dev "$LINK" && ip link set "$LINK" up
ip -n "$NETNS" addr add 10.231.77.2/24 dev eth0 && ip -n "$NETNS" link set eth0 up && ip -n "$NETNS" link set lo up
ip -n "$NETNS" route add default via 10.231.77.1
start_server
export KUBECONFIG=$DATA_DIR/admin.kubeconfig
wait_for "the server serves" 10 kubectl get --raw /readyz

section "tokens"
check_out "create prints the command that joins" "^keelson agent --server $URL --token [a-z0-9]{6}\.[a-z0-9]{16} --ca-cert-hash sha256:[0-9a-f]{64}$" \
	"$KEELSON" token create --description first
MADE=$("$KEELSON" token create --ttl 10m -o json)
TOKEN=$(jq -r .token <<<"$MADE") HASH=$(jq -r .caCertHash <<<"$MADE")
want=$(openssl x509 -in "$DATA_DIR/pki/ca.crt" -pubkey -noout | openssl pkey -pubin -outform der | sha256sum | cut -d' ' -f1)
check_is "the hash is kubeadm's: of the CA's public key" "$HASH" "sha256:$want"
check_out "list shows it" "^${TOKEN%%.*} +9m.*system:bootstrappers:" "$KEELSON" token list
check_no_out "list does not show the secret half" "${TOKEN##*.}" "$KEELSON" token list -o json
check_out "it is kubeadm's Secret" "bootstrap.kubernetes.io/token" kubectl -n kube-system get secret "bootstrap-token-${TOKEN%%.*}"
GONE=$("$KEELSON" token create -q)
check_out "delete" "token ${GONE%%.*} deleted" "$KEELSON" token delete "${GONE%%.*}"
check_not "a token that is no token" "$KEELSON" token delete nonsense

section "who does not get in"
check_out "a wrong hash" "no certificate of .* has a public key with the given hash" \
	AGENT --token "$TOKEN" --ca-cert-hash "sha256:${HASH:8}0"
check_out "a deleted token" "Unauthorized" AGENT --token "$GONE" --ca-cert-hash "$HASH"
check_out "no hash" "needs --ca-cert-hash" AGENT --token "$TOKEN"
check_test "nothing is written" ! -e "$ROOT/pki/kubeconfig"

section "joining"
echo "$TOKEN" >"$WORK/token" && chmod 600 "$WORK/token"
AGENT --token "$TOKEN" --ca-cert-hash "$HASH" >"$WORK/agent.log" 2>&1 &
PIDS+=($!)
wait_for "the node is there" 20 node_is_there
FIRST=$(serial)
check "its client certificate was asked for and signed" approved kubernetes.io/kube-apiserver-client-kubelet
wait_for "so was its serving certificate" 10 approved kubernetes.io/kubelet-serving
check_out "by the token first, then by itself" "system:bootstrap:${TOKEN%%.*} .*Approved,Issued" kubectl get csr
check_is "the kubeconfig is the owner's alone" "$(stat -c %a "$ROOT/pki/kubeconfig")" 600
check_is "so is the key" "$(stat -c %a "$ROOT/pki/serving.key")" 600
pid=$(pgrep -f -- "--root-dir $ROOT " | head -n 1)
check_no_out "the token is not in the process list" "${TOKEN##*.}" ps -o args= -p "$pid"
check_no_out "nor in a log" "${TOKEN##*.}" cat "$WORK/agent.log" "$WORK/server.log"
serves() { curl -sS -o /dev/null --max-time 2 --cacert "$DATA_DIR/pki/ca.crt" https://10.231.77.2:10250/healthz; }
wait_for "it serves with a certificate of the cluster's" 10 serves
check_not "the token does not read Secrets" kubectl --kubeconfig /dev/null --server $URL --certificate-authority "$DATA_DIR/pki/ca.crt" \
	--token "$TOKEN" -n kube-system get secrets

section "before the certificates end"
wait_for "the client certificate is renewed" 25 renewed
wait_for "and the node goes on with it" 10 kubectl get node joined
check_out "the agent has started again in its place" "starts again with them" cat "$WORK/agent.log"
check_is "as the same process" "$(pgrep -f -- "--root-dir $ROOT " | head -n 1)" "$pid"
check_out "each certificate is for the node" "CN *= *system:node:joined" openssl x509 -noout -subject -in \
	<(sed -n 's/.*client-certificate-data: //p' "$ROOT/pki/kubeconfig" | base64 -d)

section "an administrator decides"
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$WORK/jane.key" -subj /O=developers/CN=jane -out "$WORK/jane.csr" 2>/dev/null
csr() { # NAME
	printf '{"apiVersion":"certificates.k8s.io/v1","kind":"CertificateSigningRequest","metadata":{"name":"%s"},"spec":{"signerName":"kubernetes.io/kube-apiserver-client","usages":["client auth"],"request":"%s"}}' \
		"$1" "$(base64 -w0 "$WORK/jane.csr")" | kubectl create -f -
}
check "a request" csr jane
check "another" csr jane2
check_out "waits" "jane +.*Pending" kubectl get csr jane
check "approve" kubectl certificate approve jane
check "deny" kubectl certificate deny jane2
jane_has_it() { kubectl get csr jane -o jsonpath='{.status.certificate}' | base64 -d >"$WORK/jane.crt" && [ -s "$WORK/jane.crt" ]; }
wait_for "it is signed" 5 jane_has_it
check_out "and is good" "User \"jane\" cannot list resource \"pods\"" kubectl --kubeconfig /dev/null --server $URL \
	--certificate-authority "$DATA_DIR/pki/ca.crt" --client-certificate "$WORK/jane.crt" --client-key "$WORK/jane.key" get pods
check_out "the other is denied" "jane2 +.*Denied" kubectl get csr jane2
finish
