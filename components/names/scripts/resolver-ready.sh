# shellcheck shell=bash
# On a machine: waits until the site's resolver answers at its address.
# Parameters: RESOLVER (address), NAME (its own name there, whose address it is).
# shellcheck source=../../rke2/scripts/rke2.sh disable=SC2154,SC2153

main() {
  take_turn 120
  wait_until 150 answers || fail "$RESOLVER does not answer for $NAME: it gives ${found:-nothing}" \
    "kubectl -n names get pods,services -o wide shows its pods, and whether Cilium has given it the address"
}

answers() {
  found=$(address_of "$RESOLVER" "$NAME") || return 1
  [[ $found == "$RESOLVER" ]]
}

main "$@" </dev/null
