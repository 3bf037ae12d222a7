# shellcheck shell=bash
# On a server: takes disks out of Ceph. Those of a machine that leaves are emptied first, and other disks have every copy by then;
# those of a machine that was built anew went with its former life. Run again, each goes on where it was cut off.
# shellcheck source=ceph.sh disable=SC2154,SC2153

# How long data may take to move, in seconds.
drain_osds_seconds=14400

# ConfigMap that has for each daemon, by the UID of its Deployment, on which life of its machine it was made.
lives=homelab-lives-of-osds

# purge_osds NODE: before it goes. Does nothing where there is no Ceph.
purge_osds() {
  local node=$1 ids
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
  forget_osds "$node" "$ids" || fail "$node stays: its disks hold nothing any more, and could not be taken out of Ceph (above); run up again"
}

# forget_osds NODE IDS: ends daemons that have no data any more, and takes them out of Ceph. The node's place among the hosts
# goes too, unless it has others: a place that is there stays below the Proxmox host that it was made below.
forget_osds() {
  local id
  for id in $2; do in_rook scale deployment "rook-ceph-osd-$id" --replicas=0 >/dev/null; done
  ask_ceph "purge-$1" 600 "$(known_to_ceph "$2")
for id in \$known; do
  until ceph osd purge \$id --force --yes-i-really-mean-it; do ceph osd down \$id || true; sleep 2; done
done
ceph osd crush rm ${1//./-} || true" >&2 || return 1
  for id in $2; do in_rook delete deployment "rook-ceph-osd-$id" --ignore-not-found --wait=false >/dev/null; done
}

# known_to_ceph IDS: script that leaves in `known` those that no earlier run has taken out.
known_to_ceph() {
  # shellcheck disable=SC2016,SC2086
  printf 'known=$(ceph osd ls | grep -Fx %s || true)\n' "$(printf -- '-e %s ' $1)"
  # shellcheck disable=SC2016
  printf 'if [[ -z $known ]]; then exit 0; fi'
}

# daemons: a line for each: node, number, UID of its Deployment, how many of it are ready.
daemons() {
  in_rook get deployments -l app=rook-ceph-osd \
    -o 'jsonpath={range .items[*]}{.spec.template.spec.nodeSelector.kubernetes\.io/hostname} {.metadata.labels.ceph-osd-id} {.metadata.uid} {.status.readyReplicas}{"\n"}{end}'
}

# osds_of NODE: numbers of the daemons that are tied to it.
osds_of() { daemons | awk -v node="$1" '$1 == node { printf "%s%s", found, $2; found = " " }'; }

# life NODE: the one that its machine lives.
life() { kube get node "$1" --ignore-not-found -o 'jsonpath={.metadata.labels.homelab/generation}'; }

# made_on UID: the life of its machine on which a daemon was made; empty where nobody has seen it run yet.
made_on() { in_rook get configmap "$lives" --ignore-not-found -o "jsonpath={.data.$1}"; }

# former_osds NODE: numbers of the daemons whose disks went with a former life of its machine.
former_osds() {
  local now node id uid made found=""
  now=$(life "$1") || return 1
  if [[ -z $now ]]; then return 0; fi
  while read -r node id uid _; do
    if [[ $node != "$1" ]]; then continue; fi
    made=$(made_on "$uid") || return 1
    if [[ -n $made && $made != "$now" ]]; then found+=" $id"; fi
  done <<<"$(daemons)"
  printf '%s' "${found# }"
}

# remember_lives: of each daemon that runs its machine's present life, of others what was known before.
remember_lives() {
  local node uid ready one known=""
  while read -r node _ uid ready; do
    if ((${ready:-0} > 0)); then one=$(life "$node") || return 1; else one=$(made_on "$uid") || return 1; fi
    if [[ -n $one ]]; then known+="  $uid: $one"$'\n'; fi
  done <<<"$(daemons)"
  put <<LIVES
apiVersion: v1
kind: ConfigMap
metadata: { name: $lives }
data:
$known
LIVES
}
