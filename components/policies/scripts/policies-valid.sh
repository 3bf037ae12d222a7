# shellcheck shell=bash
# On a server: waits until Cilium's operator has judged every policy, and fails with its words where one is not valid
# (operator/pkg/networkpolicy/validator.go of cilium/cilium: condition Valid).
# Parameters: POLICIES (names of CiliumClusterwideNetworkPolicies, separated by blanks).
# shellcheck source=../../rke2/scripts/rke2.sh disable=SC2154,SC2153

main() {
  local policy
  for policy in $POLICIES; do
    wait_until 120 judged "$policy" || fail "Cilium's operator did not judge the policy $policy within 120 s: kubectl get ccnp $policy -o yaml"
    [[ $(valid status "$policy") == True ]] || fail "Cilium enforces nothing of the policy $policy: $(valid message "$policy" | cut -c 1-300)"
  done
}

judged() { [[ -n $(valid status "$1") ]]; }

# valid FIELD POLICY: of its condition Valid.
valid() { kube get ciliumclusterwidenetworkpolicies.cilium.io "$2" -o "jsonpath={.status.conditions[?(@.type==\"Valid\")].$1}"; }

main "$@" </dev/null
