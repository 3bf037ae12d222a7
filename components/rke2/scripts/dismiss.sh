# shellcheck shell=bash
# On a server: takes a machine that left the config out of the cluster, before it is destroyed. What its disks hold of Ceph
# is moved to others, its pods move, its node goes, and with the node RKE2 removes its etcd member, which would count against etcd's majority for ever.
# Parameters: LEAVER (node name), DISMISSER (node name of this server).
# shellcheck source=drain.sh source=bgp.sh source=../../storage/scripts/osds.sh disable=SC2154,SC2153

drain_seconds=120

main() {
  take_turn 1200
  if [[ $LEAVER == "$DISMISSER" ]]; then fail "$LEAVER is the last server: the cluster ends with it; run destroy instead"; fi
  wait_until 120 kube get --raw /readyz ||
    fail "the API server of $DISMISSER is not ready after 120 s, so $LEAVER stays; put that right and run up again"
  if ! gone; then
    local etcd
    etcd=$(kube get node "$LEAVER" -o 'jsonpath={.metadata.labels.node-role\.kubernetes\.io/etcd}')
    if [[ $etcd == true ]]; then majority; fi
    purge_osds "$LEAVER"
    let_pods_go
    note "removing $LEAVER from the cluster"
    kube delete node "$LEAVER" --wait=false >/dev/null
    wait_until 120 gone || fail "the node $LEAVER is still there after 120 s: kubectl describe node $LEAVER"
    forget_pods
  fi
  forget_collectors "$LEAVER"
  wait_until 60 no_member ||
    fail "etcd still has a member of $LEAVER, or does not answer: look at etcdctl member list on $DISMISSER, remove it there, and run up again"
}

# ready NODE
ready() { [[ $(kube get node "$1" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}') == True ]]; }

gone() {
  local found
  found=$(kube get node "$LEAVER" --ignore-not-found -o name) || return 1
  [[ -z $found ]]
}

# The servers that stay must be able to agree without the one that goes.
majority() {
  wait_until 60 most_are_ready ||
    fail "$LEAVER stays: without it most servers would have to be Ready, and of the others these are not: $(unready)" \
      "bring them back first; etcd would lose its majority"
}

other_servers() { kube get nodes -l node-role.kubernetes.io/etcd=true -o 'jsonpath={range .items[*]}{.metadata.name}{"\n"}{end}' | grep -Fxv "$LEAVER"; }

unready() {
  local name
  for name in $(other_servers); do ready "$name" || printf '%s ' "$name"; done
}

most_are_ready() {
  local all down
  all=$(other_servers | wc -w)
  down=$(unready | wc -w)
  ((all > 0 && (all - down) * 2 > all))
}

# Budgets of disruption are kept to as long as there is time; then the machine goes all the same.
let_pods_go() {
  if ! ready "$LEAVER"; then
    note "$LEAVER is not Ready: its pods are started elsewhere once it is gone"
    kube cordon "$LEAVER" >/dev/null
    return 0
  fi
  local said
  said=$(evict "$LEAVER" "$drain_seconds") ||
    note "not all pods of $LEAVER could move within $drain_seconds s; it goes all the same. The last words:" "$said"
  leave_bgp "$LEAVER"
}

# Kubernetes does the same a minute later (pkg/controller/podgc: orphans are kept for 40 s), and until then a DaemonSet counts
# the node that is gone.
forget_pods() {
  kube delete pods --all-namespaces --field-selector "spec.nodeName=$LEAVER" --force --grace-period=0 --wait=false >/dev/null 2>&1 ||
    note "pods of $LEAVER are still listed; Kubernetes forgets them within minutes"
}

no_member() {
  local list
  list=$(etcd_members) || return 1
  [[ $list == *'"members"'* ]] && ! grep -qE "\"name\": *\"$LEAVER-[0-9a-f]{8}\"" <<<"$list"
}

main "$@" </dev/null
