# shellcheck shell=bash
# Starts an RKE2 unit once it can start, and finds out why one does not.
# Parameters: NODE_NAME, VIP.
# shellcheck source=rke2.sh disable=SC2154

cluster_answers() { curl -ksf --max-time 5 -o /dev/null "https://$VIP:9345/ping"; }

# await_cluster THEN: returns once a cluster answers where servers join, and ends the step when none does; THEN is what a
# person does afterwards. A server without a database cannot start where it is to join and the address is silent: RKE2 ends at
# once, and the unit with it. The address may be on its way from a server that was lost, or wait for one that boots.
await_cluster() {
  if cluster_answers; then return 0; fi
  note "$NODE_NAME: nothing answers at $VIP:9345, where it is to join; waiting 300 s at most"
  wait_until 300 cluster_answers ||
    fail "$NODE_NAME: nothing answers at $VIP:9345 after 300 s, where it is to join; RKE2 was not started. Does kube-vip run on another server (kubectl -n kube-system get pods -o wide)? Then $1"
}

# unit_errors UNIT SINCE: the unit's last errors, tokens blanked. That etcd does not know the server is no error to RKE2: it
# says so every five seconds and waits.
unit_errors() {
  journalctl -u "$1" --since "@$2" --no-pager -o cat 2>/dev/null |
    grep -E 'level=(fatal|error)|[Ee]rror:|panic:|not a member of the etcd cluster' |
    sed -E 's/K10[0-9a-f]+::[^" ]+/TOKEN/g; s/(token|password)=[^" ]+/\1=.../g' |
    cut -c 1-400 | tail -n 5 || true
}

# etcd_is_lost: a server that has joined has no database any more.
etcd_is_lost() { [[ -e $state/applied && ! -d /var/lib/rancher/rke2/server/db/etcd/member/wal ]]; }

# likely_cause ERRORS: one line for a person, empty when nothing is recognised. Its exit code is 0 for what waiting
# cannot mend.
likely_cause() {
  case $1 in
    *"no space left"*)
      echo "the disk is full: free some (du -xh / | sort -h | tail; journalctl --vacuum-size=100M), or raise diskGiB; then run this again" ;;
    *"Node password rejected"* | *"node password"*)
      echo "the cluster knows a machine of this name with another node password: on a server, kubectl -n kube-system delete secret $NODE_NAME.node-password.rke2" ;;
    *"duplicate node name"* | *"Peer URLs already exists"* | *"peerURL exists"*)
      if etcd_is_lost; then
        echo "its etcd data is lost, and the others still know it as a member: on another server, kubectl delete node $NODE_NAME, which removes the member; then run this again, and it joins with an empty database that the others fill"
      else
        echo "the cluster still has the former machine of this name: on another server, kubectl delete node $NODE_NAME"
      fi ;;
    *"already been bootstrapped"* | *"member count is unequal"* | *"removed from the cluster"*)
      echo "its etcd data does not belong to the cluster any more: on another server, kubectl delete node $NODE_NAME; here rke2-killall.sh and mv /var/lib/rancher/rke2/server/db/etcd /root/etcd.old; then run this again" ;;
    *"not a member of the etcd cluster"*)
      echo "etcd knows this server by another name or address, and takes it under no other: put back its address in the config, or name $NODE_NAME under homelab:allowReplace, and it is built anew"
      # A member that has just started is not listed by its name at once.
      (($(grep -c 'not a member of the etcd cluster' <<<"$1") >= 3)) ;;
    *"token CA hash does not match"* | *[Uu]nauthorized* | *"not authorized"* | *"invalid token"* | *"token is not valid"* | *"failed to validate token"*)
      echo "the cluster does not accept the join token: another cluster answers at $VIP, or its token was changed by hand" ;;
    *"flag provided but not defined"* | *"unknown flag"* | *"unknown key"* | *"unknown configuration"*)
      echo "this release does not know a setting of /etc/rancher/rke2/config.yaml" ;;
    *"address already in use"*)
      echo "another program listens on a port that RKE2 needs (6443, 9345, 2379, 2380 or 10250)" ;;
    *x509*)
      echo "a certificate was refused: the clock may be wrong, or another cluster answers at $VIP"
      return 1 ;;
    *"connection refused"* | *"no route to host"* | *"i/o timeout"* | *"deadline exceeded"*)
      echo "the first server cannot be reached at $VIP:9345: is it running, does kube-vip hold the address?"
      return 1 ;;
    *"learner"*)
      echo "etcd takes one new member at a time, and another is still joining"
      return 1 ;;
    *) return 1 ;;
  esac
}

# unit_failed UNIT SINCE: ends the step with the reason.
unit_failed() {
  local errors cause
  errors=$(unit_errors "$1" "$2")
  cause=$(likely_cause "$errors") || true
  fail "$NODE_NAME: $1 does not start: ${cause:-see its last messages}" \
    "${errors:-it logged no error; see journalctl -u $1 on the machine}"
}

# hopeless UNIT: what waiting cannot mend was logged again after it had been seen. Once is not enough: a server that is just
# starting refuses tokens, and the port of a process that is just ending is in use, for a moment.
hopeless() {
  local cause
  cause=$(likely_cause "$(unit_errors "$1" "$looked")") || return 1
  if [[ $cause == "$seen" ]]; then return 0; fi
  seen=$cause looked=$(($(date +%s) + 1))
  return 1
}

# pulls UNIT SINCE: whether the last that it said of images is that it pulls some.
pulls() {
  local last
  last=$(journalctl -u "$1" --since "@$2" --no-pager -o cat 2>/dev/null |
    grep -E 'Pulling (images from|runtime image)|Extracting file|Imported images from' | tail -n 1) || return 1
  [[ $last == *Pulling* ]]
}

# How long a slow line may take for a release's images, about a gigabyte, and how often a start is looked at, in seconds.
pull_seconds=3600 look_seconds=15

# restart_unit UNIT SECONDS: returns once the unit says that it is ready; the time in which it pulls images is not counted.
# What waiting cannot mend ends it early.
restart_unit() {
  local unit=$1 deadline=$((SECONDS + $2)) patience=$pull_seconds since attempt=0 job told=$SECONDS seen='' looked
  since=$(date +%s)
  looked=$since
  while ((SECONDS < deadline)); do
    attempt=$((attempt + 1))
    systemctl restart "$unit" >/dev/null 2>&1 9>&- &
    job=$!
    while kill -0 "$job" 2>/dev/null && ((SECONDS < deadline)); do
      sleep 0.5
      if ((SECONDS - told < look_seconds)); then continue; fi
      if ((patience > 0)) && pulls "$unit" "$since"; then
        patience=$((patience - (SECONDS - told))) deadline=$((deadline + SECONDS - told))
        note "$NODE_NAME: $unit pulls images"
      else
        note "$NODE_NAME: $unit is starting, $((deadline - SECONDS)) s left"
      fi
      told=$SECONDS
      if hopeless "$unit"; then unit_failed "$unit" "$since"; fi
    done
    if ((SECONDS >= deadline)); then break; fi
    if wait "$job"; then return 0; fi
    if hopeless "$unit" || ((attempt >= 4)); then unit_failed "$unit" "$since"; fi
    sleep 2
  done
  unit_failed "$unit" "$since"
}
