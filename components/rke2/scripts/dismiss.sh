# shellcheck shell=bash
# On a server: takes a machine that left the config out of the cluster, before it is destroyed. Its pods move, its node
# goes, and with the node RKE2 removes its etcd member, which would count against etcd's majority for ever.
# Parameters: LEAVER (node name), DISMISSER (node name of this server).
# shellcheck source=rke2.sh disable=SC2154,SC2153

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
    drain
    note "removing $LEAVER from the cluster"
    kube delete node "$LEAVER" --wait=false >/dev/null
    wait_until 120 gone || fail "the node $LEAVER is still there after 120 s: kubectl describe node $LEAVER"
  fi
  wait_until 60 no_member ||
    fail "etcd still has a member of $LEAVER, or does not answer: look at etcdctl member list on $DISMISSER, remove it there, and run up again"
}

kube() { kubectl --kubeconfig /etc/rancher/rke2/rke2.yaml --request-timeout=15s "$@"; }

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

others() { kube get nodes -l node-role.kubernetes.io/etcd=true -o 'jsonpath={range .items[*]}{.metadata.name}{"\n"}{end}' | grep -Fxv "$LEAVER"; }

unready() {
  local name
  for name in $(others); do ready "$name" || printf '%s ' "$name"; done
}

most_are_ready() {
  local all down
  all=$(others | wc -w)
  down=$(unready | wc -w)
  ((all > 0 && (all - down) * 2 > all))
}

# Budgets of disruption are kept to as long as there is time; then the machine goes all the same.
drain() {
  if ! ready "$LEAVER"; then
    note "$LEAVER is not Ready: its pods are started elsewhere once it is gone"
    kube cordon "$LEAVER" >/dev/null
    return 0
  fi
  note "moving the pods of $LEAVER, $drain_seconds s at most"
  local said
  said=$(kube drain "$LEAVER" --ignore-daemonsets --delete-emptydir-data --force --timeout="${drain_seconds}s" 2>&1) ||
    note "not all pods of $LEAVER could move within $drain_seconds s; it goes all the same. The last words:" "$(tail -n 3 <<<"$said")"
}

no_member() {
  local tls=/var/lib/rancher/rke2/server/tls/etcd list
  list=$(curl -sSf --max-time 10 --cacert "$tls/server-ca.crt" --cert "$tls/server-client.crt" --key "$tls/server-client.key" \
    -d '{}' https://127.0.0.1:2379/v3/cluster/member/list) || return 1
  # RKE2 calls a member by its node's name and eight hexadecimal digits.
  [[ $list == *'"members"'* ]] && ! grep -qE "\"name\": *\"$LEAVER-[0-9a-f]{8}\"" <<<"$list"
}

main "$@" </dev/null
