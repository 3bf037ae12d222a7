import type { Machine } from "../machine.ts";
import { session } from "./bgp.ts";

/** What the router's side of the peering needs. */
export interface RouterPlan {
  readonly site: string;
  /** AS of the cluster, AS of the router. */
  readonly localAsn: number;
  readonly routerAsn: number;
  /** Address of the router's BGP speaker; also its router id. */
  readonly routerAddress: string;
  /** Password of its sessions with the nodes (TCP MD5, RFC 2385). */
  readonly password?: string;
  /** Networks that nodes may announce: pods, services, load balancers, in CIDR form. */
  readonly prefixes: readonly string[];
  /** Its neighbours: the nodes of the cluster. */
  readonly peers: readonly Pick<Machine, "name" | "address">[];
}

/** The peering as the router's owner loads it: whole files for BIRD 2 and FRR, and FRR's for UniFi's upload. */
export interface RouterConfig {
  readonly bird: string;
  readonly frr: string;
  readonly unifi: string;
}

/**
 * Renders the router's side for all supported routers. What it defines is called after the site, so that one router can have
 * the texts of several.
 */
export function routerConfig(plan: RouterPlan): RouterConfig {
  const frr = frrConfig(plan);
  return { bird: birdConfig(plan), frr: frrFile(plan, frr), unifi: frr };
}

/**
 * A whole `bird.conf` for BIRD 2. Routes that several nodes announce are used side by side.
 * @see https://bird.network.cz/?get_doc&v=20&f=bird-6.html#ss6.3
 */
function birdConfig(plan: RouterPlan): string {
  const prefixes = plan.prefixes.map((prefix) => `${prefix}+`).join(", ");
  const site = underscored(plan.site);
  const peers = plan.peers.map(
    (peer) => `protocol bgp node_${underscored(peer.name)} from nodes_of_${site} {
  description "${peer.name}";
  neighbor ${peer.address} as ${plan.localAsn};
}`,
  );
  return `# BGP peering with the nodes of site ${plan.site}, for BIRD 2
router id ${plan.routerAddress};
log stderr all;

protocol device {
}

protocol kernel {
  merge paths on limit ${Math.max(2, plan.peers.length)};
  ipv4 {
    import none;
    export where source = RTS_BGP;
  };
}

# A node's address stands in a network of its own, so the next hop is looked up among the router's other routes.
protocol direct {
  ipv4;
}

filter from_${site} {
  if net ~ [ ${prefixes} ] then accept;
  reject;
}

template bgp nodes_of_${site} {
  local ${plan.routerAddress} as ${plan.routerAsn};${plan.password === undefined ? "" : `\n  password "${plan.password}";`}
  multihop ${session.multihop};
  hold time ${session.hold};
  keepalive time ${session.keepalive};
  connect delay time 1;
  connect retry time 5;
  error wait time 1, 10;
  graceful restart on;
  graceful restart time ${session.restart};
  ipv4 {
    import filter from_${site};
    export none;
    import keep filtered on;
  };
}

${peers.join("\n\n")}
`;
}

/** FRR's routing commands: the text that UniFi's gateways take as an upload. */
function frrConfig(plan: RouterPlan): string {
  const { site } = plan;
  const nodes = `nodes-${site}`;
  const peers = plan.peers.map(
    (peer) =>
      ` neighbor ${peer.address} peer-group ${nodes}\n neighbor ${peer.address} description ${peer.name}`,
  );
  const prefixes = plan.prefixes.map(
    (prefix, i) => `ip prefix-list from-${site} seq ${(i + 1) * 10} permit ${prefix} le 32`,
  );
  return `! BGP peering with the nodes of site ${plan.site}
${prefixes.join("\n")}
!
route-map from-${site} permit 10
 match ip address prefix-list from-${site}
exit
!
route-map to-${site} deny 10
exit
!
router bgp ${plan.routerAsn}
 bgp router-id ${plan.routerAddress}
 bgp graceful-restart
 no bgp default ipv4-unicast
 neighbor ${nodes} peer-group
 neighbor ${nodes} remote-as ${plan.localAsn}${plan.password === undefined ? "" : `\n neighbor ${nodes} password ${plan.password}`}
 neighbor ${nodes} update-source ${plan.routerAddress}
 neighbor ${nodes} ebgp-multihop ${session.multihop}
 neighbor ${nodes} timers ${session.keepalive} ${session.hold}
 neighbor ${nodes} timers connect 5
${peers.join("\n")}
 !
 address-family ipv4 unicast
  neighbor ${nodes} activate
  neighbor ${nodes} soft-reconfiguration inbound
  neighbor ${nodes} route-map from-${site} in
  neighbor ${nodes} route-map to-${site} out
  maximum-paths ${Math.max(2, plan.peers.length)}
 exit-address-family
exit
!
`;
}

/** The same as a whole `frr.conf`. Needs `bgpd=yes` in /etc/frr/daemons. */
function frrFile(plan: RouterPlan, commands: string): string {
  return `frr defaults traditional\nhostname router-${plan.site}\nlog syslog informational\n!\n${commands}line vty\n!\n`;
}

/** A name as BIRD's identifiers have it. */
function underscored(name: string): string {
  return name.replaceAll("-", "_");
}
