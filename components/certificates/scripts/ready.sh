# shellcheck shell=bash
# On a server: waits until the issuers and certificates are Ready, and says what stands in the way of the first that is not.
# Parameters: ISSUERS (names of ClusterIssuers, separated by blanks), CERTIFICATES (NAMESPACE/NAME, separated by blanks).
# shellcheck source=../../rke2/scripts/rke2.sh disable=SC2154,SC2153

main() {
  take_turn 1200
  local one
  for one in $ISSUERS; do
    wait_until 180 ready clusterissuer "$one" ||
      fail "ClusterIssuer $one is not Ready after 180 s: $(message Ready clusterissuer "$one")"
  done
  for one in $CERTIFICATES; do
    wait_until 900 settled "${one%/*}" "${one#*/}" || true
    if ! ready -n "${one%/*}" certificate "${one#*/}"; then
      fail "certificate $one is not Ready: $(why "${one%/*}" "${one#*/}")"
    fi
  done
}

ready() { [[ $(kube get "$@" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}') == True ]]; }

# message CONDITION ARGUMENT...: what a condition of an object says.
message() { kube get "${@:2}" -o "jsonpath={.status.conditions[?(@.type==\"$1\")].message}" 2>&1 | cut -c 1-600; }

# settled NAMESPACE NAME: whether it is Ready, or an attempt has failed: the next one is an hour away.
settled() {
  local is failed
  IFS=, read -r is failed < <(kube -n "$1" get certificate "$2" \
    -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status},{.status.lastFailureTime}{"\n"}')
  [[ $is == True || -n $failed ]]
}

# why NAMESPACE NAME: the reason that people can act upon. A failed attempt's stands on the certificate itself, and what
# keeps an order waiting on its challenges, or in an event alone.
why() {
  local failure challenge
  failure=$(message Issuing -n "$1" certificate "$2")
  if [[ -n $failure ]]; then printf '%s' "$failure"; else message Ready -n "$1" certificate "$2"; fi
  for challenge in $(kube -n "$1" get challenges -o name 2>/dev/null); do
    kube -n "$1" get "$challenge" -o 'jsonpath={"\n"}challenge of {.spec.dnsName}: {.status.state} {.status.reason}' | cut -c 1-600
  done
  kube -n "$1" get events --field-selector type=Warning \
    -o 'jsonpath={range .items[*]}{"\n"}{.involvedObject.kind} {.involvedObject.name}: {.message}{end}' | cut -c 1-600 | tail -n 3
}

main "$@" </dev/null
