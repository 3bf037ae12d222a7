# shellcheck shell=bash
# On a server, once Argo CD has it all: takes the program's name off the fields of what NAME brings, so that what disappears from
# the repository goes from the objects too, and deletes Helm's record of the release, whose objects are Argo CD's now.
# Parameters: NAMESPACE (of Argo CD), NAME, RELEASE ("NAMESPACE NAME", or empty).
# shellcheck source=application.sh disable=SC2154,SC2153

main() {
  take_turn 1500 argocd
  local all kind namespace name
  all=$(brought) || fail "what Argo CD brings by $NAME cannot be read"
  while IFS='|' read -r kind namespace name; do
    if [[ -z $kind ]]; then continue; fi
    # The provider's names, Helm's inside of it among them (pulumi-kubernetes: pkg/await, fixCSAFieldManagers), and that of a
    # rollback by Helm's own program.
    each_manager '^(pulumi-[^ ]*|helm) (Apply|Update) $' '{"op":"remove","path":"ENTRY"}' "$kind" "$namespace" "$name"
  done <<<"$all"
  if [[ -n $RELEASE ]]; then forget_release "$RELEASE"; fi
}

main "$@" </dev/null
