# shellcheck shell=bash
# Moves a node's pods away before its RKE2 is upgraded, and lets it have some again. Whoever uses it has a function kube: a
# server's to drain; to let pods in again that of the node's own kubelet will do.
# shellcheck source=rke2.sh disable=SC2154

# Says whose cordon it is: one that a person has set stays.
drained=homelab/drained

# others NODE: Ready nodes beside it that take pods.
others() {
  kube get nodes -o 'jsonpath={range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status} {.spec.unschedulable}{"\n"}{end}' |
    awk -v node="$1" '$1 != node && $2 == "True" && $3 != "true" { print $1 }'
}

# drain NODE SECONDS: budgets of disruption are kept to as long as there is time. Where no other node could take the pods,
# they stay: RKE2 leaves containers running over its own restart.
drain() {
  local cordoned said
  if [[ -z $(others "$1") ]]; then return 0; fi
  cordoned=$(kube get node "$1" -o 'jsonpath={.spec.unschedulable}')
  if [[ $cordoned != true ]]; then kube annotate node "$1" "$drained=yes" --overwrite >/dev/null; fi
  note "moving the pods of $1, $2 s at most"
  said=$(kube drain "$1" --ignore-daemonsets --delete-emptydir-data --force --timeout="$2s" 2>&1) ||
    note "not all pods of $1 could move within $2 s; it goes on all the same. The last words:" "$(tail -n 3 <<<"$said")"
}

# undrain NODE
undrain() {
  local mark
  mark=$(kube get node "$1" -o 'jsonpath={.metadata.annotations.homelab/drained}')
  if [[ -z $mark ]]; then return 0; fi
  kube uncordon "$1" >/dev/null
  kube annotate node "$1" "$drained-" >/dev/null
}
