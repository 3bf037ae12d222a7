# shellcheck shell=bash
# Downloads a release and verifies it; nothing that runs changes yet.
# Parameters: VERSION, RELEASE_URL (folder of the release's files).
# shellcheck source=rke2.sh disable=SC2154,SC2153

archive=rke2.linux-amd64.tar.gz

main() {
  take_turn 1500
  release_step "$(cat "$state/installed" 2>/dev/null || true)" "$VERSION"
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

# fetch NAME PATH
fetch() {
  local output
  output=$(curl -fsSL --retry 3 --retry-connrefused --connect-timeout 10 --speed-limit 1024 --speed-time 30 \
    -o "$2.part" "$RELEASE_URL/$1" 2>&1) || fail "$RELEASE_URL/$1 cannot be downloaded: ${output##*$'\n'}"
  mv -f "$2.part" "$2"
}

main "$@" </dev/null
