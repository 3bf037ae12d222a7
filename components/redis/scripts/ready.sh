# shellcheck shell=bash
# On a server: waits until a Redis instance has all of its pods as they now are to be, one of them is the master and takes
# writes, the others copy from it, and, where it has a store, a snapshot arrives there. The operator's own phase says Ready
# for ever once it has said so (dragonfly-operator, issue 589), so pods are asked.
# Parameters: NAMESPACE, INSTANCE, REPLICAS (the master among them), STORE (where snapshots go; empty without), MARK (of what the
# instance now is to be).
# shellcheck source=pods.sh disable=SC2154,SC2153

main() {
  take_turn 2400 "redis-$INSTANCE"
  wait_until 900 whole || fail "the Redis instance $INSTANCE is not whole after 900 s: $(state)" "$(pods_in "$NAMESPACE" -l "$labels")"
  wait_until 60 writable || fail "the master of the Redis instance $INSTANCE takes no writes: $(ask SET homelab:trial written EX 60 2>&1 | cut -c 1-300)"
  wait_until 300 copied || fail "the master of the Redis instance $INSTANCE has $(copies) replicas of $((REPLICAS - 1))" "kubectl -n $NAMESPACE logs $(master) --tail=50"
  if [[ -z $STORE ]]; then return 0; fi
  wait_until 600 saved || fail "no snapshot of the Redis instance $INSTANCE arrives in $STORE: $(ask SAVE 2>&1 | cut -c 1-300)" "kubectl -n $NAMESPACE logs $(master) --tail=50"
}

# of PATH: of all pods, a line each.
of() { kube -n "$NAMESPACE" get pods -l "$labels" -o "jsonpath={range .items[*]}$1{\"\\n\"}{end}"; }

# revision: of pods as they now are to be; nothing before the operator has put the Dragonfly's change into the StatefulSet, mark and
# template in one patch (dragonfly-operator v1.6.1, internal/controller/dragonfly_instance.go, reconcileResources), and before
# Kubernetes has looked at that.
revision() {
  local mark made seen revision
  read -r mark made seen revision < <(kube -n "$NAMESPACE" get statefulset "$INSTANCE" \
    -o 'jsonpath={.metadata.annotations.homelab/plan} {.metadata.generation} {.status.observedGeneration} {.status.updateRevision}{"\n"}')
  if [[ $mark == "$MARK" && $made == "$seen" ]]; then printf '%s' "$revision"; fi
}

roles() { of '{.metadata.labels.role} {.metadata.labels.controller-revision-hash} {.status.conditions[?(@.type=="Ready")].status}'; }

# whole: as many pods are ready as are to be, all by what the Dragonfly now says; one is the master.
whole() {
  local current all
  current=$(revision)
  all=$(roles)
  [[ -n $current ]] &&
    [[ $(grep -c "^\(master\|replica\) $current True$" <<<"$all") == "$REPLICAS" ]] &&
    [[ $(grep -c . <<<"$all") == "$REPLICAS" ]] &&
    [[ $(grep -c '^master ' <<<"$all") == 1 ]]
}

state() {
  if [[ -z $(revision) ]]; then printf 'its operator has not taken up its change (kubectl -n dragonfly-system get pods); '; fi
  printf '%s pods are ready with a role, of %s; master: %s' "$(roles | grep -c ' True$')" "$REPLICAS" "$(master)"
}

writable() { [[ $(ask SET homelab:trial written EX 60) == OK ]]; }

copies() { ask INFO replication | grep -c '^slave[0-9]*:.*state=online'; }

copied() { [[ $(copies) == "$((REPLICAS - 1))" ]]; }

saved() { [[ $(ask SAVE) == OK ]]; }

main "$@" </dev/null
