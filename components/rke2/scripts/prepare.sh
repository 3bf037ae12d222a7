# shellcheck shell=bash
# Makes a fresh Debian ready for RKE2, or says why it cannot be.
# Parameters: MEMORY_MIB (memory the machine was given), DISK_GIB (size of its root disk), RELEASE_URL, PROFILE (empty or cis),
# DEVICES (mappings of PCI and USB devices that it has, or empty).
# shellcheck source=grow.sh disable=SC2154,SC2153

main() {
  take_turn 900
  first_boot
  kernel
  memory
  grow
  disk
  packages
  modules
  sysctls
  swap
  reach_and_clock
  if [[ $PROFILE == cis ]]; then etcd_user; fi
}

first_boot() {
  if ! command -v cloud-init >/dev/null; then return 0; fi
  local status=0
  timeout 300 cloud-init status --wait >/dev/null 2>&1 || status=$?
  # 2 is a degraded but finished boot.
  case $status in
    0 | 2) ;;
    124) fail "cloud-init did not finish within 300 s; see /var/log/cloud-init.log" ;;
    *) fail "cloud-init failed: $(cloud-init status --long 2>&1 | tail -n 5)" ;;
  esac
}

# A machine that was built from another image before it got its devices.
kernel() {
  if [[ -z $DEVICES || $(uname -r) != *-cloud-* ]]; then return 0; fi
  fail "this machine has devices of its host ($DEVICES), and its kernel $(uname -r) has no drivers for GPUs and USB: give it another vmId and name it under homelab:allowReplace, so that it is built anew from its image; or install linux-image-amd64 in place of linux-image-cloud-amd64 and run npm run reboot"
}

memory() {
  local kib
  kib=$(awk '$1 == "MemTotal:" { print $2 }' /proc/meminfo)
  # A kernel keeps some of its memory from the total; a tenth less is still the machine that was asked for.
  if ((kib / 1024 < MEMORY_MIB * 9 / 10)); then
    fail "this machine has $((kib / 1024)) MiB of memory, the config gives it $MEMORY_MIB MiB: restart it so that the new size counts"
  fi
}

disk() {
  mkdir -p /var/lib/rancher
  # The first start unpacks all images.
  if [[ -e $state/installed ]]; then room 2048; else room 4096; fi
}

packages() {
  local missing=()
  command -v curl >/dev/null || missing+=(curl)
  [[ -e /etc/ssl/certs/ca-certificates.crt ]] || missing+=(ca-certificates)
  command -v mount.nfs >/dev/null || missing+=(nfs-common)
  command -v iscsiadm >/dev/null || missing+=(open-iscsi)
  # Lets the host shut the machine down through it, and freeze file systems for a backup.
  command -v qemu-ga >/dev/null || missing+=(qemu-guest-agent)
  if ((${#missing[@]} == 0)) || [[ "$(cat "$state/packages" 2>/dev/null)" == "${missing[*]}" ]]; then return 0; fi
  apt update || fail "apt-get update failed" "$(tail -n 5 "$state/apt.log")"
  apt install -y --no-install-recommends "${missing[@]}" ||
    fail "apt-get could not install ${missing[*]}" "$(tail -n 5 "$state/apt.log")"
  put_file "$state/packages" 0600 "${missing[*]}"
}

# apt ARGUMENT...: DPkg::Lock::Timeout is for dpkg's locks; apt takes that of the package lists at once or not at all
# (apt-pkg/acquire.cc, pkgAcquire::Setup), and soon after a first boot apt-daily holds it.
apt() {
  local deadline=$((SECONDS + 300))
  until DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 "$@" >"$state/apt.log" 2>&1; do
    if ! grep -q 'Could not get lock' "$state/apt.log" || ((SECONDS >= deadline)); then return 1; fi
    sleep 3
  done
}

modules() {
  put_file /etc/modules-load.d/homelab.conf 0644 $'overlay\nbr_netfilter'
  local module
  for module in overlay br_netfilter; do
    modprobe "$module" || fail "the kernel has no module $module: use an image with Debian's full kernel"
  done
}

sysctls() {
  local lines=$'net.ipv4.ip_forward = 1\nnet.bridge.bridge-nf-call-iptables = 1\nfs.inotify.max_user_instances = 8192\nfs.inotify.max_user_watches = 524288'
  if [[ $PROFILE == cis ]]; then
    lines+=$'\nvm.panic_on_oom = 0\nvm.overcommit_memory = 1\nkernel.panic = 10\nkernel.panic_on_oops = 1'
  fi
  put_file /etc/sysctl.d/90-homelab.conf 0644 "$lines"
  local output
  output=$(sysctl -p /etc/sysctl.d/90-homelab.conf 2>&1) || fail "a kernel setting was refused: ${output##*$'\n'}"
}

swap() {
  swapoff -a || fail "swap cannot be turned off: is more memory in use than the machine has?"
  if [[ -f /etc/fstab ]]; then sed -i '/^[^#].*[[:space:]]swap[[:space:]]/s/^/# /' /etc/fstab; fi
}

reach_and_clock() {
  timedatectl set-ntp true || fail "time synchronisation cannot be turned on: install systemd-timesyncd or chrony"
  local headers status=0
  headers=$(curl -sSI --connect-timeout 10 --max-time 30 --retry 2 "$RELEASE_URL" 2>&1) || status=$?
  case $status in
    0) ;;
    6) fail "the name in $RELEASE_URL does not resolve: check the site's dns servers" ;;
    7 | 28) fail "$RELEASE_URL cannot be reached: check gateway and firewall" ;;
    60) fail "$RELEASE_URL shows a certificate that is not trusted: is the clock right ($(date -u)), does a proxy intercept?" ;;
    *) fail "$RELEASE_URL cannot be reached: ${headers##*$'\n'}" ;;
  esac
  local theirs
  theirs=$(sed -n 's/^[Dd]ate: *//p' <<<"$headers" | tr -d '\r' | tail -n 1)
  if [[ -z $theirs ]]; then
    # Nothing to compare with; a machine that has just booted may still wait for its first answer.
    synchronised || note "the clock is not synchronised (timedatectl), and $RELEASE_URL does not tell the time"
    return 0
  fi
  theirs=$(date -u -d "$theirs" +%s)
  local off=$(($(date -u +%s) - theirs))
  if ((off > 60 || off < -60)); then
    fail "the clock of $(hostname) is off by $off s; certificates would be refused: look at timedatectl and journalctl -u systemd-timesyncd; once an NTP server answers, systemctl restart systemd-timesyncd puts it right"
  fi
}

synchronised() { [[ $(timedatectl show -P NTPSynchronized) == yes ]]; }

etcd_user() {
  if id etcd >/dev/null 2>&1; then return 0; fi
  useradd --system --no-create-home --shell /usr/sbin/nologin etcd
}

main "$@" </dev/null
