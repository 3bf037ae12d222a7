# shellcheck shell=bash
# On a server: waits for the API at the cluster's address and for every node, then prints the kubeconfig.
# Parameters: VIP, NODES (names, separated by blanks), SITE (name of context and cluster). VERSION and RENEWS are here so
# that it is fetched again after RKE2 may have renewed the certificate in it.
# shellcheck source=rke2.sh disable=SC2154,SC2153

source_file=/etc/rancher/rke2/rke2.yaml

main() {
  take_turn 1200
  wait_until 180 api || fail "https://$VIP:6443 is not ready after 180 s: does kube-vip hold the address?"
  wait_until 300 registered || fail "not registered after 300 s: $(missing)"
  sed -e "s|https://127.0.0.1:6443|https://$VIP:6443|" -e "s/: default\$/: $SITE/" "$source_file"
}

kube() { kubectl --kubeconfig "$source_file" --server "https://$VIP:6443" --request-timeout=10s "$@"; }

api() { kube get --raw /readyz; }

missing() {
  local node
  for node in $NODES; do kube get node "$node" -o name >/dev/null 2>&1 || printf '%s ' "$node"; done
}

registered() { [[ -z $(missing) ]]; }

main "$@" </dev/null
