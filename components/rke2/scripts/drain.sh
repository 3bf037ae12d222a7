# shellcheck shell=bash
# Moves a node's pods away before its machine goes or restarts, or its RKE2 does, and lets it have some again. All but
# undrain is for a server: to let pods in, the login of the node's own kubelet will do.
# shellcheck source=rke2.sh disable=SC2154

# Says whose cordon it is: one that a person has set stays.
drained=homelab/drained

# cordon NODE: keeps new pods off, and remembers whose doing that is.
cordon() {
  local cordoned
  cordoned=$(kube get node "$1" -o 'jsonpath={.spec.unschedulable}')
  if [[ $cordoned == true ]]; then return 0; fi
  kube annotate node "$1" "$drained=yes" --overwrite >/dev/null
  kube cordon "$1" >/dev/null
}

# evict NODE SECONDS: moves its pods, as long as budgets of disruption and the time allow it. Else it fails, and prints
# kubectl's last words.
evict() {
  local said
  note "moving the pods of $1, $2 s at most"
  if said=$(kube drain "$1" --ignore-daemonsets --delete-emptydir-data --force --timeout="$2s" 2>&1); then return 0; fi
  tail -n 3 <<<"$said"
  return 1
}

# others NODE: Ready nodes beside it that take pods.
others() {
  kube get nodes -o 'jsonpath={range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status} {.spec.unschedulable}{"\n"}{end}' |
    awk -v node="$1" '$1 != node && $2 == "True" && $3 != "true" { print $1 }'
}

# drain NODE SECONDS: goes on when pods stay. Where no other node could take them, they are let be: RKE2 leaves containers
# running over its own restart.
drain() {
  if [[ -z $(others "$1") ]]; then return 0; fi
  local said
  cordon "$1"
  said=$(evict "$1" "$2") ||
    note "not all pods of $1 could move within $2 s; it goes on all the same. The last words:" "$said"
}

# undrain NODE
undrain() {
  local mark
  mark=$(kube get node "$1" -o 'jsonpath={.metadata.annotations.homelab/drained}')
  if [[ -z $mark ]]; then return 0; fi
  kube uncordon "$1" >/dev/null
  kube annotate node "$1" "$drained-" >/dev/null
}
