# shellcheck shell=bash
# Gives the root file system what the root disk has. A disk grows while its machine runs; partition and file system would
# follow only at the next boot (Debian's and Ubuntu's images: cloud-initramfs-growroot, x-systemd.growfs).
# Parameter: DISK_GIB (size of the root disk).
# shellcheck source=rke2.sh disable=SC2154,SC2153

grow() {
  local source kind output status=0
  read -r source kind < <(df --output=source,fstype / | tail -n 1)
  if [[ ! $source =~ ^(/dev/sd[a-z]+)([0-9]+)$ ]]; then
    note "the root file system is on $source, not on a partition of the root disk; it is not grown"
    return 0
  fi
  local disk=${BASH_REMATCH[1]} number=${BASH_REMATCH[2]}
  see_size "$disk"
  # growpart works in a temporary folder, and a full disk has no room for it where /tmp lies there.
  output=$(TMPDIR=/run growpart "$disk" "$number" 2>&1) || status=$?
  # 1 says that the partition has all of the disk already.
  if ((status > 1)); then
    fail "the root partition of $(hostname) cannot be grown: ${output##*$'\n'}; a restart of the machine grows it too"
  fi
  case $kind in
    ext[234]) output=$(resize2fs "$source" 2>&1) || status=2 ;;
    xfs) output=$(xfs_growfs / 2>&1) || status=2 ;;
    *) note "the root file system is $kind, which this does not know how to grow" ;;
  esac
  if ((status > 1)); then fail "the root file system of $(hostname) cannot be grown: ${output##*$'\n'}"; fi
}

# see_size DISK: the kernel hears of a grown disk from QEMU; where it has not, it is asked to look.
see_size() {
  local rescan=/sys/class/block/${1##*/}/device/rescan
  if has_size "$1"; then return 0; fi
  if [[ -w $rescan ]]; then echo 1 >"$rescan"; fi
  wait_until 3 has_size "$1" ||
    fail "the root disk of $(hostname) has $(($(blockdev --getsize64 "$1") / 1024 ** 3)) GiB, the config gives it $DISK_GIB GiB: look at its Hardware in Proxmox, and restart the machine where Proxmox shows the new size"
}

has_size() { (($(blockdev --getsize64 "$1") >= DISK_GIB * 1024 ** 3)); }
