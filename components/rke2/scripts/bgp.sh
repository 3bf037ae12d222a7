# shellcheck shell=bash
# On a server: takes a node out of BGP before its machine goes, as Cilium's guide has it. A session that ends with its machine
# leaves the node among a router's next hops for as long as the router takes it for an agent that restarts, and what it sends
# there is lost; while the machine runs on, it is forwarded. A drain alone withdraws no more than the addresses of services
# whose policy is Local.
# https://docs.cilium.io/en/v1.19/network/bgp-control-plane/bgp-control-plane-operation/#shutting-down-a-node
# shellcheck source=rke2.sh

# The label that CiliumBGPClusterConfig's selector knows (components/network/bgp.ts).
bgp=homelab/bgp

# leave_bgp NODE: after its drain; returns once no router sends to the node. Where it has no sessions there is nothing to wait for.
leave_bgp() {
  if ! serves_kind ciliumbgpnodeconfigs.cilium.io || is_silent "$1"; then return 0; fi
  kube label node "$1" "$bgp=out" --overwrite >/dev/null
  if ! wait_until 30 is_silent "$1"; then
    note "$1: Cilium does not end its BGP sessions; routers may send to it for a while after it is off"
    return 0
  fi
  # Its agent sees that now and destroys its sessions, with a word that ends graceful restart too: a hard reset for a router with
  # RFC 8538, any other notification for others (cilium, pkg/bgp/manager/manager.go, withdraw; gobgp, fsm.go, convertNotification).
  # What routers do then nobody here can see; the node forwards meanwhile.
  note "$1 has left BGP"
  sleep 5
}

# join_bgp NODE
join_bgp() { kube label node "$1" "$bgp-" >/dev/null; }

is_silent() {
  local found
  found=$(kube get ciliumbgpnodeconfig "$1" --ignore-not-found -o name) || return 1
  [[ -z $found ]]
}

# speaks NODE: it has as many sessions as any other node; a router that is off has none with anybody.
speaks() {
  local lines
  lines=$(kube get ciliumbgpnodeconfigs -o 'jsonpath={range .items[*]}{.metadata.name} {.status.bgpInstances[*].peers[*].peeringState}{"\n"}{end}') || return 1
  awk -v node="$1" '
    { count = 0; for (i = 2; i <= NF; i++) if ($i == "established") count++; if ($1 == node) own = count; if (count > most) most = count }
    END { exit !(own >= most + 0) }' <<<"$lines"
}
