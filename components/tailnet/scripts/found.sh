# shellcheck shell=bash
# On a server: waits until every proxy of the group of egress proxies has found each host that it is to lead to by its name. The
# operator calls a host ready that no proxy has found, and sends connections to one that has not found it as to the others
# (cmd/k8s-operator/egress-eps.go podIsReadyToRouteTraffic). A proxy that has not found a host does not look again when the policy
# lets it see it: it is then started anew, once.
# https://github.com/tailscale/tailscale/blob/v1.102.3/cmd/containerboot/egressservices.go syncEgressConfigs, shouldResync
# Parameters: HOSTS (lines: name of the Service, name of the host in the tailnet), GROUP (name of the ProxyGroup), REPLICAS.
# shellcheck source=../../rke2/scripts/rke2.sh disable=SC2154,SC2153

patience=90

main() {
  if wait_until "$patience" all_found; then return 0; fi
  start_anew
  wait_until $((patience * 3)) all_found || explain
}

# One after the other, and not by `rollout restart`: the operator takes that mark off again, and all would start twice. Those that
# have found everything stay.
start_anew() {
  local pod
  for pod in $(missing | cut -d ' ' -f 1 | sort -u); do
    kube -n tailscale delete "pod/$pod" --ignore-not-found --timeout=240s >/dev/null 2>&1 ||
      fail "pod/$pod of ProxyGroup $GROUP, which is to look for hosts anew, does not end"
    wait_until 120 kube -n tailscale wait "pod/$pod" --for=condition=Ready --timeout=5s || fail "pod/$pod of ProxyGroup $GROUP does not become ready again"
  done
}

all_found() { [[ -z $(missing) ]]; }

# missing: lines of a proxy, and of the line of HOSTS that it has not found. A proxy's pod and the Secret with its state have one
# name (cmd/k8s-operator/proxygroup_specs.go, pgStateSecrets).
missing() {
  local told name fqdn i
  told=$(states)
  for ((i = 0; i < REPLICAS; i++)); do
    while read -r name fqdn; do
      if ! found "$GROUP-$i" "$name" "$fqdn" "$told"; then printf '%s %s %s\n' "$GROUP-$i" "$name" "$fqdn"; fi
    done <<<"$HOSTS"
  done
}

# What each proxy tells of itself, behind its name: in the Secret that holds its state.
states() {
  kube -n tailscale get secrets -l "tailscale.com/parent-resource=$GROUP,tailscale.com/secret-type=state" \
    -o 'go-template={{range .items}}{{.metadata.name}} {{if .data}}{{with index .data "egress-services"}}{{. | base64decode}}{{end}}{{end}}{{"\n"}}{{end}}' 2>/dev/null
}

# found PROXY NAME FQDN STATES: whether it has addresses for it (kube/egressservices/egressservices.go, ServiceStatus), and not
# those of the host that it led to before.
found() {
  grep -qE "^$1 .*\"tailscale-$2\":\{\"ports\":\[[^]]*\],\"tailnetTargetIPs\":\[\"[^]]*\],\"tailnetTarget\":\{\"ip\":\"[^\"]*\",\"fqdn\":\"${3//./\\.}\"" <<<"$4"
}

explain() {
  local proxy name fqdn
  read -r proxy name fqdn < <(missing)
  fail "$proxy of ProxyGroup $GROUP has not found $fqdn, where $name is to lead: the tailnet's policy does not let it see the host, or it has another name there. docs/tailnet.md, \"Hosts of the tailnet for pods\"" \
    "$(kube -n tailscale logs "$proxy" -c tailscale --tail 100 2>&1 | grep -F "$fqdn" | tail -n 3 | cut -c 1-240)"
}

main "$@" </dev/null
