# shellcheck shell=bash
# What every step of RKE2's has besides.
# shellcheck source=../../remote/scripts/step.sh disable=SC2154

PATH+=:/var/lib/rancher/rke2/bin

# room MIB: ends the step when / or /var/lib/rancher has less free. A full disk would break files half way, and etcd first.
room() {
  local folder free
  for folder in / /var/lib/rancher; do
    if [[ ! -d $folder ]]; then continue; fi
    free=$(df --output=avail -BM "$folder" | tail -n 1 | tr -dc 0-9)
    if ((free >= $1)); then continue; fi
    fail "the disk of $(hostname) is full: $free MiB are free on $folder, RKE2 needs $1 MiB. Free some (du -xh / | sort -h | tail; journalctl --vacuum-size=100M), or raise diskGiB of the machine"
  done
}
