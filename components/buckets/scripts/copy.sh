# shellcheck shell=dash
# In a pod with rclone: keeps the copy of a bucket in a store outside, or fills a bucket from its copy. Below TARGET there are
#
#   copy/          what the bucket has
#   before/TIME/   what the run of that time took out of the copy or overwrote there
#   bucket         which bucket the copy is of: one that was filled from it, or had nothing to be filled from
#   filling        which bucket is being filled from it
#   copied         when a run last ended well
#   fewer          put there by a person: the next run may take most of the copy away
#
# A bucket that is made anew has another key. So what is not filled yet is never taken for one whose objects are gone: no run
# touches the copy before the mark is of this very bucket. What cannot be listed ends the run, and is not taken for empty.
# Parameters: MODE (fill or copy), BUCKET, TARGET (BUCKET/FOLDER/NAME of the store outside), KEEP_DAYS (of `copy`), and rclone's
# remotes `site` and `outside` in its environment.
set -eu

place="outside:$TARGET"
found=""

main() {
  life=$(printf '%s' "$RCLONE_CONFIG_SITE_ACCESS_KEY_ID" | sha256sum | cut -c 1-16)
  found=$(rclone lsf --files-only "$place/")
  of=$(mark bucket)
  case "$MODE" in
    fill) fill ;;
    copy) copy ;;
    *) fail "MODE is $MODE; use fill or copy" ;;
  esac
}

# fill: a bucket without objects begins with the copy. One that has some keeps them where it was there before its copy; where the
# copy is of another one, a person says which of the two counts.
fill() {
  if [ "$of" = "$life" ]; then
    echo "the copy is of this bucket already"
    return 0
  fi
  filling=$(mark filling)
  if [ "$filling" != "$life" ]; then
    rclone lsf --max-depth 1 "site:$BUCKET" >/tmp/objects
    if [ -s /tmp/objects ]; then
      if [ -n "$of" ]; then
        fail "the copy is of a bucket that was there before, and this one has objects of its own: one of the two would go. Delete the object $TARGET/bucket of the store to keep this one, or empty it to begin with the copy"
      fi
      echo "the bucket has objects of its own, and keeps them"
      write bucket "$life"
      write fewer "$life"
      return 0
    fi
    write filling "$life"
  fi
  # Nobody else writes here before it is full: what is there is from a run that was cut off.
  rclone copy --ignore-existing "$place/copy" "site:$BUCKET"
  write bucket "$life"
  rclone deletefile "$place/filling"
  echo "the bucket holds what its copy has"
}

# copy: makes the copy what the bucket is.
copy() {
  if [ "$of" != "$life" ]; then
    fail "the copy is not of this bucket, which was never filled from it: npm run up does that first"
  fi
  if ! there fewer; then compare; fi
  rclone sync --backup-dir "$place/before/$(date -u +%Y%m%d%H%M%S)" "site:$BUCKET" "$place/copy"
  write copied "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
  if there fewer; then rclone deletefile "$place/fewer"; fi
  forget
}

# compare: a bucket whose claim was deleted answers on under its key while it is purged, with ever fewer objects (rook v1.20.6,
# pkg/operator/ceph/object/bucket/provisioner.go, Delete), and the next one would be filled from what is left of the copy.
compare() {
  has=$(count "site:$BUCKET")
  had=$(count "$place/copy")
  if [ "$((has * 2))" -lt "$had" ]; then
    fail "the bucket has $has objects, and its copy $had: the copy was left as it is. If that was meant, put an object $TARGET/fewer into the store, and the next run follows"
  fi
}

count() {
  size=$(rclone size --json "$1") || return
  printf '%s' "$size" | sed -n 's/.*"count":\([0-9]*\).*/\1/p'
}

# forget: what was taken out of the copy goes, by the time in its folder's name. By `delete`, which leaves what a store with
# versions keeps: `purge` would take every version with it (rclone v1.75.0, backend/s3/s3.go, purge).
forget() {
  oldest=$(date -u -d "@$(($(date +%s) - KEEP_DAYS * 86400))" +%Y%m%d%H%M%S)
  folders=$(rclone lsf --dirs-only "$place/before/")
  for folder in $folders; do
    folder=${folder%/}
    case "$folder" in
      "" | *[!0-9]*) continue ;;
    esac
    if [ "$folder" -lt "$oldest" ]; then rclone delete "$place/before/$folder"; fi
  done
}

# mark NAME: what it says; empty without one.
mark() {
  if there "$1"; then rclone cat "$place/$1"; fi
}

# there NAME: whether it lay beside the copy when the run began.
there() { printf '%s\n' "$found" | grep -qx "$1"; }

write() { printf '%s' "$2" | rclone rcat "$place/$1"; }

fail() {
  echo "$1" >&2
  exit 1
}

main
