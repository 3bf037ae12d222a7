# shellcheck shell=bash
# On a server: what stands around the restart of a machine. No machine goes while another node is not well, so that a
# change of many takes one after the other down.
# Parameters: MODE (leave: see that all others are well, and move the node's pods; back: wait until it is well again, and
# let pods in; stay: take a leave back), NODE (name of the machine that restarts).
# shellcheck source=drain.sh source=bgp.sh disable=SC2154,SC2153

drain_seconds=600
nodes=()

main() {
  # A machine of a site whose cluster was never begun has nothing to leave.
  if [[ ! -e $kubeconfig ]]; then return 0; fi
  "$MODE"
}

# read_nodes: the names of all nodes into nodes; fails where the API does not tell, which is never taken for none.
read_nodes() {
  local names
  names=$(kube get nodes -o 'jsonpath={range .items[*]}{.metadata.name}{"\n"}{end}') || return 1
  mapfile -t nodes <<<"$names"
}

# known: whether NODE has ever joined. Ends the script where nobody tells.
known() {
  wait_until 120 read_nodes || fail "the API of $(hostname) does not list its nodes, so nobody tells how $NODE is"
  [[ " ${nodes[*]} " == *" $NODE "* ]]
}

leave() {
  wait_until 120 kube get --raw /readyz ||
    fail "$NODE is not restarted: the API of $(hostname) is not ready after 120 s; put that right first"
  if ! known; then return 0; fi
  wait_until 180 others_are_well ||
    fail "$NODE is not restarted, because another machine is not well: $(unwell)" \
      "bring it back first (npm run doctor), and take the change of settings back where an up is to do so; two machines down at once may be too many for etcd and for the storage"
  if [[ -z $(rest) ]]; then
    note "$NODE is the only node: its pods are away until it is back"
    return 0
  fi
  local ready
  cordon "$NODE"
  ready=$(condition "$NODE" Ready)
  if [[ $ready == True ]]; then
    move_pods
    leave_bgp "$NODE"
  fi
}

move_pods() {
  local said
  if said=$(evict "$NODE" "$drain_seconds"); then return 0; fi
  stay
  fail "$NODE is not restarted: not all of its pods could move within $drain_seconds s. The last words:" \
    "$said" \
    "a budget of disruption that never lets a pod go, or one without room elsewhere (kubectl get pdb,pods -A -o wide), has to be mended first"
}

back() {
  wait_until 900 kube get --raw /readyz || fail "the API of $(hostname) is not ready 900 s after the restart of $NODE"
  if ! known; then return 0; fi
  local before
  before=$(lease)
  # What the node said last may be older than its restart; a lease that moves is its new kubelet's.
  wait_until 900 renewed "$before" || fail "$NODE: its kubelet does not answer 900 s after the restart: look at its console"
  wait_until 600 is_ready "$NODE" || fail "$NODE is not Ready 600 s after its restart" "$(conditions)"
  if is_server "$NODE"; then
    wait_until 600 serves "$NODE" || fail "$NODE: etcd or the API server is not back 600 s after its restart: journalctl -u rke2-server on it"
  fi
  wait_until 300 network || fail "$NODE: Cilium is not Ready 300 s after the restart: kubectl -n kube-system get pods -o wide"
  stay
  sweep
  if serves_kind ciliumbgpnodeconfigs.cilium.io; then
    wait_until 120 speaks "$NODE" || fail "$NODE has fewer BGP sessions than other nodes 120 s after its restart: npm run doctor"
  fi
}

stay() {
  if ! known; then return 0; fi
  join_bgp "$NODE"
  undrain "$NODE"
}

# sweep: takes away what the kubelet has ended in order. It leaves such pods behind as Failed, beside those that their controllers have
# made since, and those that came while it shut down (kubernetes, pkg/kubelet/nodeshutdown).
sweep() {
  local ended reason namespace name
  ended=$(kube get pods -A --field-selector "spec.nodeName=$NODE,status.phase=Failed" \
    -o 'jsonpath={range .items[*]}{.status.reason} {.metadata.namespace} {.metadata.name}{"\n"}{end}') || return 0
  while read -r reason namespace name; do
    case $reason in
      Terminated | NodeShutdown) kube -n "$namespace" delete pod "$name" --ignore-not-found --wait=false >/dev/null || true ;;
    esac
  done <<<"$ended"
}

# rest: all nodes but the one that restarts.
rest() { printf '%s\n' "${nodes[@]}" | grep -Fxv "$NODE" || true; }

condition() { kube get node "$1" -o "jsonpath={.status.conditions[?(@.type==\"$2\")].status}"; }

conditions() { kube get node "$NODE" -o 'jsonpath={range .status.conditions[*]}{.type}={.status} {.message}{"\n"}{end}'; }

is_ready() { [[ $(condition "$1" Ready) == True ]]; }

is_server() { [[ $(etcd_label "$1") == true ]]; }

etcd_label() { kube get node "$1" -o 'jsonpath={.metadata.labels.node-role\.kubernetes\.io/etcd}'; }

# serves NODE: it is a voting member of etcd, and its API server, which asks its own etcd, is ready.
serves() {
  local list member address
  list=$(etcd_members) || return 1
  member=$(grep -oE "\{[^{}]*\"name\": *\"$1-[0-9a-f]{8}\"[^{}]*\}" <<<"$list") || return 1
  # A learner is not counted by etcd's majority.
  ! grep -q '"isLearner": *true' <<<"$member" || return 1
  address=$(kube get node "$1" -o 'jsonpath={.status.addresses[?(@.type=="InternalIP")].address}')
  kube --server "https://$address:6443" get --raw /readyz
}

# unwell: the others that are not Ready, or servers that do not serve.
unwell() {
  local name etcd
  for name in $(rest); do
    if ! is_ready "$name"; then printf '%s (not Ready) ' "$name"
    elif ! etcd=$(etcd_label "$name"); then printf '%s (the API does not tell) ' "$name"
    elif [[ $etcd == true ]] && ! serves "$name" >/dev/null 2>&1; then printf '%s (etcd or API server) ' "$name"; fi
  done
}

others_are_well() { read_nodes && [[ -z $(unwell) ]]; }

lease() { kube -n kube-node-lease get lease "$NODE" -o 'jsonpath={.spec.renewTime}'; }

renewed() { [[ $(lease) != "$1" ]]; }

# Kubelet keeps Cilium's settings over a restart, so a node is Ready before its agent is. One that was ended in order gives way to
# another pod, and there is none for a moment.
network() {
  local states agents
  states=$(kube -n kube-system get pods -l k8s-app=cilium --field-selector "spec.nodeName=$NODE" \
    -o 'jsonpath={range .items[*]}{.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}') || return 1
  if [[ -z $states ]]; then
    agents=$(kube -n kube-system get daemonset cilium --ignore-not-found -o name) || return 1
    [[ -z $agents ]]
    return
  fi
  [[ $states != *False* ]]
}

main "$@" </dev/null
