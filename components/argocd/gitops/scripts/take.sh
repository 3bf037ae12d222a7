# shellcheck shell=bash
# On a server: waits until Argo CD has brought the Application NAME to the cluster as its repository says, all that it is meant to
# bring, and until that is well. Nothing is let go of before.
# Parameters: NAMESPACE (of Argo CD), NAME, FOLDER (in the repository), OBJECTS (what it must bring, a line each: KIND NAMESPACE/NAME).
# shellcheck source=application.sh disable=SC2154,SC2153

main() {
  take_turn 1500 argocd
  local policy missing
  policy=$(field '{.spec.syncPolicy.automated}') || fail "Argo CD's Application $NAME cannot be read"
  [[ -n $policy ]] ||
    fail "Argo CD's Application $NAME does nothing by itself: it was to be taken back, and that was cut off" \
      "have it made anew: npm run up with --refresh"
  look_again 300 || fail "Argo CD does not look at its Application $NAME" "$(pods_in "$NAMESPACE" --no-headers)"
  wait_until 600 taken || fail "Argo CD has not brought $NAME: $(said)" \
    "it is read from $FOLDER of the repository: npm run gitops writes it, and it must be pushed; docs/argocd.md says more"
  missing=$(grep -vxFf <(brought | sed -E 's/^([^.|]*)[^|]*\|([^|]*)\|/\1 \2\//') <<<"$OBJECTS" || true)
  [[ -z $missing ]] || fail "Argo CD brings $NAME without ${missing//$'\n'/, }" "write $FOLDER anew with npm run gitops, and push it"
}

taken() {
  local status
  status=$(field '{.status.sync.status} {.status.health.status}') || return 1
  # It could not be rendered, and may be now.
  if [[ $status == "Unknown "* ]] && looked "$NAME"; then ask_anew "$NAME"; fi
  [[ $status == "Synced Healthy" ]] || return 1
  [[ $(field '{.spec.source}') == "$(field '{.status.sync.comparedTo.source}')" ]] && idle
}

said() {
  local words
  words=$(field '{.status.sync.status} {.status.health.status}; {range .status.conditions[*]}{.type}: {.message}; {end}{.status.operationState.message}' 2>&1 | cut -c 1-600)
  printf '%s' "${words:-it says nothing}"
}

main "$@" </dev/null
