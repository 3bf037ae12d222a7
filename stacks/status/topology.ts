/** How a site hangs together, as data: hosts with their machines, the networks, and the ways in. Made of the config alone. */
import type { MachineSpec } from "../../components/machine.ts";
import { poolText } from "../../components/network/pool.ts";
import { connectorDevices } from "../../components/tailnet/connector.ts";
import type { Audience } from "../apps/expose-schema.ts";
import { siteExposure } from "../exposure/table.ts";
import { connectorRoutes } from "../parts/tailnet/routes.ts";
import type { SiteConfig } from "../schema.ts";

/** A site's shape. */
export interface Topology {
  readonly lan: { readonly network: string; readonly gateway: string; readonly vlan?: number };
  readonly cluster: {
    /** RKE2 release. */
    readonly version: string;
    /** Address of the control plane, which kube-vip holds. */
    readonly api: string;
    readonly pods: string;
    readonly services: string;
    readonly loadBalancers: string;
  };
  /** How the LAN learns of the cluster's networks. */
  readonly announced:
    | { readonly by: "BGP"; readonly asn: number; readonly routers: readonly Router[] }
    | { readonly by: "ARP" }
    | { readonly by: "nobody" };
  /** The ways in that the site has. */
  readonly ways: readonly Way[];
  readonly hosts: readonly Host[];
}

export interface Router {
  readonly name: string;
  readonly address: string;
  readonly asn: number;
}

/** A way in: who comes, and what of the cluster opens to them. */
export interface Way {
  readonly from: Audience;
  /** Names that are served there. */
  readonly names: number;
  readonly doors: readonly Door[];
}

/** Something of the cluster that takes connections from outside. */
export interface Door {
  readonly what: string;
  /** Its address, or what stands in its place; empty where it has none of its own. */
  readonly at: string;
}

/** A Proxmox node with the machines on it. */
export interface Host {
  readonly name: string;
  readonly address: string;
  readonly machines: readonly Pick<
    MachineSpec,
    "name" | "address" | "role" | "vmId" | "cores" | "memoryGiB"
  >[];
}

/** The topology of a site called `site`. */
export function topologyOf(site: string, config: SiteConfig): Topology {
  const { cluster, network, proxmox, machines } = config;
  const { lan, gateway, vlan } = config.site;
  return {
    lan: { network: lan, gateway, ...(vlan === undefined ? {} : { vlan }) },
    cluster: {
      ...{ version: cluster.version, api: cluster.vip },
      ...{ pods: network.pods, services: network.services },
      loadBalancers: poolText(network.loadBalancers),
    },
    announced: announcement(config),
    ways: ways(site, config),
    hosts: proxmox.hosts.map(({ name, address }) => ({
      ...{ name, address },
      machines: machines
        .filter(({ host }) => host === name)
        .map(({ name: machine, address: at, role, vmId, cores, memoryGiB }) => ({
          ...{ name: machine, address: at, role, vmId, cores, memoryGiB },
        })),
    })),
  };
}

function announcement({ network: { bgp, l2 } }: SiteConfig): Topology["announced"] {
  if (bgp === undefined) return { by: l2 ? "ARP" : "nobody" };
  return {
    ...{ by: "BGP", asn: bgp.localAsn },
    routers: bgp.peers.map(({ name, address, asn }) => ({ name, address, asn })),
  };
}

function ways(site: string, config: SiteConfig): readonly Way[] {
  const { edge, gateway, names, tailnet } = config;
  const served = (to: Audience): number =>
    new Set(siteExposure(config).flatMap((one) => (one.to === to ? [one.host] : []))).size;
  const way = (from: Audience, doors: readonly Door[]): readonly Way[] =>
    doors.length === 0 ? [] : [{ from, names: served(from), doors }];
  return [
    ...way(
      "public",
      edge === undefined ? [] : [{ what: "tunnel of Cloudflare", at: `zone ${edge.zone}` }],
    ),
    ...way("lan", [
      ...(gateway === undefined ? [] : [{ what: "gateway lan", at: gateway.lan.address }]),
      ...(names === undefined ? [] : [{ what: "DNS server", at: names.address }]),
    ]),
    ...way("tailnet", [
      ...(tailnet === undefined
        ? []
        : [
            {
              what: `connector ${connectorDevices(tailnet.connector).join(", ")}`,
              at: connectorRoutes(config, tailnet).join(", "),
            },
          ]),
      ...(gateway?.internal.enabled === true
        ? [{ what: `gateway ${site}-gateway`, at: gateway.internal.address ?? "" }]
        : []),
    ]),
  ];
}
