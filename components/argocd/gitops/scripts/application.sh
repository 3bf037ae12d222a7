# shellcheck shell=bash
# What the steps of a hand-over share: the Application NAME in NAMESPACE, and what it brings.
# shellcheck source=../../scripts/refresh.sh disable=SC2154,SC2153

field() { kube -n "$NAMESPACE" get application.argoproj.io "$NAME" -o "jsonpath=$1"; }

# brought: what it brings, a line each: KIND.VERSION.GROUP|NAMESPACE|NAME. Hooks are gone once they have run.
brought() {
  field '{range .status.resources[*]}{.hook}|{.kind}.{.version}.{.group}|{.namespace}|{.name}{"\n"}{end}' |
    sed -n 's/^|//p'
}

# look_again SECONDS [KIND]: has the controller compare anew; succeeds once it has.
look_again() {
  ask_anew "$NAME" "${2:-}" && wait_until "$1" looked "$NAME"
}

# idle: nothing is being applied.
idle() { [[ -z $(field '{.operation}') && $(field '{.status.operationState.phase}') != Running ]]; }

# managers KIND NAMESPACE NAME: managers of an object's fields in their order, a line each: MANAGER OPERATION SUBRESOURCE.
managers() {
  kube -n "$2" get "$1" "$3" --show-managed-fields \
    -o 'jsonpath={range .metadata.managedFields[*]}{.manager} {.operation} {.subresource}{"\n"}{end}'
}

# each_manager PATTERN PATCH KIND NAMESPACE NAME: patches every entry of managedFields that a regular expression of `managers`
# matches; PATCH is further operations on ENTRY, which is the entry's path. The test keeps a patch off another entry.
each_manager() {
  local pattern=$1 patch=$2 all line entry
  shift 2
  while all=$(managers "$@") || fail "$1 $2/$3 cannot be read"; do
    line=$(grep -m 1 -nE "$pattern" <<<"$all") || return 0
    entry=/metadata/managedFields/$((${line%%:*} - 1))
    line=${line#*:}
    kube -n "$2" patch "$1" "$3" --type json -p \
      "[{\"op\":\"test\",\"path\":\"$entry/manager\",\"value\":\"${line%% *}\"},${patch//ENTRY/$entry}]" >/dev/null ||
      fail "the fields of $1 $2/$3 keep their old manager ${line%% *}" "run up again"
  done
}

# forget_release "NAMESPACE NAME": deletes Helm's records of a release, and nothing else: its objects stay.
forget_release() {
  local namespace name
  read -r namespace name <<<"$1"
  kube -n "$namespace" delete secret -l "owner=helm,name=$name" --field-selector type=helm.sh/release.v1 >/dev/null ||
    fail "Helm's records of the release $name in $namespace cannot be deleted"
}
