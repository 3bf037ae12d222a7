# shellcheck shell=bash
# When Argo CD is taken away, after its release: takes the finalizers off what only its controller would, so that the namespace
# can go. What its Applications have brought to the cluster stays as it is.
# Parameters: NAMESPACE.
# shellcheck source=../../rke2/scripts/rke2.sh disable=SC2154,SC2153

main() {
  local kind all object
  # Sets first: nothing else would make their Applications anew.
  for kind in applicationsets applications appprojects; do
    if ! serves_kind "$kind.argoproj.io"; then continue; fi
    all=$(kube -n "$NAMESPACE" get "$kind.argoproj.io" -o name) || fail "$kind in $NAMESPACE cannot be listed"
    while IFS= read -r object; do
      if [[ -z $object ]]; then continue; fi
      kube -n "$NAMESPACE" patch "$object" --type merge -p '{"metadata":{"finalizers":null}}' >/dev/null ||
        fail "$object in $NAMESPACE keeps its finalizers, and so does the namespace" "kubectl -n $NAMESPACE edit $object"
    done <<<"$all"
  done
}

main "$@" </dev/null
