# shellcheck shell=bash
# On a server: waits until the tailnet's nameserver runs with its image. The operator calls it ready once its Service has an address
# and looks at no pod; both of its pods end before the next ones begin.
# https://github.com/tailscale/tailscale/blob/v1.102.3/cmd/k8s-operator/nameserver.go Reconcile, deploy/manifests/nameserver/deploy.yaml
# Parameters: IMAGE, REPLICAS.
# shellcheck source=../../rke2/scripts/rke2.sh disable=SC2154,SC2153

main() {
  wait_until 600 runs || fail "the tailnet's nameserver does not run with $IMAGE: pods find no names of the tailnet" \
    "$(pods_in tailscale -l app=nameserver)"
}

runs() {
  local declared left
  declared=$(kube -n tailscale get deployment nameserver -o 'jsonpath={.spec.template.spec.containers[0].image} {.spec.replicas}' 2>/dev/null) &&
    [[ $declared == "$IMAGE $REPLICAS" ]] && left=$(unfinished tailscale) && [[ " $left " != *" nameserver "* ]]
}

main "$@" </dev/null
