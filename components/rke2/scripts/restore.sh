# shellcheck shell=bash
# On a server, around the restore of the cluster from a snapshot.
# Parameters: MODE (look: say how this server is; stop: end RKE2; reset: begin the cluster from the snapshot on
# this server; forget: put this one's database aside; rejoin: let it join then), NODE_NAME, SNAPSHOT (path of the file on this
# machine), VIP.
# shellcheck source=certificates.sh disable=SC2154,SC2153

data=/var/lib/rancher/rke2

main() {
  take_turn 600
  "$MODE"
}

kube() { kubectl --kubeconfig "$kubeconfig" --request-timeout=10s "$@"; }

# Prints lives, ended, bare or down. An API whose own certificates have ended refuses everybody, and has all its data.
look() {
  if [[ ! -x /usr/local/bin/rke2 || ! -e /etc/rancher/rke2/config.yaml ]]; then
    echo bare
  elif [[ -e $kubeconfig ]] && kube get --raw /readyz >/dev/null 2>&1; then
    echo lives
  elif certificates_end_within 0; then
    echo ended
  else
    echo down
  fi
}

# A machine that was built anew has no unit yet.
stop() {
  if [[ ! -e /usr/local/lib/systemd/system/rke2-server.service ]]; then return 0; fi
  systemctl daemon-reload
  systemctl stop rke2-server || fail "$NODE_NAME: rke2-server cannot be stopped: systemctl status rke2-server"
}

reset() {
  room 4096
  [[ -s $SNAPSHOT ]] || fail "$NODE_NAME: there is no snapshot at $SNAPSHOT"
  stop
  # A start of one that has neither a database nor anybody to join begins an empty cluster.
  if [[ ! -d $data/server/db/etcd ]]; then
    systemctl disable rke2-server >/dev/null 2>&1 || fail "$NODE_NAME: systemctl cannot disable rke2-server"
  fi
  # RKE2 resets no server that is told to join another.
  rm -f /etc/rancher/rke2/config.yaml.d/50-join.yaml
  note "$NODE_NAME: the cluster begins again from $(basename "$SNAPSHOT")"
  local log=$state/restore.log
  # A fresh machine pulls images for it. Containers outlive the command, and must not hold the lock of this step.
  timeout 3000 rke2 server --cluster-reset --cluster-reset-restore-path="$SNAPSHOT" --etcd-s3=false >"$log" 2>&1 9>&- ||
    fail "$NODE_NAME: RKE2 cannot restore $SNAPSHOT; $log has all of it" "$(reset_cause "$log")"
  systemctl daemon-reload
  systemctl enable rke2-server >/dev/null 2>&1 || fail "$NODE_NAME: systemctl cannot enable rke2-server"
  restart_unit rke2-server 900
  wait_until 300 kube get --raw /readyz || fail "$NODE_NAME: the API server is not ready 300 s after the restore" "$(unit_errors rke2-server 0)"
  # The node is the snapshot's, and may have been another machine then.
  local generation
  generation=$(grep -rhoE 'homelab/generation=gen-[0-9a-f]{8}' /etc/rancher/rke2 | sed -n 1p) || true
  if [[ -n $generation ]]; then kube label node "$NODE_NAME" "$generation" --overwrite >/dev/null; fi
  rm -f "$SNAPSHOT"
}

reset_cause() {
  if grep -q 'encrypted with different token' "$1"; then
    echo "the snapshot belongs to another token than the site's: it is another cluster's, or of another stack"
  fi
  grep -E 'level=(fatal|error)|[Ee]rror:' "$1" | tail -n 3 | cut -c 1-400
}

# Snapshots are kept where RKE2 finds them: the one that was taken may have been the wrong one.
forget() {
  if [[ ! -d $data/server/db/etcd ]]; then return 0; fi
  stop
  # Its unit is enabled: a start between here and its turn to join would begin an empty cluster, with this one's token and address.
  join_the_others
  # What lies aside from a restore before is never replaced: of several, nobody knows which a person still wants.
  local aside=$data/server/db.before-restore
  if [[ -e $aside ]]; then aside+=-$(date +%s); fi
  mv "$data/server/db" "$aside"
  mkdir "$data/server/db"
  if [[ -d $aside/snapshots ]]; then mv "$aside/snapshots" "$data/server/db/"; fi
}

# A site's first server is told to join nobody until a later up has heard of the others.
join_the_others() { put_file /etc/rancher/rke2/config.yaml.d/50-join.yaml 0600 "server: https://$VIP:9345"; }

# A machine that was built anew has forgotten nothing: the next up lets it join. The cluster's address moves to the server that
# began only once the lease has ended that the snapshot holds.
rejoin() {
  if [[ ! -d $data/server/db.before-restore || -d $data/server/db/etcd ]]; then return 0; fi
  # A run before this one may have forgotten without it.
  join_the_others
  await_cluster "ssh root@$NODE_NAME systemctl start rke2-server"
  restart_unit rke2-server 900
}

main "$@" </dev/null
