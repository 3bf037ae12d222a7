# shellcheck shell=bash
# On a server: waits until Alloy runs on every node as it was declared, Loki has lines of pods of each, and evaluates all of its
# rules.
# Parameters: NAMESPACES (Loki's and Alloy's), COLLECTOR (Alloy's DaemonSet), LINES and RULES (paths at the API server: lines by
# node, and the state of rules), NODES (separated by blanks), ALERTS (how many there are; 0 without rules).
# shellcheck source=../../rke2/scripts/rke2.sh disable=SC2154,SC2153

main() {
  take_turn 1500 logs
  wait_until 600 collected || fail "$COLLECTOR does not run as it was declared on $(without_collector)" \
    "kubectl -n ${NAMESPACES#* } get pods -o wide, and describe the one there" "$(pods)"
  wait_until 300 answers || fail "Loki does not answer: $(kube get --raw "$LINES" 2>&1 | tail -n 1 | cut -c 1-300)" "$(pods)"
  wait_until 600 all_there || fail "no lines come from $(unseen)" \
    "kubectl -n ${NAMESPACES#* } get pods -o wide, and the logs of the one there: it says what it cannot read, or what Loki answers" "$(pods)"
  if ((ALERTS == 0)); then return 0; fi
  wait_until 300 evaluated || fail "Loki evaluates $(healthy) of $ALERTS rules on lines" \
    "kubectl -n ${NAMESPACES% *} logs loki-0: it says which it cannot read" "$(pods)"
}

# shellcheck disable=SC2086 # Nodes are names without blanks.
without_collector() { behind "${NAMESPACES#* }" "$COLLECTOR" $NODES; }

collected() { [[ -z $(without_collector) ]]; }

pods() {
  local namespace
  for namespace in $NAMESPACES; do pods_in "$namespace" -o wide --no-headers; done
}

answers() { [[ $(kube get --raw "$LINES") == *'"status":"success"'* ]]; }

# seen: a line for each node that lines came from.
seen() { kube get --raw "$LINES" | grep -oE '"metric":\{"node":"[^"]+"\}' | cut -d '"' -f 6; }

# unseen: nodes without, separated by blanks.
unseen() {
  local there node missing=()
  there=$(seen) || true
  for node in $NODES; do
    if ! grep -qxF "$node" <<<"$there"; then missing+=("$node"); fi
  done
  printf '%s' "${missing[*]-}"
}

all_there() { [[ -z $(unseen) ]]; }

# healthy: how many rules were evaluated, the last time without an error.
healthy() { kube get --raw "$RULES" | grep -oE '"health":"ok"' | wc -l; }

evaluated() { (($(healthy) >= ALERTS)); }

main "$@" </dev/null
