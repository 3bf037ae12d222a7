# shellcheck shell=bash
# On a server: waits until a proxy of the group of egress proxies has found each host that it is to lead to by its name. The
# operator calls a host ready that no proxy has found, and a proxy that has not found one does not look again when the
# policy lets it see it: it is then started anew, once.
# https://github.com/tailscale/tailscale/blob/v1.102.3/cmd/containerboot/egressservices.go syncEgressConfigs, shouldResync
# Parameters: HOSTS (lines: name of the Service, name of the host in the tailnet), GROUP (name of the ProxyGroup).
# shellcheck source=../../rke2/scripts/rke2.sh disable=SC2154,SC2153

patience=90

main() {
  if wait_until "$patience" all_found; then return 0; fi
  start_anew
  wait_until $((patience * 3)) all_found || explain
}

# One after the other, and not by `rollout restart`: the operator takes that mark off again, and all would start twice.
start_anew() {
  local pod
  for pod in $(kube -n tailscale get pods -l "tailscale.com/managed=true,tailscale.com/parent-resource=$GROUP" -o name); do
    kube -n tailscale delete "$pod" --timeout=240s >/dev/null 2>&1 || fail "$pod of ProxyGroup $GROUP, which is to look for hosts anew, does not end"
    wait_until 120 kube -n tailscale wait "$pod" --for=condition=Ready --timeout=5s || fail "$pod of ProxyGroup $GROUP does not become ready again"
  done
}

all_found() { [[ -z $(missing) ]]; }

# missing: the lines of HOSTS that no proxy has found.
missing() {
  local name fqdn told
  told=$(states)
  while read -r name fqdn; do
    if ! found "$name" "$fqdn" "$told"; then printf '%s %s\n' "$name" "$fqdn"; fi
  done <<<"$HOSTS"
}

# What each proxy tells of itself, in the Secret that holds its state.
states() {
  kube -n tailscale get secrets -l "tailscale.com/parent-resource=$GROUP,tailscale.com/secret-type=state" \
    -o 'go-template={{range .items}}{{with index .data "egress-services"}}{{. | base64decode}}{{"\n"}}{{end}}{{end}}' 2>/dev/null
}

# found NAME FQDN STATES: whether one of them has addresses for it (kube/egressservices/egressservices.go, ServiceStatus), and
# not those of the host that it led to before.
found() {
  grep -qE "\"tailscale-$1\":\{\"ports\":\[[^]]*\],\"tailnetTargetIPs\":\[\"[^]]*\],\"tailnetTarget\":\{\"ip\":\"[^\"]*\",\"fqdn\":\"${2//./\\.}\"" <<<"$3"
}

explain() {
  local name fqdn
  read -r name fqdn < <(missing)
  fail "no proxy of ProxyGroup $GROUP has found $fqdn, where $name is to lead: the tailnet's policy does not let them see it, or it has another name there. docs/tailnet.md, \"Hosts of the tailnet for pods\"" \
    "$(kube -n tailscale logs "statefulset/$GROUP" -c tailscale --tail 100 2>&1 | grep -F "$fqdn" | tail -n 3 | cut -c 1-240)"
}

main "$@" </dev/null
