# shellcheck shell=bash
# On a server, after the release with the CephCluster went and while its operators still run: waits until they have let it go.
# What Rook keeps for the sake of data stays, and is named; with WIPED it goes with the data.
# Parameters: NAMESPACE (Rook's), WIPED (nodes whose disks are to be emptied, where Rook was told so).
# https://rook.io/docs/rook/v1.20/Storage-Configuration/ceph-teardown/
# shellcheck source=../../rke2/scripts/rke2.sh disable=SC2154,SC2153

main() {
  take_turn 1200 storage
  wait_until 60 kube get --raw /readyz || fail "the API of $(hostname) is not ready after 60 s, so nobody tells whether Ceph is gone"
  if [[ -z $(kube get crd cephclusters.ceph.rook.io --ignore-not-found -o name) ]]; then return 0; fi
  if [[ -n $WIPED ]]; then force; fi
  wait_until 900 gone ||
    fail "Ceph does not go while something is kept in it: $(blockers)" \
      "remove what uses it (claims: $(claims)), or have the data wiped: homelab:storage.wipeOnDestroy: true, up, and then this again"
  in_rook delete clientprofiles.csi.ceph.io,cephconnections.csi.ceph.io --all --timeout=60s >/dev/null
  let_go secret rook-ceph-mon
  let_go configmap rook-ceph-mon-endpoints
  local node
  for node in $WIPED; do
    wait_until 600 wiped "$node" ||
      fail "the disks of $node were not emptied within 600 s: $(wiping "$node")" "empty them by hand (docs/storage.md), or bring $node back, and run this again"
  done
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

# Rook lets the CephCluster go first, and makes a job on each node once the last of Ceph's pods is gone
# (rook, pkg/operator/ceph/cluster/cleanup.go): without its operator nobody would. A node that had none of Ceph's pods gets none.
wiped() {
  local succeeded
  succeeded=$(in_rook get job "cluster-cleanup-job-$1" --ignore-not-found -o 'jsonpath={.status.succeeded}') || return 1
  [[ $succeeded == 1 ]]
}

# wiping NODE: how far its job is.
wiping() {
  local said
  said=$(in_rook get pods -l "job-name=cluster-cleanup-job-$1" --no-headers 2>&1 | cut -c 1-200)
  printf '%s' "${said:-Rook has made no job for it: kubectl -n $NAMESPACE logs deploy/rook-ceph-operator}"
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
