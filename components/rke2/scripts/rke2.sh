# shellcheck shell=bash
# What every step of RKE2's has besides.
# shellcheck source=../../remote/scripts/step.sh disable=SC2154

PATH+=:/var/lib/rancher/rke2/bin

# The administrator's login, on a server.
kubeconfig=/etc/rancher/rke2/rke2.yaml

# kube ARGUMENT...: kubectl as the administrator. It takes nothing from a loop's standard input.
kube() { kubectl --kubeconfig "$kubeconfig" --request-timeout=15s "$@" </dev/null; }

# serves_kind PLURAL.GROUP: whether the API has a kind, which others may have taken away.
serves_kind() { grep -qx "$1" <<<"$(kube api-resources --api-group "${1#*.}" -o name)"; }

# pods_in NAMESPACE [ARGUMENT...]: its pods, for a person who reads why a step has failed.
pods_in() { kube -n "$1" get pods "${@:2}" 2>&1 | cut -c 1-140 | sed -n 1,12p; }

# etcd_members: etcd's members, as its own API on this server lists them. RKE2 calls a member by its node's name, a hyphen
# and eight hexadecimal digits.
etcd_members() {
  local tls=/var/lib/rancher/rke2/server/tls/etcd
  curl -sSf --max-time 10 --cacert "$tls/server-ca.crt" --cert "$tls/server-client.crt" --key "$tls/server-client.key" \
    -d '{}' https://127.0.0.1:2379/v3/cluster/member/list
}

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

# release_step FROM TO: ends the step when TO may not follow FROM; see version-step.ts. RKE2 itself would install it, and
# find out with its data already changed.
release_step() {
  local form='^v1\.([0-9]+)\.([0-9]+)\+rke2r([0-9]+)$' from to i
  [[ $1 =~ $form ]] || return 0
  from=("${BASH_REMATCH[@]:1}")
  [[ $2 =~ $form ]] || return 0
  to=("${BASH_REMATCH[@]:1}")
  if ((to[0] > from[0] + 1)); then
    fail "$2 skips a minor: $1 is installed on $(hostname); use a v1.$((from[0] + 1)) release first, then this one. Nothing was changed"
  fi
  for i in 0 1 2; do
    if ((to[i] > from[i])); then return 0; fi
    if ((to[i] < from[i])); then
      fail "$2 is older than $1, which is installed on $(hostname); its data cannot be taken back: put $1 back, or a newer release. Nothing was changed"
    fi
  done
}
