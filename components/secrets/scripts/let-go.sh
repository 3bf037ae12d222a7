# shellcheck shell=bash
# On a server, once the operator is gone: takes its finalizer from what others made for it. Items and Deployments with the
# operator's annotations would else stay for ever when they are deleted, and their namespaces with them. Their Secrets stay
# as they are.
# shellcheck source=../../rke2/scripts/rke2.sh

finalizer=onepassword.com/finalizer.secret

main() {
  local kind
  for kind in onepassworditems.onepassword.com deployments.apps; do
    if ! serves_kind "$kind"; then continue; fi
    wait_until 60 release_all "$kind" || fail "the finalizer $finalizer could not be taken from all $kind" "$(held "$kind")"
  done
}

# held KIND: namespace, name and finalizers of what waits for the operator, a line each.
held() {
  kube get "$1" -A -o 'go-template={{range .items}}{{.metadata.namespace}} {{.metadata.name}}{{range .metadata.finalizers}} {{.}}{{end}}{{"\n"}}{{end}}' |
    grep -F " $finalizer" || true
}

release_all() {
  local lines namespace name all rest one
  lines=$(held "$1") || return 1
  while read -r namespace name all; do
    if [[ -z $namespace ]]; then continue; fi
    rest=()
    for one in $all; do
      if [[ $one != "$finalizer" ]]; then rest+=("\"$one\""); fi
    done
    kube -n "$namespace" patch "$1" "$name" --type=merge -p "{\"metadata\":{\"finalizers\":[$(IFS=,; printf '%s' "${rest[*]-}")]}}" || return 1
  done <<<"$lines"
  [[ -z $(held "$1") ]]
}

main "$@" </dev/null
