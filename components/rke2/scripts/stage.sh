# shellcheck shell=bash
# Downloads a release and verifies it; nothing that runs changes yet, unless nothing can run any more: certificates that have
# ended stop the whole control plane.
# Parameters: VERSION, RELEASE_URL (folder of the release's files), RENEWS (not empty: certificates are to be renewed).
# shellcheck source=certificates.sh disable=SC2154,SC2153

archive=rke2.linux-amd64.tar.gz

main() {
  take_turn 1500
  release_step "$(cat "$state/installed" 2>/dev/null || true)" "$VERSION"
  revive
  local folder=$state/releases/$VERSION
  if [[ -e $folder/verified ]]; then return 0; fi
  room 2048
  mkdir -p "$folder"
  fetch sha256sum-amd64.txt "$folder/sums"
  local sum
  sum=$(awk -v name="$archive" '$2 == name { print $1 }' "$folder/sums")
  [[ -n $sum ]] || fail "sha256sum-amd64.txt of $VERSION does not name $archive"
  fetch "$archive" "$folder/$archive"
  if ! sha256sum --check --status <<<"$sum  $folder/$archive"; then
    rm -f "$folder/$archive"
    fail "$archive of $VERSION is not what its sha256sum-amd64.txt says; it was removed, run this again"
  fi
  touch "$folder/verified"
  local old
  for old in "$state"/releases/*/; do
    if [[ $old != "$folder/" && $old != "$state/releases/$(cat "$state/installed" 2>/dev/null)/" ]]; then rm -rf "$old"; fi
  done
}

# etcd's members refuse each other once their certificates have ended, so that none can start before the others have begun
# to: all nodes begin here, side by side, and the steps that wait for each come later.
revive() {
  if [[ -z $RENEWS ]] || ! certificates_end_within 0; then return 0; fi
  note "$(hostname): certificates of RKE2 have ended on $(certificate_end); it is restarted, which renews them"
  local unit
  for unit in rke2-server rke2-agent; do
    if systemctl is-enabled "$unit" >/dev/null 2>&1; then systemctl restart --no-block "$unit"; fi
  done
}

# fetch NAME PATH
fetch() {
  local output
  output=$(curl -fsSL --retry 3 --retry-connrefused --connect-timeout 10 --speed-limit 1024 --speed-time 30 \
    -o "$2.part" "$RELEASE_URL/$1" 2>&1) || fail "$RELEASE_URL/$1 cannot be downloaded: ${output##*$'\n'}"
  mv -f "$2.part" "$2"
}

main "$@" </dev/null
