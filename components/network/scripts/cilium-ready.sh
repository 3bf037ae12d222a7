# shellcheck shell=bash
# On a server: waits until Cilium's operator has installed its resource kinds and every node is Ready.
# Parameters: NODES (names, separated by blanks), KINDS (names of custom resource definitions, separated by blanks).
# shellcheck source=../../rke2/scripts/rke2.sh disable=SC2154,SC2153

main() {
  take_turn 1200
  local kinds node
  read -ra kinds <<<"$KINDS"
  wait_until 240 established "${kinds[@]}" || fail "Cilium's operator did not install $(missing)within 240 s" "$(pods)"
  for node in $NODES; do
    wait_until 300 ready "$node" || fail "node $node is not Ready after 300 s: $(reason "$node")" "$(pods)"
  done
}

kube() { kubectl --kubeconfig /etc/rancher/rke2/rke2.yaml --request-timeout=10s "$@"; }

# These two return as soon as it is so, and fail a moment before their requests would end.
established() { kube wait "${@/#/crd/}" --for=condition=Established --timeout=8s; }

ready() { kube wait "node/$1" --for=condition=Ready --timeout=8s; }

missing() {
  local kind
  for kind in $KINDS; do established "$kind" >/dev/null 2>&1 || printf '%s ' "$kind"; done
}

reason() { kube get node "$1" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].message}' 2>&1 | cut -c 1-300; }

pods() { kube -n kube-system get pods -o wide 2>&1 | grep -E 'NAME|cilium' | cut -c 1-140 | sed -n 1,12p || true; }

main "$@" </dev/null
