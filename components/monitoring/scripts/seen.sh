# shellcheck shell=bash
# On a server: waits until all that the release has brought runs as it was declared, Prometheus and Alertmanager among it,
# Prometheus sees all that belongs to the cluster itself, and alerts go their way: the one that fires always is at Alertmanager,
# and was taken by the heartbeat.
# Parameters: NAMESPACE, EXPORTER (the DaemonSet) and NODES (where it has to run, separated by blanks), PROMETHEUS and ALERTMANAGER
# (names of the custom resources and of the Services before them), JOBS (lines: job, in how many places it has to be up),
# HEARTBEAT (yes where there is one).
# shellcheck source=../../rke2/scripts/rke2.sh disable=SC2154,SC2153

main() {
  take_turn 1800 monitoring
  wait_until 600 finished || fail "these Deployments do not run as they were declared: $(unfinished "$NAMESPACE")" "$(pods)"
  wait_until 300 exported || fail "$EXPORTER does not run as it was declared on $(without_exporter)" "$(pods)"
  wait_until 900 available prometheus "$PROMETHEUS" ||
    fail "Prometheus does not run after 900 s: $(said prometheus "$PROMETHEUS")" "$(pods)"
  wait_until 300 available alertmanager "$ALERTMANAGER" ||
    fail "Alertmanager does not run: $(said alertmanager "$ALERTMANAGER")" "$(pods)"
  wait_until 300 all_up || fail "Prometheus does not see all of the cluster: $(unseen)" \
    "kubectl -n $NAMESPACE port-forward svc/$PROMETHEUS 9090, then http://localhost:9090/targets says what stands in the way" "$(pods)"
  wait_until 180 watched ||
    fail "the alert Watchdog, which fires always, does not reach Alertmanager: $(ask "$ALERTMANAGER:9093/api/v2/status" 2>&1 | cut -c 1-200)"
  if [[ $HEARTBEAT != yes ]]; then return 0; fi
  wait_until 300 taken ||
    fail "the heartbeat outside has not taken the alert Watchdog: see kubectl -n $NAMESPACE logs alertmanager-$ALERTMANAGER-0" \
      "does its address answer from the cluster, at port 443 and under the name in homelab:monitoring.heartbeat.host?"
}

finished() {
  local left
  left=$(unfinished "$NAMESPACE") && [[ -z $left ]]
}

# shellcheck disable=SC2086 # Nodes are names without blanks.
without_exporter() { behind "$NAMESPACE" "$EXPORTER" $NODES; }

exported() { [[ -z $(without_exporter) ]]; }

# The operator has judged the object as it now is, and all of its pods are ready.
available() {
  local found generation
  found=$(kube -n "$NAMESPACE" get "$1.monitoring.coreos.com" "$2" \
    -o 'jsonpath={.metadata.generation}{range .status.conditions[*]} {.type}={.status}@{.observedGeneration}{end} ') || return 1
  generation=${found%% *}
  [[ $found == *" Available=True@$generation "* && $found == *" Reconciled=True@$generation "* ]]
}

said() {
  kube -n "$NAMESPACE" get "$1.monitoring.coreos.com" "$2" \
    -o 'jsonpath={range .status.conditions[*]}{.type} is {.status} {.reason} {.message}; {end}' 2>&1 | cut -c 1-400
}

pods() { pods_in "$NAMESPACE" --no-headers; }

# ask SERVICE:PORT/PATH: what a Service of the namespace answers, by the API server.
ask() { kube get --raw "/api/v1/namespaces/$NAMESPACE/services/http:${1%%/*}/proxy/${1#*/}"; }

# places: a line for each job with the number of places where all of it is up. One place may have several ways in.
places() {
  ask "$PROMETHEUS:9090/api/v1/query?query=count+by+(job)+(min+by+(job,instance)+(up)==1)" |
    grep -oE '"job":"[^"]+"\},"value":\[[0-9.e+]+,"[0-9]+"' |
    sed -E 's/^"job":"([^"]+)".*"([0-9]+)"$/\1 \2/'
}

# unseen: what is missing, a part of a sentence for each job.
unseen() {
  local seen job wanted found missing=()
  seen=$(places) || {
    printf 'it does not answer'
    return 0
  }
  while read -r job wanted; do
    found=$(awk -v job="$job" '$1 == job { print $2 }' <<<"$seen")
    if ((${found:-0} < wanted)); then missing+=("$job is up in ${found:-0} of $wanted places"); fi
  done <<<"$JOBS"
  local IFS=,
  printf '%s' "${missing[*]-}" | sed 's/,/, /g'
}

all_up() { [[ -z $(unseen) ]]; }

watched() { [[ $(ask "$ALERTMANAGER:9093/api/v2/alerts?filter=alertname%3DWatchdog") == *'"alertname":"Watchdog"'* ]]; }

# taken: whether a request of Alertmanager to a webhook has succeeded; what is tried again and again counts as failed too.
taken() {
  local sent
  sent=$(ask "$PROMETHEUS:9090/api/v1/query?query=sum(alertmanager_notification_requests_total%7Bintegration%3D%22webhook%22%7D)-sum(alertmanager_notification_requests_failed_total%7Bintegration%3D%22webhook%22%7D)" |
    grep -oE '"value":\[[0-9.e+]+,"[0-9]+"' | sed -E 's/.*"([0-9]+)"$/\1/') || return 1
  ((sent > 0))
}

main "$@" </dev/null
