# shellcheck shell=bash
# On a server: moves the pods of a node away that is about to be upgraded, which may not do so itself.
# Parameters: NODE (its name).
# shellcheck source=drain.sh disable=SC2154,SC2153

main() { drain "$NODE" 120; }

main "$@" </dev/null
