# shellcheck shell=bash
# On a server: waits until Argo CD's server answers and its controllers have read and rendered what each Application names, and
# takes away the password that an Argo CD with other settings has drawn.
# Parameters: NAMESPACE, SERVER (SERVICE:PORT), APPLICATIONS and SETS (names of Applications and of ApplicationSets, separated by
# blanks).
# shellcheck source=refresh.sh disable=SC2154,SC2153

main() {
  take_turn 1500 argocd
  wait_until 300 answers || fail "Argo CD's server does not answer: $(answers 2>&1 | cut -c 1-200)" "$(pods)"
  # Whoever reads Secrets could log in by it for as long as nobody has chosen another one.
  kube -n "$NAMESPACE" delete secret argocd-initial-admin-secret --ignore-not-found >/dev/null
  local name
  for name in $APPLICATIONS; do
    ask_anew "$name" || fail "Argo CD's Application $name cannot be looked at"
    wait_until 300 rendered "$name" ||
      fail "Argo CD cannot render the Application $name: $(said application "$name")" "docs/argocd.md says what it needs"
  done
  for name in $SETS; do
    wait_until 300 generated "$name" ||
      fail "Argo CD cannot make the Applications of $name: $(said applicationset "$name")" "docs/argocd.md says what it needs"
  done
}

answers() {
  [[ $(kube get --raw "/api/v1/namespaces/$NAMESPACE/services/http:$SERVER/proxy/healthz") == ok ]]
}

pods() { pods_in "$NAMESPACE" --no-headers; }

# An Application whose repository cannot be read or rendered has the status Unknown, and one that was not looked at none. What
# was compared must be what it now names.
rendered() {
  local object=(-n "$NAMESPACE" get application.argoproj.io "$1") status
  looked "$1" || return 1
  status=$(kube "${object[@]}" -o 'jsonpath={.status.sync.status}')
  if [[ $status == Unknown ]]; then ask_anew "$1"; fi
  [[ $status == Synced || $status == OutOfSync ]] || return 1
  [[ $(kube "${object[@]}" -o 'jsonpath={.spec.source}') == "$(kube "${object[@]}" -o 'jsonpath={.status.sync.comparedTo.source}')" ]]
}

generated() {
  [[ $(kube -n "$NAMESPACE" get applicationset.argoproj.io "$1" \
    -o 'jsonpath={.status.conditions[?(@.type=="ResourcesUpToDate")].status} {.status.conditions[?(@.type=="ErrorOccurred")].status}') == "True False" ]]
}

said() {
  local words
  words=$(kube -n "$NAMESPACE" get "$1.argoproj.io" "$2" -o 'jsonpath={range .status.conditions[*]}{.type}: {.message}; {end}' 2>&1 | cut -c 1-600)
  printf '%s' "${words:-it says nothing; do the controllers run? kubectl -n $NAMESPACE get pods}"
}

main "$@" </dev/null
