# shellcheck shell=bash
# On a machine: waits until a name that is asked for at the cluster's DNS is answered by the cache on this node.
# Parameters: NODE, CLUSTER_DNS (address), NAME (a name that the cluster's DNS knows), METRICS_PORT (of the cache).
# shellcheck source=../../rke2/scripts/rke2.sh disable=SC2154,SC2153

main() {
  take_turn 120
  wait_until 120 answered || fail "$CLUSTER_DNS gives no address for $NAME on $NODE: $(cut -c 1-200 <<<"$(pods)")" \
    "the cluster's own DNS answers where no cache does: look at its pods too (kubectl -n kube-system get pods -l k8s-app=kube-dns)"
  wait_until 60 cached || fail "the cluster's DNS answers on $NODE, but not by the cache there: $(pods)" \
    "kubectl -n kube-system exec ds/cilium -- cilium-dbg lrp list shows what Cilium redirects"
}

# As the administrator on a server, elsewhere as the kubelet, which may see the pods of its own node.
pods_here() {
  local login=$kubeconfig
  if [[ ! -e $login ]]; then login=/var/lib/rancher/rke2/agent/kubelet.kubeconfig; fi
  kubectl --kubeconfig "$login" --request-timeout=10s -n kube-system get pods -l k8s-app=node-local-dns \
    --field-selector "spec.nodeName=$NODE" "$@" </dev/null
}

pods() { pods_here -o 'jsonpath={range .items[*]}{.metadata.name} {.status.phase} {.status.podIP};{end}' 2>&1; }

# The questions that the caches here have been asked, all together.
questions() {
  local addresses address
  addresses=$(pods_here -o 'jsonpath={.items[*].status.podIP}')
  [[ -n $addresses ]] || return 1
  for address in $addresses; do
    curl -sf --max-time 3 "http://$address:$METRICS_PORT/metrics" || true
  done | awk '/^coredns_dns_requests_total[{ ]/ { sum += $NF } END { print sum + 0 }'
}

answered() { address_of "$CLUSTER_DNS" "$NAME"; }

cached() {
  local before after
  before=$(questions) || return 1
  for _ in 1 2 3; do answered >/dev/null || return 1; done
  after=$(questions) || return 1
  ((after - before >= 3))
}

main "$@" </dev/null
