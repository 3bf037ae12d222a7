# shellcheck shell=bash
# On a server: takes disks out of Ceph. Those of a machine that leaves are emptied first, and other disks have every copy by then;
# those of a machine that was built anew went with its former life. Run again, each goes on where it was cut off.
# shellcheck source=ceph.sh disable=SC2154,SC2153

# How long data may take to move, in seconds.
drain_osds_seconds=14400

# ConfigMap that has for each disk that was seen to run, by its UUID in Ceph, its node and which life of the machine that was.
# Numbers and Deployments do not tell disks apart: a purged number is given to the next disk, and a Deployment that is there then
# is kept as it is (rook, osd/create.go: createNewOSDsFromStatus) and runs the new one (osd/spec.go: find_device).
lives=homelab-lives-of-osds

# purge_osds NODE: before it goes. Does nothing where there is no Ceph.
purge_osds() {
  local node=$1 disks used
  if [[ -z $(kube get crd cephclusters.ceph.rook.io --ignore-not-found -o name) ]]; then return 0; fi
  NAMESPACE=$(kube get cephclusters.ceph.rook.io -A -o 'jsonpath={.items[*].metadata.namespace}')
  if [[ -z $NAMESPACE ]]; then return 0; fi
  keep_monitors "$node"
  disks=$(disks_of "$node") || fail "the API of $(hostname) does not tell which disks of $node Ceph has, so $node stays"
  if [[ -z $disks ]]; then return 0; fi
  used=$(in_rook get cephcluster -o 'jsonpath={.items[0].spec.storage.nodes[*].name}') ||
    fail "the API of $(hostname) does not tell whose disks Ceph is to use, so $node stays"
  if [[ " $used " == *" $node "* ]]; then
    fail "$node stays: Ceph is still told to use its disks, and would take them again; let the release rook-ceph-cluster be updated first (npm run up)"
  fi
  note "moving what the disks of $node hold to others: osd $disks; this takes as long as copying them"
  ask_ceph "drain-$node" "$drain_osds_seconds" "$(known_to_ceph "$disks")
if [[ -z \$known ]]; then exit 0; fi
ceph osd out \$known
until said=\$(ceph osd safe-to-destroy \$known 2>&1); do
  if ((SECONDS > $((drain_osds_seconds - 120)))); then echo \"\$said\"; exit 1; fi
  sleep 5
done" >&2 ||
    fail "$node stays: not all that its disks hold is elsewhere (above)" \
      "run up again to go on, or look why it does not move: kubectl -n $NAMESPACE exec deploy/rook-ceph-tools -- ceph status"
  forget_osds "$node" "$disks" || fail "$node stays: its disks hold nothing any more, and could not be taken out of Ceph (above); run up again"
}

# keep_monitors NODE: what monitors know is on their machines, and one that is made anew elsewhere learns it from the others.
keep_monitors() {
  local all down
  all=$(in_rook get deployments -l app=rook-ceph-mon \
    -o 'jsonpath={range .items[*]}{.metadata.name},{.status.readyReplicas},{.spec.template.spec.nodeSelector.kubernetes\.io/hostname}{"\n"}{end}') ||
    fail "the API of $(hostname) does not tell where Ceph's monitors are, so $1 stays"
  if awk -F , -v node="$1" 'NF { all++ } $3 == node { own++ } END { exit !(own && own == all) }' <<<"$all"; then
    fail "$1 stays: it has Ceph's only monitor, without whose knowledge nothing on any disk is found"
  fi
  down=$(awk -F , -v node="$1" '$3 == node { own = 1; next } NF && !$2 { down = down " " $1 } END { if (own) print down }' <<<"$all")
  if [[ -n $down ]]; then
    fail "$1 stays: it has a monitor of Ceph, and others are down:$down; bring these back, or wait until Rook has made them anew, and run up again"
  fi
}

# forget_osds NODE DISKS: ends daemons that have no data any more, and takes their disks out of Ceph. Each is a number or a UUID.
# Deployments go first, as with Rook's own removal (daemon/ceph/osd/remove.go): none is left when its number is free. Which disks
# are meant is known until all is done. The node's place among the hosts goes too, unless it has others (place_hosts).
forget_osds() {
  local all id
  all=$(daemons) || return 1
  while read -r id; do
    in_rook delete deployment "rook-ceph-osd-$id" --ignore-not-found --wait=false >/dev/null || return 1
  done < <(awk -v disks="$2" "$listed"'$2 in list || $3 in list { print $2 }' <<<"$all")
  ask_ceph "purge-$1" 600 "$(known_to_ceph "$2")
for id in \$known; do
  until ceph osd purge \$id --force --yes-i-really-mean-it; do ceph osd down \$id || true; sleep 2; done
done
ceph osd crush rm ${1//./-} || true" >&2 || return 1
  all=$(known_lives) || return 1
  awk -v disks="$2" "$listed"'!($1 in list)' <<<"$all" | keep_lives
}

# forget_collectors NODE: of a node that is gone. Rook takes its collectors of crashes and of metrics away when the last of Ceph's
# pods leaves it; those of a machine that is dead are there until its node goes, and then Rook does not look at it any more
# (rook, nodedaemon/reconcile.go).
forget_collectors() {
  kube delete deployments --all-namespaces -l "node_name=$1,app in (rook-ceph-crashcollector,rook-ceph-exporter)" --wait=false >/dev/null ||
    note "Rook's collectors of $1 are still there: kubectl -n rook-ceph delete deployment -l node_name=$1"
}

# For awk: the words of `disks`.
# shellcheck disable=SC2016
listed='BEGIN { count = split(disks, words); for (i = 1; i <= count; i++) list[words[i]] } '

# known_to_ceph DISKS: script that leaves in `known` the numbers of those that no earlier run has taken out. A line of `ceph osd
# dump` begins with a disk's number and ends in its UUID (ceph, OSDMap::print_osds).
known_to_ceph() {
  # shellcheck disable=SC2016
  printf 'dump=$(ceph osd dump)
known=$(sed -nE "s/^osd\\.(%s) .*/\\1/p; s/^osd\\.([0-9]+) .* (%s)$/\\1/p" <<<"$dump")' "${1// /|}" "${1// /|}"
}

# until_down UUIDS: script that waits until none of the disks runs, and fails when one goes on running.
until_down() {
  # shellcheck disable=SC2016
  printf 'until dump=$(ceph osd dump) && ! grep -E "^osd\.[0-9]+ +up .* (%s)$" <<<"$dump"; do
  if ((SECONDS > 240)); then exit 1; fi
  sleep 5
done' "${1// /|}"
}

# daemons: a line for each: node, number, UUID of its disk when it was made, how many of it are ready.
daemons() {
  in_rook get deployments -l app=rook-ceph-osd \
    -o 'jsonpath={range .items[*]}{.spec.template.spec.nodeSelector.kubernetes\.io/hostname} {.metadata.labels.ceph-osd-id} {.spec.template.spec.containers[?(@.name=="osd")].env[?(@.name=="ROOK_OSD_UUID")].value} {.status.readyReplicas}{"\n"}{end}'
}

# disks_of NODE: numbers and UUIDs of those whose daemons are tied to it, and UUIDs of those that ran there.
disks_of() {
  local all past
  all=$(daemons) || return 1
  past=$(past_of "$1" "$all") || return 1
  { awk -v node="$1" '$1 == node { print $2; print $3 }' <<<"$all" && cut -d ' ' -f 1 <<<"$past"; } | awk 'NF && !seen[$0]++' | paste -sd ' '
}

# life NODE: the one that its machine lives, as the run knows it: a node's label may be a snapshot's. Empty where DISKS lacks it.
life() { awk -v node="$1" '$1 == node { print $3 }' <<<"$DISKS"; }

# known_lives: a line for each disk that was seen to run: UUID, node, life of the machine.
known_lives() {
  # shellcheck disable=SC2016
  in_rook get configmap "$lives" --ignore-not-found -o 'go-template={{range $uuid, $life := .data}}{{$uuid}} {{$life}}{{"\n"}}{{end}}'
}

# keep_lives: what known_lives shall tell, from standard input.
keep_lives() {
  local all
  all=$(awk 'NF == 3 { print "  " $1 ": " $2 " " $3 }')
  put <<LIVES
apiVersion: v1
kind: ConfigMap
metadata: { name: $lives }
data:
$all
LIVES
}

# past_of NODE DAEMONS: a line for each disk that ran there, with the life of the machine: one that was carried to another machine
# by hand, and has a daemon there, is that one's.
past_of() {
  local all
  all=$(known_lives) || return 1
  awk -v node="$1" 'NR == FNR { if ($1 != node) elsewhere[$3]; next } NF == 3 && $2 == node && !($1 in elsewhere) { print $1, $3 }' \
    <(printf '%s\n' "$2") <(printf '%s\n' "$all")
}

# former_osds NODE: UUIDs of disks that went with a former life of its machine.
former_osds() {
  local now all past
  now=$(life "$1")
  if [[ -z $now ]]; then return 0; fi
  all=$(daemons) || return 1
  past=$(past_of "$1" "$all") || return 1
  awk -v now="$now" 'NF && $2 != now { print $1 }' <<<"$past" | paste -sd ' '
}

# remember_lives: of each disk whose daemon runs its machine's present life, of others what was known before.
remember_lives() {
  local node uuid ready one all known
  known=$(known_lives) || return 1
  all=$(daemons) || return 1
  while read -r node _ uuid ready; do
    if ((${ready:-0} == 0)); then continue; fi
    one=$(life "$node")
    if [[ -n $one ]]; then known+=$'\n'"$uuid $node $one"; fi
  done <<<"$all"
  awk 'NF == 3 { of[$1] = $0 } END { for (uuid in of) print of[uuid] }' <<<"$known" | sort | keep_lives
}

# arrange NODES: puts them where they belong, and their disks to use.
arrange() {
  local moves in
  { moves=$(place_hosts "$1") && in=$(take_in "$1"); } || return 1
  ask_ceph arrange 300 "$moves"$'\n'"$in"
}

# restart_osds NODE: one daemon after the other, each once Ceph can do without its disk, which must be within ten minutes. What is
# kept apart by disk alone may have its other copy on the next one.
restart_osds() {
  local all ids id
  all=$(daemons) || return 1
  mapfile -t ids < <(awk -v node="$1" '$1 == node { print $2 }' <<<"$all")
  for id in "${ids[@]}"; do
    ask_ceph "stop-$1" 600 "until ceph osd ok-to-stop $id; do
  if ((SECONDS > 570)); then exit 1; fi
  sleep 5
done" || return 1
    in_rook delete pods -l "ceph-osd-id=$id" --timeout=300s >/dev/null || return 1
  done
}

# take_in NODES: script that takes disks in again which run and were put out by hand, as by a removal that was cut off or given up:
# Ceph takes in those alone which it gave up itself (mon_osd_auto_mark_auto_out_in).
take_in() {
  local all ids
  all=$(daemons) || return 1
  ids=$(awk -v disks="${1//$'\n'/ }" "$listed"'$1 in list && $4 > 0 { print $2 }' <<<"$all" | paste -sd '|')
  # shellcheck disable=SC2016
  printf 'dump=$(ceph osd dump)
out=$(sed -nE "/[ ,]autoout[ ,]/!s/^osd\\.(%s) +up +out .*/\\1/p" <<<"$dump")
if [[ -n $out ]]; then ceph osd in $out; fi' "$ids"
}

# place_hosts NODES: script that moves them. An OSD that starts makes the buckets above it, and leaves one that is there where it is (ceph,
# CrushWrapper::insert_item): a machine that was built anew on another Proxmox host would stand below its old one. One that stands
# right is not moved.
place_hosts() {
  local node where moves=""
  for node in $1; do
    where=$(place_of "$node") || return 1
    moves+="ceph osd crush move ${node//./-} $where"$'\n'
  done
  printf '%s' "$moves"
}

# place_of NODE: where Rook has its disks made, from its labels: a level that is called as one below it is left out
# (rook, osd/topology/topology.go).
place_of() {
  local kind level value labels="" place="root=default" taken=" $1 "
  for kind in chassis rack row pdu pod room datacenter; do labels+="$kind={.metadata.labels.topology\\.rook\\.io/$kind} "; done
  for kind in zone region; do labels+="$kind={.metadata.labels.topology\\.kubernetes\\.io/$kind} "; done
  labels=$(kube get node "$1" -o "jsonpath=$labels") || return 1
  for level in $labels; do
    value=${level#*=}
    if [[ -z $value || $taken == *" $value "* ]]; then continue; fi
    taken+="$value "
    place+=" ${level%%=*}=${value//./-}"
  done
  printf '%s' "$place"
}
