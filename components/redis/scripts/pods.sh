# shellcheck shell=bash
# Parameters: NAMESPACE, INSTANCE. The pods of a Redis instance, and what the master among them says.
# shellcheck source=../../rke2/scripts/rke2.sh disable=SC2154,SC2153

labels="app=$INSTANCE,app.kubernetes.io/name=dragonfly"

master() { kube -n "$NAMESPACE" get pods -l "$labels,role=master" -o 'jsonpath={.items[0].metadata.name}' 2>/dev/null || printf none; }

# ask WORD...: the master, at the port that wants no password.
ask() { kube -n "$NAMESPACE" exec "$(master)" -c dragonfly -- redis-cli -p 9999 "$@"; }

