# shellcheck shell=bash
# On a server: brings the nodes' taints to what the config says. A node's list of taints has one owner as a whole
# (listType=atomic in k8s.io/api/core/v1), and controllers write it too, so no object can be applied over it: single taints
# are set and taken away, and an annotation of the node remembers which of them are this site's.
# Parameters: TAINTS (a line a node: its name, then its taints in kubectl's form, with blanks between).
# shellcheck source=drain.sh disable=SC2154,SC2153

remembered=homelab/taints
# What a node has by its registration, before this step has seen it.
registered=CriticalAddonsOnly=true:NoExecute
drain_seconds=120

main() {
  take_turn 1200
  wait_until 300 kube get --raw /readyz || fail "the API server of $(hostname) is not ready after 300 s"
  local node wanted
  while read -r node wanted; do reconcile "$node" "$wanted"; done <<<"$TAINTS"
}

# reconcile NODE WANTED
reconcile() {
  local node=$1 wanted=" $2 " has had taint
  has=" $(kube get node "$node" -o 'jsonpath={range .spec.taints[*]}{.key}={.value}:{.effect} {end}')"
  had=$(kube get node "$node" -o 'jsonpath={.metadata.annotations.homelab/taints}')
  for taint in ${had:-$registered}; do
    if [[ $wanted == *" $taint "* || $has != *" $taint "* ]]; then continue; fi
    kube taint node "$node" "$taint-" >/dev/null
    note "$node: $taint is taken away"
  done
  for taint in $wanted; do
    if [[ $has == *" $taint "* ]]; then continue; fi
    if [[ $taint == *:NoExecute ]]; then
      empty_with "$node" "$taint"
    else
      kube taint node "$node" "$taint" --overwrite >/dev/null
    fi
    note "$node: $taint is set"
  done
  # Also after a run that was cut off while pods moved.
  undrain "$node"
  # `-` stands for none; an annotation that is not there says that nobody looked yet.
  kube annotate node "$node" "$remembered=${2:--}" --overwrite >/dev/null
}

# empty_with NODE TAINT: NoExecute deletes pods at once and asks no budget of disruption; so they are moved before, as long
# as there is time.
empty_with() {
  local said
  cordon "$1"
  said=$(evict "$1" "$drain_seconds") ||
    note "$1: not all pods could move within $drain_seconds s; the taint ends them. The last words:" "$said"
  kube taint node "$1" "$2" --overwrite >/dev/null
}

main "$@" </dev/null
