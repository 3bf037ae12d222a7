# shellcheck shell=bash
# On a server: makes room for a machine that was built anew under an old name. Deleting the node lets RKE2 remove the
# former machine's etcd member. Prints `cluster` where there is one to join, and `none` on a server that has never been
# in one: whether the first server may begin a cluster is not decided by an address that may be silent for a moment.
# Parameters: JOINER (node name), JOINER_GENERATION.
# shellcheck source=rke2.sh disable=SC2154,SC2153

main() {
  if ! has_cluster; then
    echo none
    return 0
  fi
  take_turn 1200
  # After a power cut the whole site boots; RKE2 alone may take minutes.
  wait_until 300 kube get --raw /readyz ||
    fail "the API server of $(hostname) is not ready after 300 s, so $JOINER cannot join the cluster; most servers must run first: bring them back, or restore the cluster from a snapshot (docs/restore.md)"
  local known
  known=$(kube get node "$JOINER" --ignore-not-found -o 'jsonpath={.metadata.name} {.metadata.labels.homelab/generation}')
  if [[ -n ${known// /} && $known != "$JOINER $JOINER_GENERATION" ]]; then
    note "removing the former machine $JOINER from the cluster"
    kube delete node "$JOINER" --wait=false >/dev/null
    wait_until 120 gone || fail "the former node $JOINER is still there after 120 s: kubectl describe node $JOINER"
  fi
  echo cluster
}

# Also one that is just joining, or whose RKE2 is down.
has_cluster() { [[ -e $state/applied || -d /var/lib/rancher/rke2/server/db ]]; }

gone() { [[ -z $(kube get node "$JOINER" --ignore-not-found -o name) ]]; }

main "$@" </dev/null
