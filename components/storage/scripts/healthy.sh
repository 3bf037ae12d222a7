# shellcheck shell=bash
# On a server: waits until Ceph runs as it was declared: every disk has its daemon, every pool is there, and its health is
# HEALTH_OK, in which declared mutes count. Parameters: NAMESPACE (Rook's), DISKS (lines: node, number of its disks), POOLS
# (kind/name, separated by blanks), PATIENCE (how long health may take at the end, in seconds).
# shellcheck source=../../rke2/scripts/rke2.sh disable=SC2154,SC2153

main() {
  take_turn 3600
  local node count pool
  wait_until 300 snapshots ||
    fail "the cluster has no kind VolumeSnapshot: RKE2's chart rke2-snapshot-controller-crd brings it; do not disable it (kubectl -n kube-system get jobs)"
  wait_until 1500 ready || fail "CephCluster is not Ready after 1500 s: $(said)" "$(pods)"
  while read -r node count; do
    wait_until 600 has_osds "$node" "$count" ||
      fail "$node gives $count disks to storage, and $(osds "$node") of them have a daemon that runs" \
        "a disk that is not blank is passed over in silence: lsblk -f on $node, kubectl -n $NAMESPACE logs -l app=rook-ceph-osd-prepare" "$(pods)"
  done <<<"$DISKS"
  for pool in $POOLS; do
    wait_until 600 phase_ready "$pool" || fail "$pool is not Ready after 600 s: $(phase "$pool")" "$(pods)"
  done
  wait_until "$PATIENCE" healthy || fail "Ceph's health is $(health) after $PATIENCE s" "$(details)"
}

in_rook() { kube -n "$NAMESPACE" "$@"; }

snapshots() {
  local kind
  for kind in volumesnapshots volumesnapshotclasses volumesnapshotcontents; do
    [[ $(kube get crd "$kind.snapshot.storage.k8s.io" -o 'jsonpath={.status.conditions[?(@.type=="Established")].status}') == True ]] || return 1
  done
}

cluster() { in_rook get cephcluster -o "jsonpath={.items[0]$1}"; }

ready() { [[ $(cluster .status.phase) == Ready && $(cluster '.status.conditions[?(@.type=="Ready")].status') == True ]]; }

said() { printf '%s %s' "$(cluster .status.phase)" "$(cluster .status.message)" 2>&1 | cut -c 1-300; }

# osds NODE: how many of its daemons are ready.
osds() {
  in_rook get deployments -l app=rook-ceph-osd \
    -o 'jsonpath={range .items[*]}{.spec.template.spec.nodeSelector.kubernetes\.io/hostname} {.status.readyReplicas}{"\n"}{end}' |
    awk -v node="$1" '$1 == node && $2 > 0' | wc -l
}

has_osds() { (($(osds "$1") >= $2)); }

phase() { in_rook get "$1" -o 'jsonpath={.status.phase}' 2>&1 | cut -c 1-300; }

phase_ready() { [[ $(in_rook get "$1" -o 'jsonpath={.status.phase}') == Ready ]]; }

health() { cluster .status.ceph.health; }

healthy() { [[ $(health) == HEALTH_OK ]]; }

# Each warning with its words; `ceph health detail` has the rest.
details() {
  # shellcheck disable=SC2016
  kubectl --kubeconfig "$kubeconfig" --request-timeout=10s -n "$NAMESPACE" get cephcluster \
    -o 'go-template={{range .items}}{{range $code, $one := .status.ceph.details}}{{$code}} ({{$one.severity}}): {{$one.message}}{{"\n"}}{{end}}{{end}}' 2>&1 |
    cut -c 1-300 | head -n 12
}

pods() {
  in_rook get pods --no-headers 2>&1 | awk '{ split($2, of, "/") } $3 != "Completed" && of[1] != of[2]' | cut -c 1-140 | head -n 10 || true
}

main "$@" </dev/null
