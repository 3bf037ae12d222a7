# shellcheck shell=bash
# On a server: saves an etcd snapshot and prints its name.
# Parameters: STORE (yes: it has to reach the store as well).
# shellcheck source=rke2.sh disable=SC2154,SC2153

main() {
  take_turn 300
  kubectl --kubeconfig /etc/rancher/rke2/rke2.yaml --request-timeout=10s get --raw /readyz >/dev/null ||
    fail "the API of $(hostname) is not ready, so no snapshot can be saved on it"
  local said name listed
  said=$(rke2 etcd-snapshot save 2>&1) || fail "no snapshot can be saved on $(hostname)" "$(tail -n 3 <<<"$said")"
  name=$(grep -oE 'Snapshot [^ ]+ saved' <<<"$said" | awk 'NR == 1 { print $2 }')
  [[ -n $name ]] || fail "rke2 etcd-snapshot save on $(hostname) names no snapshot" "$(tail -n 3 <<<"$said")"
  # An upload that fails is logged by the server, and the command ends well all the same.
  if [[ $STORE == yes ]]; then
    # Not through a pipe: grep ends at the first match, and a command that still writes would count as failed.
    listed=$(rke2 etcd-snapshot ls 2>/dev/null) || true
    grep -q "^$name .*s3://" <<<"$listed" ||
      fail "$name lies on $(hostname) and did not reach the store: journalctl -u rke2-server | grep -i s3 says why"
  fi
  printf '%s\n' "$name"
}

main "$@" </dev/null
