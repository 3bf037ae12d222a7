# shellcheck shell=bash
# On a server: empties a machine's disks of what Ceph keeps there, and takes them out of Ceph, before the machine goes. Other
# disks have every copy by then. Does nothing where there is no Ceph. Run again, it goes on where it was cut off.
# shellcheck source=ceph.sh disable=SC2154,SC2153

# How long data may take to move, in seconds.
drain_osds_seconds=14400

# purge_osds NODE
purge_osds() {
  local node=$1 ids id
  if [[ -z $(kube get crd cephclusters.ceph.rook.io --ignore-not-found -o name) ]]; then return 0; fi
  NAMESPACE=$(kube get cephclusters.ceph.rook.io -A -o 'jsonpath={.items[*].metadata.namespace}')
  if [[ -z $NAMESPACE ]]; then return 0; fi
  ids=$(osds_of "$node") || fail "the API of $(hostname) does not tell which disks of $node Ceph has, so $node stays"
  if [[ -z $ids ]]; then return 0; fi
  if in_rook get cephcluster -o 'jsonpath={.items[0].spec.storage.nodes[*].name}' | tr ' ' '\n' | grep -Fxq "$node"; then
    fail "$node stays: Ceph is still told to use its disks, and would take them again; let the release rook-ceph-cluster be updated first (npm run up)"
  fi
  note "moving what the disks of $node hold to others: osd $ids; this takes as long as copying them"
  ask_ceph "drain-$node" "$drain_osds_seconds" "$(known_to_ceph "$ids")
ceph osd out \$known
until said=\$(ceph osd safe-to-destroy \$known 2>&1); do
  if ((SECONDS > $((drain_osds_seconds - 120)))); then echo \"\$said\"; exit 1; fi
  sleep 5
done" >&2 ||
    fail "$node stays: not all that its disks hold is elsewhere (above)" \
      "run up again to go on, or look why it does not move: kubectl -n $NAMESPACE exec deploy/rook-ceph-tools -- ceph status"
  for id in $ids; do in_rook scale deployment "rook-ceph-osd-$id" --replicas=0 >/dev/null; done
  ask_ceph "purge-$node" 600 "$(known_to_ceph "$ids")
for id in \$known; do
  until ceph osd purge \$id --force --yes-i-really-mean-it; do ceph osd down \$id || true; sleep 2; done
done
ceph osd crush rm ${node//./-} || true" >&2 || fail "$node stays: its disks hold nothing any more, and could not be taken out of Ceph (above); run up again"
  for id in $ids; do in_rook delete deployment "rook-ceph-osd-$id" --ignore-not-found --wait=false >/dev/null; done
}

# known_to_ceph IDS: script that leaves in `known` those that no earlier run has taken out.
known_to_ceph() {
  # shellcheck disable=SC2016,SC2086
  printf 'known=$(ceph osd ls | grep -Fx %s || true)\n' "$(printf -- '-e %s ' $1)"
  # shellcheck disable=SC2016
  printf 'if [[ -z $known ]]; then exit 0; fi'
}

# osds_of NODE: numbers of the daemons that are tied to it.
osds_of() {
  in_rook get deployments -l app=rook-ceph-osd \
    -o 'jsonpath={range .items[*]}{.spec.template.spec.nodeSelector.kubernetes\.io/hostname} {.metadata.labels.ceph-osd-id}{"\n"}{end}' |
    awk -v node="$1" '$1 == node { printf "%s%s", found, $2; found = " " }'
}
