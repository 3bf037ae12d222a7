# shellcheck shell=bash
# On a server: waits for the API at the cluster's address, for every node, and for the API's schema; then prints the
# kubeconfig.
# Parameters: VIP, NODES (names, separated by blanks), SITE (name of context and cluster), RENEWS (not empty: certificates
# were renewed once). VERSION and RENEWS are here so that it is fetched again after RKE2 may have renewed the certificate in it.
# shellcheck source=rke2.sh disable=SC2154,SC2153

source_file=/etc/rancher/rke2/rke2.yaml

main() {
  take_turn 1200
  wait_until 180 api || fail "https://$VIP:6443 is not ready after 180 s: does kube-vip hold the address?"
  wait_until 300 registered || fail "not registered after 300 s: $(missing)"
  wait_until 300 schema || fail "https://$VIP:6443/openapi/v2 does not tell the API's kinds after 300 s"
  # Before the first renewal there may be no network yet, without which no pod is ready.
  if [[ -n $RENEWS ]]; then wait_until 120 pods_are_back || note "pods that are not ready after 120 s: $(unready)"; fi
  sed -e "s|https://127.0.0.1:6443|https://$VIP:6443|" -e "s/: default\$/: $SITE/" "$source_file"
}

kube() { kubectl --kubeconfig "$source_file" --server "https://$VIP:6443" --request-timeout=10s "$@"; }

api() { kube get --raw /readyz; }

missing() {
  local node
  for node in $NODES; do kube get node "$node" -o name >/dev/null 2>&1 || printf '%s ' "$node"; done
}

# Where certificates had ended, nobody heard of the kubelets, and the node controller has said of their pods that they are not
# ready (MarkPodsNotReady). They are that until each kubelet, which is back by now, has looked at them and reports anew. One that
# is not ready for a reason of its own does not hold the run up for longer.
unready() {
  kube get pods -A --field-selector status.phase=Running -o 'jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name} {.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}' |
    sed -n 's/ False$//p' | xargs
}

pods_are_back() { local said; said=$(unready) && [[ -z $said ]]; }

# An API server puts its schema together when somebody first asks, and the Kubernetes provider asks once, for 32 s: on a
# busy machine that is too short after a start.
schema() {
  local tls=/var/lib/rancher/rke2/server/tls
  curl -sSf --max-time 120 -o /dev/null -H 'Accept: application/com.github.proto-openapi.spec.v2@v1.0+protobuf' \
    --cacert "$tls/server-ca.crt" --cert "$tls/client-admin.crt" --key "$tls/client-admin.key" "https://$VIP:6443/openapi/v2"
}

registered() {
  local nodes
  read -ra nodes <<<"$NODES"
  kube get node "${nodes[@]}" -o name
}

main "$@" </dev/null
