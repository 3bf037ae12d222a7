# shellcheck shell=bash
# On a server: names the nodes that are not Ready, separated by blanks.
# shellcheck source=../../rke2/scripts/rke2.sh disable=SC2154,SC2153

main() {
  if [[ ! -e $kubeconfig ]]; then return 0; fi
  kubectl --kubeconfig "$kubeconfig" --request-timeout=10s get nodes \
    -o 'jsonpath={range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}' |
    awk '$2 != "True" { printf "%s ", $1 }'
}

main "$@" </dev/null
