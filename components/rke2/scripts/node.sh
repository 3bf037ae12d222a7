# shellcheck shell=bash
# Brings one node to the wanted release and settings, restarting it only when something differs.
# Parameters: ROLE (server or agent), MODE (join: do nothing on a node that has joined; apply), NODE_NAME, NODE_PASSWORD,
# VERSION, VIP, SITE, JOINS (yes: there is a cluster to join; no: no other server has been in one, so begin it), CONFIG,
# AUTHENTICATION (of a server: by whom the API server lets people sign on; empty: by nobody), PEOPLE (the same where the provider
# is in the cluster, before it is there), KUBELET_FLAGS (names of the flags that CONFIG gives the kubelet), REGISTRATION
# (settings that count when the node registers, and never again), REGISTRIES, REGISTRY_CAS (a line a file: its name, and its
# content in base64), SHUTDOWN (settings of the kubelet by which pods end in order; empty: they end as systemd ends them), LEASE
# (what the unit of an only server is given for it, or empty), KUBE_VIP, RENEWS (not empty: certificates that end within 120 days are
# to be renewed). AGAIN is set when the step has run to its end before, on this machine or on the one before it.
# Prints when the first of the node's certificates ends.
# shellcheck source=unit.sh disable=SC2154,SC2153

etc=/etc/rancher/rke2
data=/var/lib/rancher/rke2
registration=$etc/config.yaml.d/40-registration.yaml
# RKE2 rewrites its own 00-rke2-defaults.conf there at each start, and no other file (k3s, pkg/daemons/agent); the last name wins.
kubelet_shutdown=$data/agent/etc/kubelet.conf.d/90-homelab-shutdown.conf
# Settings with which the kubelet last ran, until others have proved themselves.
former=$state/config.yaml.former

main() {
  take_turn 1200
  unit=rke2-$ROLE
  if [[ $MODE == join && -e $state/applied ]]; then return 0; fi
  one_role
  room 2048
  known_flags
  one_order
  local was_ready=no restarted=no wanted
  if node_is_ready; then was_ready=yes; fi
  if upgrades; then before_upgrade; fi
  unpack
  settings
  if joins_empty; then await_cluster "run this again"; fi
  wanted=$(fingerprint)
  if [[ $(cat "$state/applied" 2>/dev/null) != "$wanted" ]] || ! systemctl is-active "$unit" >/dev/null 2>&1 || renewal_is_due; then
    systemctl daemon-reload
    systemctl enable "$unit" >/dev/null 2>&1 || fail "$NODE_NAME: systemctl cannot enable $unit"
    restart_unit "$unit" 600
    restarted=yes
  fi
  if [[ $ROLE == server ]]; then server_is_up; fi
  wait_until 180 node_exists || fail "$NODE_NAME: the node did not register with the API within 180 s" "$(unit_errors "$unit" 0)" "$(kubelet_says)"
  if [[ $restarted == yes ]]; then kubelet_is_up; order_is_kept; fi
  if [[ $was_ready == yes ]]; then
    wait_until 300 node_is_ready || fail "$NODE_NAME: the node was Ready before its restart and is not after 300 s" "$(conditions)"
  fi
  undrain "$NODE_NAME"
  if renewal_is_due; then fail "$NODE_NAME: RKE2 has not renewed the certificates that end on $(certificate_end) as it started: is the clock right (timedatectl)?"; fi
  printf '%s\n' "$wanted" >"$state/applied"
  rm -f "$former"
  certificate_end
}

renewal_is_due() { [[ -n $RENEWS ]] && certificates_end_within 120; }

# RKE2 hands flags on as they are, and a kubelet that does not know one does not start: the node would be lost until somebody
# looks. The kubelet that is here tells which it knows: another release may have others, a new machine has none yet, and one
# that cannot even tell is RKE2's to unpack anew as it starts. Flags of klog stay with RKE2 (rke2, pkg/logging), and a dash behind
# a flag puts its value before RKE2's own (k3s, pkg/util/args.go).
known_flags() {
  local kubelet=$data/bin/kubelet is help flag
  if [[ -z $KUBELET_FLAGS || ! -x $kubelet ]] || upgrades; then return 0; fi
  # A run that was killed between the new release's files and its start leaves the kubelet of the one before.
  if is=$("$kubelet" --version 2>/dev/null) && [[ $is != "Kubernetes ${VERSION%%[-+]*}"[-+]* ]]; then return 0; fi
  help=$("$kubelet" --help 2>&1) || return 0
  for flag in $KUBELET_FLAGS; do
    case $flag in
      *stderr* | add-dir-header | log-backtrace-at | log-dir | log-file | log-file-max-size | one-output | skip-headers | skip-log-headers)
        continue ;;
    esac
    grep -qE -- "^ +(-[a-z], )?--${flag%-}( |\[|$)" <<<"$help" ||
      fail "$NODE_NAME: the kubelet of $VERSION has no flag $flag, which kubeletArgs in the config gives it; correct it ($kubelet --help lists them). Nothing was changed on $NODE_NAME"
  done
}

# Whether another release gives way to VERSION.
upgrades() {
  local had
  had=$(cat "$state/installed" 2>/dev/null) || return 1
  [[ $had != "$VERSION" ]]
}

before_upgrade() {
  release_step "$(cat "$state/installed")" "$VERSION"
  if [[ $ROLE != server ]]; then return 0; fi
  local releases
  releases=$(kube get nodes -l node-role.kubernetes.io/control-plane=true -o 'jsonpath={.items[*].status.nodeInfo.kubeletVersion}') ||
    fail "$NODE_NAME: its API does not answer, so no snapshot can be taken before the upgrade to $VERSION" \
      "bring the cluster up with $(cat "$state/installed") first: systemctl restart rke2-server; journalctl -u rke2-server"
  # The first server of an upgrade: a later snapshot would hold what the new release has written.
  if [[ " $releases " != *" $VERSION "* ]]; then save_snapshot; fi
  drain "$NODE_NAME" 120
}

# Where S3 does not answer the command saves nothing at all; the disk alone is better than that.
save_snapshot() {
  local said
  note "$NODE_NAME: saving an etcd snapshot before the upgrade to $VERSION"
  said=$(rke2 etcd-snapshot save --name pre-upgrade 2>&1) || {
    note "$NODE_NAME: the snapshot failed; saving one on the machine alone" "$(tail -n 1 <<<"$said")"
    said=$(rke2 etcd-snapshot save --name pre-upgrade --etcd-s3=false 2>&1) ||
      fail "$NODE_NAME: no etcd snapshot can be saved, so nothing is upgraded" "$(tail -n 3 <<<"$said")"
  }
  # RKE2 keeps those that were asked for until somebody takes them away. The flag has config.yaml's own form: the command
  # reads that file as well, and takes no flag in two forms (urfave/cli, normalizeFlags).
  rke2 etcd-snapshot prune --name pre-upgrade --etcd-snapshot-retention 3 >/dev/null 2>&1 ||
    note "$NODE_NAME: older snapshots of upgrades could not be pruned"
}

# The two units exclude each other (ExecCondition), and systemctl tells of no failure when one is skipped for it; an agent's
# settings would end a server at its next start.
one_role() {
  local other=agent
  if [[ $ROLE == agent ]]; then other=server; fi
  if ! systemctl is-enabled --quiet "rke2-$other" 2>/dev/null && ! systemctl is-active --quiet "rke2-$other"; then return 0; fi
  fail "$NODE_NAME runs as RKE2's $other and cannot become $([[ $ROLE == agent ]] && echo an agent || echo a server) as it stands; nothing was changed on it. Put back its role, or name it under homelab:allowReplace, and it is built anew"
}

kube() {
  if [[ $ROLE == server ]]; then
    kubectl --kubeconfig "$etc/rke2.yaml" --request-timeout=10s "$@"
  else
    kubectl --kubeconfig "$data/agent/kubelet.kubeconfig" --request-timeout=10s "$@"
  fi
}

node_exists() { kube get node "$NODE_NAME"; }

condition() { kube get node "$NODE_NAME" -o "jsonpath={.status.conditions[?(@.type==\"$1\")].status}" 2>/dev/null; }

node_is_ready() { [[ $(condition Ready) == True ]]; }

# RKE2 starts a kubelet that ends at once again every five seconds, for ever, and its unit stays active (rke2,
# pkg/executor/staticpod, Kubelet). The Node is Ready all the while, until the node controller has missed its kubelet for 40 s and
# more; so only a lease that was renewed since the unit began says that there is one.
kubelet_is_up() {
  wait_until 180 kubelet_is_known || true
  if renewed; then return 0; fi
  local said
  said=$(kubelet_says)
  if [[ -e $former ]] && ! cmp -s "$former" "$etc/config.yaml"; then
    # A value that is taken back in the config is what this step had last: it would not run, and nobody else mends the node.
    note "$NODE_NAME: its kubelet does not start; RKE2 is restarted with the settings that it had"
    mv -f "$former" "$etc/config.yaml"
    restart_unit "$unit" 600
  fi
  fail "$NODE_NAME: its kubelet does not start with what the config gives it; nodes that come after it were not touched. Correct or take back kubeletArgs. Its last words:" "$said"
}

# kubelet_is_known: it runs, or has ended again and again, for half a minute.
kubelet_is_known() { renewed || (($(journalctl -u "$unit" --since "@$(date -d "$(unit_began)" +%s)" --no-pager -o cat | grep -c 'Kubelet exited') >= 6)); }

unit_began() { TZ=UTC systemctl show -P ExecMainStartTimestamp "$unit"; }

# The kubelet takes the time of a renewal from this machine's clock, and renews every 10 s, for the first time as it starts.
renewed() {
  local began at
  began=$(unit_began)
  at=$(kube -n kube-node-lease get lease "$NODE_NAME" -o 'jsonpath={.spec.renewTime}')
  [[ -n $began && -n $at ]] && (($(date -d "$at" +%s) > $(date -d "$began" +%s)))
}

# The unit's log has no more of it than `Kubelet exited: exit status 1`.
kubelet_says() { grep -E '^[EF][0-9]{4} ' "$data/agent/logs/kubelet.log" 2>/dev/null | tail -n 3 | cut -c 1-400 || true; }

conditions() {
  kube get node "$NODE_NAME" -o 'jsonpath={range .status.conditions[*]}{.type}={.status} {.message}{"\n"}{end}' 2>&1 || true
}

# The archive's files replace the old ones one by one, each at once; a running rke2 keeps its own until it restarts.
unpack() {
  if [[ $(cat "$state/installed" 2>/dev/null) == "$VERSION" && -x /usr/local/bin/rke2 ]]; then return 0; fi
  local folder=$state/releases/$VERSION
  [[ -e $folder/verified ]] || fail "$NODE_NAME: release $VERSION was not downloaded to $folder"
  rm -rf "$folder/tree"
  mkdir -p "$folder/tree"
  tar -xzf "$folder/rke2.linux-amd64.tar.gz" -C "$folder/tree" || fail "$NODE_NAME: the archive of $VERSION cannot be unpacked"
  local file
  while IFS= read -r file; do
    install -D -m "$(stat -c %a "$folder/tree/$file")" "$folder/tree/$file" "/usr/local/$file.new"
    mv -f "/usr/local/$file.new" "/usr/local/$file"
  done < <(cd "$folder/tree" && find . -type f)
  rm -rf "$folder/tree"
  chmod 0755 /usr/local/bin /usr/local/lib /usr/local/lib/systemd /usr/local/lib/systemd/system
  printf '%s\n' "$VERSION" >"$state/installed"
}

settings() {
  if [[ -e $state/applied && -e $etc/config.yaml && ! -e $former ]]; then cp -p "$etc/config.yaml" "$former"; fi
  put_file "$etc/config.yaml" 0600 "$CONFIG"
  # Not among what makes a restart: RKE2 hands it to the kubelet, which reads it when it registers a new node.
  if [[ -n $REGISTRATION ]]; then put_file "$registration" 0600 "$REGISTRATION"; else rm -f "$registration"; fi
  # The API server does not start without the file that CONFIG names.
  if [[ -n $AUTHENTICATION ]]; then put_file "$etc/authentication.yaml" 0600 "$AUTHENTICATION"; else rm -f "$etc/authentication.yaml"; fi
  # What it says later is written in place, and read without a restart (api-sign-on.sh).
  if [[ -z $PEOPLE ]]; then rm -f "$etc/people.yaml"; elif [[ ! -e $etc/people.yaml ]]; then put_file "$etc/people.yaml" 0600 "$PEOPLE"; fi
  shutdown_order
  registry_certificates
  if [[ -n $REGISTRIES ]]; then put_file "$etc/registries.yaml" 0600 "$REGISTRIES"; else rm -f "$etc/registries.yaml"; fi
  if [[ ! -e /etc/rancher/node/password ]]; then put_file /etc/rancher/node/password 0600 "$NODE_PASSWORD"; fi
  if [[ $ROLE == server ]]; then put_file "$data/server/manifests/kube-vip.yaml" 0600 "$KUBE_VIP"; fi
  join_address
}

# What the kubelet reads behind the program's file counts more, and with both forms of the setting it does not start (kubernetes,
# pkg/kubelet/apis/config/validation).
one_order() {
  local folder=${kubelet_shutdown%/*} other
  if [[ -z $SHUTDOWN || ! -d $folder ]]; then return 0; fi
  other=$(grep -rlE --include='*.conf' 'shutdownGracePeriod(CriticalPods)?"?:' "$folder" | LC_ALL=C awk -v own="$kubelet_shutdown" '$0 > own && !seen++') || true
  [[ -z $other ]] ||
    fail "$NODE_NAME: $other has shutdownGracePeriod, and its kubelet does not start with that beside what this site sets (docs/restarts.md); take it away. Nothing was changed on $NODE_NAME"
}

# The kubelet asks logind once, as it starts, and goes on without a word to anybody where it is refused.
order_is_kept() {
  if [[ -z $SHUTDOWN ]] || ! command -v systemd-inhibit >/dev/null; then return 0; fi
  wait_until 20 inhibits || note "$NODE_NAME: its kubelet has not asked logind to wait, so that its pods end in no order: docs/restarts.md"
}

inhibits() { [[ $(systemd-inhibit --list --no-legend) == *kubelet* ]]; }

# The kubelet has logind wait as long as it asks for, in 99-kubelet.conf, and gives up where it does not (kubernetes,
# pkg/kubelet/nodeshutdown): the 30 s of Debian's unattended-upgrades come later in the alphabet, and are masked.
shutdown_order() {
  local masked=/etc/systemd/logind.conf.d/unattended-upgrades-logind-maxdelay.conf
  if [[ -n $SHUTDOWN ]]; then
    put_file "$kubelet_shutdown" 0600 "$SHUTDOWN"
    mkdir -p "${masked%/*}"
    ln -sfn /dev/null "$masked"
  elif [[ -e $kubelet_shutdown ]]; then
    # Without the program's file the mask is somebody else's.
    rm -f "$kubelet_shutdown" "$masked"
  fi
  if [[ -n $LEASE ]]; then put_file "$(lease_file)" 0644 "$LEASE"; else rm -f "$(lease_file)"; fi
}

lease_file() { printf '/etc/systemd/system/%s.service.d/50-homelab-lease.conf' "$unit"; }

# Exactly the files that registries.yaml names.
registry_certificates() {
  local folder=$etc/registries.d name content
  rm -rf "$folder"
  while read -r name content; do
    if [[ -n $name ]]; then put_file "$folder/$name" 0644 "$(base64 -d <<<"$content")"; fi
  done <<<"$REGISTRY_CAS"
}

# A node joins at the cluster's own address. Only one whose site has no cluster begins one: another server would have
# told of it, and so does the step's own past.
join_address() {
  if [[ $JOINS == yes ]]; then
    put_file "$etc/config.yaml.d/50-join.yaml" 0600 "server: https://$VIP:9345"
    return 0
  fi
  if [[ -d $data/server/db/etcd ]]; then return 0; fi
  if [[ ${AGAIN:-no} == yes ]]; then
    fail "the database of $NODE_NAME is lost, and no other server of $SITE has it: a new cluster here would know nothing of the old one. Bring it back from a snapshot: npm run restore -- --stack $SITE (docs/restore.md); or begin anew with an empty one: npm run destroy, then npm run up"
  fi
  if cluster_answers; then
    fail "a cluster answers at $VIP:9345, and no server of $SITE is in it: give homelab:cluster.vip an address that nobody has, or switch off the machines of that cluster"
  fi
}

# Whether this is a server without a database that is to join.
joins_empty() { [[ $JOINS == yes && $ROLE == server && ! -d $data/server/db/etcd ]]; }

fingerprint() {
  {
    echo "$VERSION"
    cat "$etc/config.yaml"
    cat "$etc/registries.yaml" "$etc/registries.d/"* "$etc/authentication.yaml" "$kubelet_shutdown" "$(lease_file)" 2>/dev/null || true
  } | sha256sum | cut -d ' ' -f 1
}

readyz() { kube get --raw /readyz; }

# RKE2 sets the condition EtcdIsVoter on its nodes once etcd has promoted the member from learner; etcd's own metrics say
# the same sooner.
voter() {
  if [[ $(condition EtcdIsVoter) == True ]]; then return 0; fi
  local metrics
  metrics=$(curl -fs --max-time 3 http://127.0.0.1:2381/metrics) || return 1
  grep -q '^etcd_server_is_learner 0' <<<"$metrics"
}

vip_answers() { curl -ks --max-time 3 -o /dev/null "https://$VIP:6443/readyz"; }

server_is_up() {
  wait_until 300 readyz || fail "$NODE_NAME: the API server is not ready after 300 s" "$(kube get --raw '/readyz?verbose' 2>&1 | grep -v '\]ok' | tail -n 8)" "$(unit_errors "$unit" 0)" "$(kubelet_says)"
  wait_until 180 voter || fail "$NODE_NAME: etcd did not promote this member within 180 s; the next server would be refused" "$(conditions)"
  wait_until 180 vip_answers || fail "$NODE_NAME: $VIP:6443 does not answer after 180 s: does kube-vip run?" "$(kube -n kube-system get pods -o wide 2>&1 | grep -E 'NAME|kube-vip')"
}

main "$@" </dev/null
