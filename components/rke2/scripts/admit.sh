# shellcheck shell=bash
# On a server: makes room for a machine that was built anew under an old name. Deleting the node lets RKE2 remove the
# former machine's etcd member.
# Parameters: JOINER (node name), JOINER_GENERATION.
# shellcheck source=rke2.sh disable=SC2154,SC2153

main() {
  take_turn 1200
  local known
  known=$(kube get node "$JOINER" --ignore-not-found -o 'jsonpath={.metadata.name} {.metadata.labels.homelab/generation}')
  if [[ -z ${known// /} || $known == "$JOINER $JOINER_GENERATION" ]]; then return 0; fi
  note "removing the former machine $JOINER from the cluster"
  kube delete node "$JOINER" --wait=false >/dev/null
  wait_until 120 gone || fail "the former node $JOINER is still there after 120 s: kubectl describe node $JOINER"
}

kube() { kubectl --kubeconfig /etc/rancher/rke2/rke2.yaml --request-timeout=15s "$@"; }

gone() { [[ -z $(kube get node "$JOINER" --ignore-not-found -o name) ]]; }

main "$@" </dev/null
