# shellcheck shell=bash
# On a server: has the only pod of a Redis instance save what it holds, before the pod is made anew. It does when it ends too, but has
# thirty seconds for that, and one that is killed then begins with an older snapshot (dragonfly-operator v1.6.1,
# internal/resources/resources.go, sets no other time; dragonfly v1.39.0, src/server/server_family.cc, Shutdown).
# Parameters: NAMESPACE, INSTANCE.
# shellcheck source=../../rke2/scripts/rke2.sh disable=SC2154,SC2153

main() {
  take_turn 2400 "redis-$INSTANCE"
  local pod said
  pod=$(kube -n "$NAMESPACE" get pods -l "app=$INSTANCE,app.kubernetes.io/name=dragonfly,role=master" -o 'jsonpath={.items[0].metadata.name}' 2>/dev/null) || true
  if [[ -z $pod ]]; then return 0; fi
  said=$(kube -n "$NAMESPACE" exec "$pod" -c dragonfly -- redis-cli -p 9999 SAVE 2>&1) || true
  # A store that does not answer may be what this run mends.
  if [[ $said != OK ]]; then note "the Redis instance $INSTANCE could not be saved before it begins anew: ${said:0:300}"; fi
}

main "$@" </dev/null
