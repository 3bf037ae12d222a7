# shellcheck shell=bash
# Installs Tailscale and joins the tailnet once; later runs only bring it to the wanted release.
# Parameters: NODE_NAME, VERSION, DOWNLOADS (address of the packages), CONTROL_URL, TAG, AUTH_KEY (works once).
# shellcheck source=../../remote/scripts/step.sh disable=SC2154,SC2153

tailscale=/usr/local/bin/tailscale
tailscaled=/usr/local/sbin/tailscaled
key_file=/run/homelab-tailscale.key

main() {
  alone
  trap 'rm -f "$key_file"' EXIT
  install_release
  unit_file
  start
  if ! joined; then join; fi
  leave_packets_alone
}

# A lock of its own: joining needs nothing of the cluster's steps and runs beside them.
alone() {
  mkdir -p /run/lock
  exec 8>/run/lock/homelab-tailscale.lock
  flock -w 600 8 || fail "$NODE_NAME: an earlier run of this step did not end within 600 s: fuser -v /run/lock/homelab-tailscale.lock"
}

architecture() {
  case $(uname -m) in
    x86_64) echo amd64 ;;
    aarch64) echo arm64 ;;
    *) fail "$NODE_NAME: Tailscale's packages are not known for $(uname -m)" ;;
  esac
}

# The new programs take the old ones' place at once; a running tailscaled keeps its own until it restarts.
install_release() {
  if [[ $(cat "$state/tailscale-installed" 2>/dev/null) == "$VERSION" && -x $tailscale && -x $tailscaled ]]; then return 0; fi
  local name folder=$state/tailscale-release sum
  name=tailscale_${VERSION}_$(architecture)
  rm -rf "$folder"
  mkdir -p "$folder"
  fetch "$name.tgz.sha256" "$folder/sum"
  fetch "$name.tgz" "$folder/archive"
  sum=$(awk 'NR == 1 { print $1 }' "$folder/sum")
  [[ $sum =~ ^[0-9a-f]{64}$ ]] || fail "$NODE_NAME: $DOWNLOADS/$name.tgz.sha256 is no SHA-256"
  sha256sum --check --status <<<"$sum  $folder/archive" ||
    fail "$NODE_NAME: $name.tgz is not what its .sha256 says; it was not installed, run this again"
  tar -xzf "$folder/archive" -C "$folder" "$name/tailscale" "$name/tailscaled" ||
    fail "$NODE_NAME: $name.tgz cannot be unpacked"
  mkdir -p /usr/local/bin /usr/local/sbin
  install -m 0755 "$folder/$name/tailscale" "$tailscale.new"
  install -m 0755 "$folder/$name/tailscaled" "$tailscaled.new"
  mv -f "$tailscale.new" "$tailscale"
  mv -f "$tailscaled.new" "$tailscaled"
  rm -rf "$folder"
  printf '%s\n' "$VERSION" >"$state/tailscale-installed"
}

# fetch NAME PATH
fetch() {
  local output
  output=$(curl -fsSL --retry 3 --retry-connrefused --connect-timeout 10 --speed-limit 1024 --speed-time 30 \
    -o "$2" "$DOWNLOADS/$1" 2>&1) || fail "$NODE_NAME: $DOWNLOADS/$1 cannot be downloaded: ${output##*$'\n'}"
}

unit_file() {
  put_file /etc/systemd/system/tailscaled.service 0644 "[Unit]
Description=Tailscale node agent
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
ExecStart=$tailscaled --state=/var/lib/tailscale/tailscaled.state --socket=/run/tailscale/tailscaled.sock --port=41641
ExecStopPost=$tailscaled --cleanup
Restart=on-failure
RestartSec=2
RuntimeDirectory=tailscale
RuntimeDirectoryMode=0755
StateDirectory=tailscale
StateDirectoryMode=0700

[Install]
WantedBy=multi-user.target"
}

# Restarts only for a new release or unit; a restart drops the tailnet's connections for a moment.
start() {
  local wanted
  wanted=$({ echo "$VERSION"; cat /etc/systemd/system/tailscaled.service; } | sha256sum | cut -d ' ' -f 1)
  if [[ $(cat "$state/tailscale-applied" 2>/dev/null) != "$wanted" ]] || ! systemctl is-active tailscaled >/dev/null 2>&1; then
    systemctl daemon-reload
    systemctl enable tailscaled >/dev/null 2>&1 || fail "$NODE_NAME: systemctl cannot enable tailscaled"
    systemctl restart tailscaled >/dev/null 2>&1 8>&- ||
      fail "$NODE_NAME: tailscaled does not start" "$(journalctl -u tailscaled --no-pager -o cat 2>/dev/null | tail -n 5)"
  fi
  wait_until 30 answers || fail "$NODE_NAME: tailscaled runs but does not answer within 30 s: journalctl -u tailscaled"
  printf '%s\n' "$wanted" >"$state/tailscale-applied"
}

status_json() { timeout 10 "$tailscale" status --json 2>/dev/null | tr -d ' \t\n'; }

answers() { [[ $(status_json) == *'"BackendState":'* ]]; }

backend() { status_json | sed -nE 's/.*"BackendState":"([^"]*)".*/\1/p'; }

# Once started, tailscaled needs a moment until it knows whether it is logged in.
settled() { [[ $(backend) == @(Running|NeedsLogin|Stopped|NeedsMachineAuth) ]]; }

# Of Self alone: peers carry tags too.
own_tags() {
  local json
  json=$(status_json)
  json=${json#*'"Self":'}
  json=${json%%'"Peer":'*}
  sed -nE 's/.*"Tags":\[([^]]*)\].*/\1/p' <<<"$json" | tr -d '"'
}

# Joined with this very key, perhaps after the run that offered it had given up, since tailscaled goes on trying. A new key
# means that the device of the one before was removed.
joined() {
  wait_until 60 settled || true
  if [[ $(backend) != Running ]]; then return 1; fi
  if [[ $(own_tags) == "$TAG" && $(cat "$state/tailscale-key" 2>/dev/null) == "$(key_sum)" ]]; then return 0; fi
  note "$NODE_NAME leaves the tailnet to join it again with its new key"
  local output
  output=$("$tailscale" logout 2>&1) || true
  if [[ $(backend) == Running ]]; then fail "$NODE_NAME: tailscale logout does not work: ${output##*$'\n'}"; fi
  return 1
}

key_sum() { printf '%s' "$AUTH_KEY" | sha256sum | cut -d ' ' -f 1; }

join() {
  printf '%s' "$AUTH_KEY" >"$key_file"
  key_sum >"$state/tailscale-key"
  local output
  # --reset: a setting that somebody made by hand would have to be given again here.
  if ! output=$("$tailscale" up --reset --auth-key="file:$key_file" --hostname="$NODE_NAME" --advertise-tags="$TAG" --ssh \
    --accept-dns=false --accept-routes=false --netfilter-mode=off --timeout=60s 2>&1); then
    rm -f "$key_file"
    refused "${output//"$AUTH_KEY"/KEY}"
  fi
  rm -f "$key_file"
  wait_until 60 running || fail "$NODE_NAME: Tailscale is not Running 60 s after it joined but '$(backend)'" \
    "a device that waits for approval is NeedsMachineAuth: the key should have approved it; journalctl -u tailscaled"
}

# Where tailscaled keeps rules in netfilter it also sets src_valid_mark (wgengine/router/osrouter/router_linux.go), and the
# kernel then drops what Cilium marks for its proxy: lookups that a network policy reads. Nodes lead nobody into the tailnet and
# need no such rules. One that had them keeps the setting until somebody takes it back.
leave_packets_alone() {
  local output setting=/proc/sys/net/ipv4/conf/all/src_valid_mark
  output=$("$tailscale" set --netfilter-mode=off 2>&1) ||
    fail "$NODE_NAME: tailscale set --netfilter-mode=off does not work: ${output##*$'\n'}"
  if [[ $(cat "$setting" 2>/dev/null || echo 0) != 0 ]]; then
    echo 0 >"$setting" || fail "$NODE_NAME: $setting cannot be set to 0, and Cilium's proxy needs it"
  fi
}

running() { [[ $(backend) == Running && $(own_tags) == "$TAG" ]]; }

# refused OUTPUT: ends the step with the likely cause.
refused() {
  local cause=""
  case $1 in
    *"invalid key"* | *"not valid"* | *"key expired"* | *"API key"*)
      cause="Tailscale refuses the auth key: it was used, revoked or has expired; a new one is made by pulumi up --replace '**::$NODE_NAME-tailnet-key'" ;;
    *"requested tags"*)
      cause="the tailnet's policy does not let the key give $TAG: see tagOwners in docs/tailnet.md" ;;
    *) cause=$(surroundings) ;;
  esac
  fail "$NODE_NAME: ${cause:-this machine cannot join the tailnet}" "$(tail -n 5 <<<"$1" | cut -c 1-300)"
}

# surroundings: what keeps a machine from its control server; empty when nothing does.
surroundings() {
  local date there here
  if ! date=$(curl -skI --connect-timeout 10 --max-time 20 "$CONTROL_URL/" | sed -nE 's/^[Dd]ate: *([^\r]*).*/\1/p'); then
    echo "the control server $CONTROL_URL cannot be reached from this machine: check its DNS and its way out"
    return 0
  fi
  here=$(date +%s)
  there=$(date -d "$date" +%s 2>/dev/null) || return 0
  if ((here - there > 120 || there - here > 120)); then
    echo "its clock is $((here - there)) s off Tailscale's (positive: ahead); certificates and keys then fail: timedatectl"
  fi
}

main "$@" </dev/null
