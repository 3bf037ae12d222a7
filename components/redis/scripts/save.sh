# shellcheck shell=bash
# On a server: has the only pod of a Redis instance save what it holds, before the pod is made anew. It does when it ends too, but has
# thirty seconds for that, and one that is killed then begins with an older snapshot (dragonfly-operator v1.6.1,
# internal/resources/resources.go, sets no other time; dragonfly v1.39.0, src/server/server_family.cc, Shutdown).
# Parameters: NAMESPACE, INSTANCE.
# shellcheck source=pods.sh disable=SC2154,SC2153

main() {
  take_turn 2400 "redis-$INSTANCE"
  local said
  if [[ $(master) == none ]]; then return 0; fi
  said=$(ask SAVE 2>&1) || true
  # A store that does not answer may be what this run mends.
  if [[ $said != OK ]]; then note "the Redis instance $INSTANCE could not be saved before it begins anew: ${said:0:300}"; fi
}

main "$@" </dev/null
