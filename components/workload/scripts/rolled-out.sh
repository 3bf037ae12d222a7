# shellcheck shell=bash
# Whether what a release has declared runs, on nodes that are there. Helm's own wait wants a DaemonSet in its newest form on every
# node, those of hosts that are down among them, where the old pod ends as little as the new one begins.
# shellcheck source=../../rke2/scripts/rke2.sh disable=SC2154,SC2153

# behind NAMESPACE DAEMONSET NODE...: which of the nodes have no ready pod of the DaemonSet as it was declared last, separated by
# blanks. Its newest revision is what its controller goes by; a template that was taken back has an old one's name and the newest
# number (kubernetes, pkg/controller/daemon/update.go).
behind() {
  local namespace=$1 set=$2 revision there='' node missing=()
  revision=$(observed "$namespace" "$set" && newest_revision "$namespace" "$set") || revision=''
  if [[ -n $revision ]]; then
    there=$(kube -n "$namespace" get pods -l "controller-revision-hash=$revision" -o \
      'jsonpath={range .items[*]}{.metadata.ownerReferences[0].name} {.spec.nodeName} {.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}') || there=''
  fi
  for node in "${@:3}"; do
    if ! grep -qxF "$set $node True" <<<"$there"; then missing+=("$node"); fi
  done
  printf '%s' "${missing[*]-}"
}

# observed NAMESPACE DAEMONSET: whether its controller has seen it as it now is.
observed() {
  local found
  found=$(kube -n "$1" get daemonset "$2" -o 'jsonpath={.metadata.generation} {.status.observedGeneration}') || return 1
  [[ -n ${found% *} && ${found% *} == "${found#* }" ]]
}

# newest_revision NAMESPACE DAEMONSET: the hash that its newest pods have as a label.
newest_revision() {
  kube -n "$1" get controllerrevisions -o \
    'jsonpath={range .items[*]}{.revision} {.metadata.ownerReferences[0].name} {.metadata.labels.controller-revision-hash}{"\n"}{end}' |
    sort -n | awk -v set="$2" '$2 == set { hash = $3 } END { print hash }'
}

# unfinished NAMESPACE: its Deployments that do not run as they were declared last, separated by blanks; as kubectl rollout status
# judges (kubectl, pkg/polymorphichelpers/rollout_status.go).
unfinished() {
  kube -n "$1" get deployments -o \
    'jsonpath={range .items[*]}{.metadata.name}|{.metadata.generation}|{.status.observedGeneration}|{.spec.replicas}|{.status.updatedReplicas}|{.status.replicas}|{.status.availableReplicas}{"\n"}{end}' |
    awk -F '|' '$2 != $3 || $5 + 0 < $4 || $6 + 0 > $5 + 0 || $7 + 0 < $5 + 0 { printf "%s%s", separator, $1; separator = " " }'
}
