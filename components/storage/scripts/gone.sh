# shellcheck shell=bash
# On a server, after the release with the CephCluster went and while its operators still run: waits until they have let it go.
# What Rook keeps for the sake of data stays, and is named; with WIPED it goes with the data.
# Parameters: NAMESPACE (Rook's), WIPED (yes: the data is to go, and Rook was told so).
# https://rook.io/docs/rook/v1.20/Storage-Configuration/ceph-teardown/
# shellcheck source=../../rke2/scripts/rke2.sh disable=SC2154,SC2153

main() {
  take_turn 1200
  wait_until 60 kube get --raw /readyz || fail "the API of $(hostname) is not ready after 60 s, so nobody tells whether Ceph is gone"
  if [[ -z $(kube get crd cephclusters.ceph.rook.io --ignore-not-found -o name) ]]; then return 0; fi
  if [[ -n $WIPED ]]; then force; fi
  wait_until 900 gone ||
    fail "Ceph does not go while something is kept in it: $(blockers)" \
      "remove what uses it (claims: $(claims)), or have the data wiped: homelab:storage.wipeOnDestroy: true, up, and then this again"
  in_rook delete clientprofiles.csi.ceph.io,cephconnections.csi.ceph.io --all --timeout=60s >/dev/null
  let_go secret rook-ceph-mon
  let_go configmap rook-ceph-mon-endpoints
}

in_rook() { kube -n "$NAMESPACE" "$@"; }

kinds=cephclusters.ceph.rook.io,cephblockpools.ceph.rook.io,cephfilesystems.ceph.rook.io,cephfilesystemsubvolumegroups.ceph.rook.io,cephobjectstores.ceph.rook.io

left() { in_rook get "$kinds" -o name; }

gone() {
  local found
  found=$(left) || return 1
  [[ -z $found ]]
}

# Rook takes what is in these with them, where it is asked to.
force() {
  in_rook annotate cephblockpools.ceph.rook.io,cephfilesystemsubvolumegroups.ceph.rook.io --all --overwrite rook.io/force-deletion=true >/dev/null
}

blockers() {
  in_rook get "$kinds" -o 'jsonpath={range .items[*]}{.kind}/{.metadata.name} {.status.conditions[?(@.type=="DeletionIsBlocked")].message}{"; "}{end}' 2>&1 | cut -c 1-400
}

claims() {
  kube get pv -o 'jsonpath={range .items[*]}{.spec.csi.driver} {.spec.claimRef.namespace}/{.spec.claimRef.name}{"\n"}{end}' |
    awk -v prefix="$NAMESPACE." 'index($1, prefix) == 1 { printf "%s ", $2 }' | cut -c 1-400
}

# let_go KIND NAME: the operator takes this finalizer off by itself, unless it was cut off in between.
let_go() {
  if [[ -n $(in_rook get "$1" "$2" --ignore-not-found -o name) ]]; then
    in_rook patch "$1" "$2" --type merge -p '{"metadata":{"finalizers":[]}}' >/dev/null
  fi
}

main "$@" </dev/null
