# shellcheck shell=bash
# On a server: waits until gateways and routes do what they say, and names the condition that does not hold.
# Parameters: CLASS (name of the class, or nothing), OBJECTS (lines of kind, namespace and name).
# shellcheck source=../../rke2/scripts/rke2.sh disable=SC2154,SC2153

patience=300

main() {
  local deadline=$((SECONDS + patience)) problem
  until problem=$(problems) && [[ -z $problem ]]; do
    if ((SECONDS >= deadline)); then fail "${problem%%$'\n'*}" "${problem#*$'\n'}"; fi
    sleep 1
  done
}

# problems: what does not hold, a line each.
problems() {
  local kind namespace name
  if [[ -n $CLASS ]]; then
    conditions "GatewayClass $CLASS" '{range .status.conditions[*]}' '{.metadata.generation}' Accepted \
      get gatewayclass "$CLASS"
  fi
  while read -r kind namespace name; do
    case $kind in
      gateway) gateway "$namespace" "$name" ;;
      *route) route "$kind" "$namespace" "$name" ;;
      *) policy "$kind" "$namespace" "$name" ;;
    esac
  done <<<"$OBJECTS"
}

gateway() {
  conditions "Gateway $1/$2" '{range .status.conditions[*]}' '{.metadata.generation}' "Accepted Programmed" \
    -n "$1" get gateways.gateway.networking.k8s.io "$2"
  local listener
  for listener in $(kube -n "$1" get gateways.gateway.networking.k8s.io "$2" -o 'jsonpath={.spec.listeners[*].name}'); do
    conditions "listener $listener of Gateway $1/$2" \
      "{range .status.listeners[?(@.name==\"$listener\")].conditions[*]}" '{.metadata.generation}' "Accepted ResolvedRefs Programmed" \
      -n "$1" get gateways.gateway.networking.k8s.io "$2"
  done
}

# route KIND NAMESPACE NAME: at each listener, or gateway, that it names. One that no gateway has taken up has no parents in
# its status, and one that has changed its listener still has what was said of the former one: Envoy Gateway keeps it.
# https://github.com/envoyproxy/gateway/blob/v1.9.1/internal/provider/kubernetes/status.go mergeRouteParentStatus
route() {
  local gateway listener parents
  local said="{range .status.parents[*]}{.parentRef.name}{'\t'}{.parentRef.sectionName}{'\n'}{range .conditions[*]}"
  if ! parents=$(kube -n "$2" get "$1.gateway.networking.k8s.io" "$3" \
    -o "jsonpath={range .spec.parentRefs[*]}{.name}{'\t'}{.sectionName}{'\n'}{end}" 2>&1) || [[ -z $parents ]]; then
    printf '%s %s names no gateway: %s\n' "$1" "$2/$3" "${parents##*$'\n'}"
    return 0
  fi
  while IFS=$'\t' read -r gateway listener; do
    parent=$gateway$'\t'$listener conditions "$1 $2/$3 at Gateway $gateway${listener:+, listener $listener}" \
      "$said" '{.metadata.generation}' "Accepted ResolvedRefs" -n "$2" get "$1.gateway.networking.k8s.io" "$3"
  done <<<"$parents"
}

# policy KIND NAMESPACE NAME: one that names nothing that is there has no ancestors in its status.
policy() {
  conditions "$1 $2/$3" '{range .status.ancestors[*].conditions[*]}' '{.metadata.generation}' Accepted \
    -n "$2" get "$1.gateway.envoyproxy.io" "$3"
}

# conditions TITLE RANGE GENERATION "TYPE..." KUBECTL...: a line for each of the types that is not True, or that was judged
# before the object's last change. With `parent` it looks below the line that is so, and the range has two ends.
conditions() {
  local title=$1 range=$2 generation=$3 types=$4 found type
  shift 4
  if ! found=$(kube "$@" -o "jsonpath=$generation{'\n'}$range{.type}{'\t'}{.status}{'\t'}{.observedGeneration}{'\t'}{.reason}{'\t'}{.message}{'\n'}{end}${parent:+{end\}}" 2>&1); then
    printf '%s cannot be read: %s\n' "$title" "${found##*$'\n'}"
    return 0
  fi
  for type in $types; do
    awk -F '\t' -v title="$title" -v type="$type" -v parent="${parent:-}" '
      BEGIN { here = parent == "" }
      NR == 1 { generation = $1; next }
      NF == 2 { here = $0 == parent; next }
      !here { next }
      $1 != type { next }
      { seen = 1 }
      $2 != "True" { printf "%s: %s is %s, %s: %s\n", title, type, $2, $4, $5; next }
      $3 != generation { printf "%s: %s is of generation %s, and the object of %s: the controller has not judged it yet\n", title, type, $3, generation }
      END { if (!seen) printf "%s: nobody has said whether it is %s; does Envoy Gateway run?\n", title, type }
    ' <<<"$found"
  done
}

main "$@" </dev/null
