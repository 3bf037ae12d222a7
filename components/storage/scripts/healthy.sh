# shellcheck shell=bash
# On a server: waits until Ceph runs as it was declared: it is of the declared release, every disk has its daemon, every pool is
# there, and nothing is wrong with data, disks or daemons; what else it warns of is named. Before, disks that went with a machine's
# former life are taken out of Ceph, Rook looks for the new ones, and disks that were put out are taken in again. Parameters:
# NAMESPACE (Rook's), DISKS (lines: node, number of its disks, life of its machine), GIB (of all disks), POOLS (kind/name, separated
# by blanks), RELEASES (of Rook, and of what else is waited for anew), PATIENCE (how long health may take at the end, in seconds).
# shellcheck source=osds.sh disable=SC2154,SC2153

main() {
  take_turn 3600 storage
  local node count pool
  wait_until 300 snapshots ||
    fail "the cluster has no kind VolumeSnapshot: RKE2's chart rke2-snapshot-controller-crd brings it; do not disable it (kubectl -n kube-system get jobs)"
  while read -r node _; do forget_former "$node"; done <<<"$DISKS"
  # While copies are made anew Rook is busy with what it already runs, and its cluster is not Ready.
  wait_until 1500 complete_or_ready || fail "CephCluster is not Ready after 1500 s: $(said)" "$(pods)"
  wait_until 60 complete || look_again
  while read -r node count _; do
    wait_until 600 has_osds "$node" "$count" ||
      fail "$node gives $count disks to storage, and $(osds "$node") of them have a daemon that runs" \
        "a disk that is not blank is passed over in silence: lsblk -f on $node, kubectl -n $NAMESPACE logs -l app=rook-ceph-osd-prepare" "$(pods)"
  done <<<"$DISKS"
  for pool in $POOLS; do
    wait_until 600 phase_ready "$pool" || fail "$pool is not Ready after 600 s: $(phase "$pool")" "$(pods)"
  done
  arrange "$(cut -d ' ' -f 1 <<<"$DISKS")" >&2 ||
    fail "Ceph does not place the machines as their nodes' labels say, or does not take their disks in (above); run up again"
  wait_until 60 remember_lives ||
    fail "the API of $(hostname) does not keep which disks ran on which life of their machines (ConfigMap $lives); run up again"
  # Health is as before until a raise begins. One that copies hold up goes on when these are there.
  wait_until 1500 current || true
  await_health
  if ! wait_until 90 whole; then use_all; fi
  wait_until 300 current || fail "Ceph does not run as declared: $(behind)" "$(pods)"
}

# forget_former NODE: Rook leaves daemons of disks that are gone as they are, and their numbers in Ceph. A new disk that ran under
# the Deployment of a former one has one of its own before the next machine's disks are looked at.
forget_former() {
  local disks ran
  { disks=$(former_osds "$1") && ran=$(osds "$1"); } || fail "the API of $(hostname) does not tell which disks of $1 Ceph has"
  if [[ -z $disks ]]; then return 0; fi
  note "$1 was built anew: taking the disks of its former life out of Ceph: $disks"
  ask_ceph "former-$1" 300 "$(until_down "$disks")" >&2 ||
    fail "Ceph does not say that the disks of the former $1 are down (above), and one that runs is not taken out; run up again" \
      "where they are this machine's own, the ConfigMap $lives is wrong: kubectl -n $NAMESPACE delete configmap $lives"
  forget_osds "$1" "$disks" ||
    fail "the disks of the former $1 could not be taken out of Ceph (above); run up again, or do it by hand (docs/storage.md)"
  wait_until 600 has_osds "$1" "$ran" ||
    fail "$ran disks of $1 had a daemon that ran, and $(osds "$1") have one 600 s after those of former ones went" "$(pods)"
}

await_health() {
  wait_until "$PATIENCE" healthy || fail "Ceph's health is $(health) after $PATIENCE s" "$(details)"
  if [[ $(health) != HEALTH_OK ]]; then note "Ceph warns of what the next steps do not wait for: $(details)"; fi
}

# use_all: a disk that has grown is larger for Ceph once its daemon starts anew, and gets more of the data once an operator has
# looked at the sizes (rook, osd/spec.go: getExpandInitContainer; osd/osd.go: postReconcileUpdateOSDProperties). They
# start anew one after the other, each once Ceph can do without it.
use_all() {
  local node count
  while read -r node count _; do
    note "Ceph uses $(used) of the $GIB GiB of its disks: starting the daemons of $node anew"
    restart_osds "$node" >&2 || fail "the daemons of $node could not be started anew (above), and disks that have grown do not count yet; run up again"
    wait_until 600 has_osds "$node" "$count" || fail "$(osds "$node") of $count disks of $node have a daemon that runs 600 s after they started anew" "$(pods)"
    await_health
    if wait_until 90 whole; then break; fi
  done <<<"$DISKS"
  whole || note "Ceph uses $(used) of the $GIB GiB of its disks; npm run doctor says more"
  start_operator
}

# look_again: an operator looks for disks when it starts. Later it does for a node that it has not seen before, and not for one
# that comes back under its name (rook, cluster/watcher.go: onK8sNode).
look_again() {
  note "not every disk has a daemon: having Rook look for them again"
  start_operator
}

start_operator() {
  in_rook delete pods -l app=rook-ceph-operator --wait=false >/dev/null
}

complete_or_ready() { complete || ready; }

complete() {
  local all node count
  all=$(daemons) || return 1
  while read -r node count _; do
    if (($(ready_on "$node" <<<"$all") < count)); then return 1; fi
  done <<<"$DISKS"
}

snapshots() {
  local kind
  for kind in volumesnapshots volumesnapshotclasses volumesnapshotcontents; do
    [[ $(kube get crd "$kind.snapshot.storage.k8s.io" -o 'jsonpath={.status.conditions[?(@.type=="Established")].status}') == True ]] || return 1
  done
}

cluster() { in_rook get cephcluster -o "jsonpath={.items[0]$1}"; }

ready() { [[ $(cluster '.status.phase} {.items[0].status.conditions[?(@.type=="Ready")].status') == "Ready True" ]]; }

# current: whether the operator is done with the CephCluster as it is, and all that runs is of the declared releases.
current() {
  local why
  why=$(behind) || return 1
  [[ -z $why ]]
}

# behind: what it is not done with; Ready is told at the end of all work, and its generation with it (rook, cluster/cluster.go:
# configureLocalCephCluster). An operator that was raised alone shows in who wrote the Deployments (rook-upgrade.md). Disks of
# machines that leave are left as they are (osd/update.go: updateExistingOSDs).
behind() {
  local rook versions seen
  read -r rook _ <<<"$RELEASES"
  if ! ready; then
    printf 'CephCluster is not Ready: %s\n' "$(said)"
    return 0
  fi
  seen=$(cluster '.metadata.generation} {.items[0].status.observedGeneration} {.items[0].spec.cephVersion.image} {.items[0].status.version.image') || return 1
  awk '$1 != $2 { print "the operator has done generation " $2 " of " $1 } $3 != $4 { print "it has set up " $4 " in place of " $3 }' <<<"$seen"
  in_rook get deployments -l 'app in (rook-ceph-mon,rook-ceph-mgr,rook-ceph-osd)' \
    -o 'jsonpath={range .items[*]}{.metadata.name} {.metadata.labels.rook-version} {.metadata.labels.app} {.spec.template.spec.nodeSelector.kubernetes\.io/hostname}{"\n"}{end}' |
    awk -v disks="$(given_nodes)" -v rook="$rook" "$listed"'NF > 1 && $2 != rook && ($3 != "rook-ceph-osd" || $4 in list) { print $1 " is of Rook " $2 " in place of " rook }' || return 1
  # shellcheck disable=SC2016
  versions=$(in_rook get cephcluster -o 'go-template={{range .items}}{{range $kind, $of := .status.ceph.versions}}{{range $one, $count := $of}}{{$kind}} {{$one}}{{"\n"}}{{end}}{{end}}{{end}}') || return 1
  mixed <<<"$versions"
}

# given_nodes: of the machines that give disks.
given_nodes() { cut -d ' ' -f 1 <<<"$DISKS" | paste -sd ' '; }

# mixed: says where daemons are of several releases, but for those of disks while a machine leaves.
mixed() {
  local leaving
  leaving=$(daemons | awk -v disks="$(given_nodes)" "$listed"'NF && !($1 in list) { print "osd"; exit }')
  awk -v leaving="$leaving" '$1 == "overall" || $1 == leaving { next } { sub(/^[^ ]+ /, "") } !seen[$0]++ { count++; all = all "; " $0 } END { if (count != 1) print "daemons are of " (count ? substr(all, 3) : "no release that is known") }'
}

said() { printf '%s %s' "$(cluster .status.phase)" "$(cluster .status.message)" 2>&1 | cut -c 1-300; }

# osds NODE: how many of its daemons are ready.
osds() { daemons | ready_on "$1"; }

# ready_on NODE: how many of the daemons on standard input are ready there.
ready_on() { awk -v node="$1" '$1 == node && $4 > 0' | wc -l; }

has_osds() { (($(osds "$1") >= $2)); }

# used: how many GiB Ceph counts, without disks that are out. Rook asks once a minute.
used() {
  local bytes
  bytes=$(cluster .status.ceph.capacity.bytesTotal) || return 1
  echo $(((${bytes:-0} + (1 << 29)) >> 30))
}

whole() { (($(used) >= GIB)); }

phase() { in_rook get "$1" -o 'jsonpath={.status.phase}' 2>&1 | cut -c 1-300; }

phase_ready() { [[ $(in_rook get "$1" -o 'jsonpath={.status.phase}') == Ready ]]; }

health() { cluster .status.ceph.health; }

# What is waited for: data has all its copies, and disks, monitors, managers and file systems run and have room. Others are of
# trouble that was, and stay for hours or weeks (BLUESTORE_SLOW_OP_ALERT, RECENT_CRASH), or are a person's to end
# (https://docs.ceph.com/en/tentacle/rados/operations/health-checks/). What is worse than a warning always counts.
matters='^(OSD_([A-Z]+_)?DOWN|OSD_(FULL|BACKFILLFULL|NEARFULL|UNREACHABLE|ORPHAN)|PG_(AVAILABILITY|DEGRADED|DAMAGED|RECOVERY_FULL|BACKFILL_FULL)|OBJECT_UNFOUND|POOL_(FULL|BACKFILLFULL|NEARFULL)|MON_DOWN|MGR_DOWN|FS_[A-Z_]+|MDS_(ALL_DOWN|UP_LESS_THAN_MAX)|TOO_FEW_OSDS)$'

healthy() {
  local all found
  found=$(health) || return 1
  if [[ $found == HEALTH_OK ]]; then return 0; fi
  all=$(warnings) || return 1
  [[ $found == HEALTH_WARN && -n $all && -z $(awk -v matters="$matters" '$2 != "HEALTH_WARN" || $1 ~ matters' <<<"$all") ]]
}

# warnings: a line for each, without those that are declared to be muted: code, severity and words.
warnings() {
  # shellcheck disable=SC2016
  in_rook get cephcluster -o 'go-template={{range .items}}{{$muted := .spec.healthCheck.muteHealthWarning}}{{range $code, $one := .status.ceph.details}}{{$mute := index $muted $code}}{{if not (and $mute (eq $mute.policy "mute"))}}{{$code}} {{$one.severity}} {{$one.message}}{{"\n"}}{{end}}{{end}}{{end}}'
}

# Each warning with its words; `ceph health detail` has the rest.
details() { warnings 2>&1 | sed -E 's/^([^ ]+) ([^ ]+) /\1 (\2): /' | cut -c 1-300 | sed -n 1,12p; }

pods() {
  in_rook get pods --no-headers 2>&1 | awk '{ split($2, of, "/") } $3 != "Completed" && of[1] != of[2]' | cut -c 1-140 | sed -n 1,10p || true
}

main "$@" </dev/null
