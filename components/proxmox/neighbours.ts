/** What other stacks have on the LAN, as far as the Proxmox cluster that is shared with them tells. */
import { addressNumber, meet } from "../network/cidr.ts";
import { poolRange, poolText } from "../network/pool.ts";
import type { Machine, MachineSpec } from "../machine.ts";
import type { Problem } from "../problem.ts";
import type { ExistingMachine } from "./inventory.ts";
import { propertyString } from "./property-string.ts";
import { isOwn, programTag, sitesOf } from "./tags.ts";
import type { ClusterAddresses, SitePlan } from "./types.ts";

/** A machine of another stack. */
export interface Neighbour {
  readonly name: string;
  readonly vmId: number;
  readonly site: string;
  /** Bridge and VLAN of its first card, 0 for none. */
  readonly lan: Lan;
  /** IPv4 address of that card. */
  readonly address: string | undefined;
  /** What its cluster has; undefined for one that was made before machines told it. */
  readonly cluster: ClusterAddresses | undefined;
}

/** Two cards with the same of both are taken to be on one LAN, whatever their hosts. */
interface Lan {
  readonly bridge: string;
  readonly vlan: number;
}

/** What a machine's notes at Proxmox say: to people, and to other stacks, which must not take what its cluster has. */
export function description(name: string, site: SitePlan): string {
  const { vip, loadBalancers, routers } = site;
  const where = routers.length === 0 ? "on the LAN" : `by ${routers.join(" ")}`;
  const cluster = `control plane ${vip}, load balancers ${poolText(loadBalancers)} ${where}`;
  return `${name}.${site.domain}, made by the homelab stack ${site.name} (${cluster})`;
}

const octet = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const ip = `${octet}(?:\\.${octet}){3}`;

/** `192.168.1.21/24`; other cards have `dhcp`. */
const address = new RegExp(`^(${ip})(?:/|$)`);

/** The end of the notes that `description` writes; people may have edited them. */
const told = new RegExp(
  `\\(control plane (${ip}), load balancers (?:(${ip}/(?:3[0-2]|[12]?\\d))|(${ip}) to (${ip})) ` +
    `(?:on the LAN|by (${ip}(?: ${ip})*))\\)`,
);

/** Machines that other stacks have made. */
export function otherStacks(
  site: string,
  machines: readonly ExistingMachine[],
): readonly ExistingMachine[] {
  return machines.filter(
    (machine) =>
      machine.tags.includes(programTag) &&
      sitesOf(machine.tags).length > 0 &&
      !isOwn(site, machine),
  );
}

/** A machine of another stack from its settings: GET nodes/N/qemu/ID/config. */
export function neighbourOf(
  { name, vmId, tags }: ExistingMachine,
  config: Readonly<Record<string, unknown>>,
): Neighbour {
  const { description: notes, net0, ipconfig0 } = config;
  const [, vip, cidr, start, stop, routers] = told.exec(String(notes)) ?? [];
  const card = propertyString(net0);
  const pool = start === undefined || stop === undefined ? cidr : { start, stop };
  return {
    ...{ name, vmId, site: sitesOf(tags)[0] ?? "" },
    lan: {
      bridge: card.get("bridge") ?? "",
      vlan: Number(card.get("tag") ?? 0),
    },
    address: address.exec(propertyString(ipconfig0).get("ip") ?? "")?.[1],
    cluster:
      vip === undefined || pool === undefined
        ? undefined
        : { vip, loadBalancers: pool, routers: routers?.split(" ") ?? [] },
  };
}

/** What is compared. */
export interface LanArgs {
  readonly site: SitePlan;
  readonly machines: readonly (MachineSpec & Machine)[];
  /** Whether the site's cluster has begun: it cannot give its address away any more. */
  readonly founded: boolean;
  readonly neighbours: readonly Neighbour[];
}

/** What the site would have on the LAN, or by a router, that another stack has there already. */
export function lanProblems(args: LanArgs): readonly Problem[] {
  const { site, machines, founded } = args;
  const near = args.neighbours.filter(({ lan }) =>
    machines.some((machine) => isSame(lan, lanOf(site, machine))),
  );
  return [
    ...machines.flatMap((machine, i) => {
      if (machine.stands) return [];
      const path = `homelab:machines[${i}].address (${machine.name})`;
      const beside = near.filter(({ lan }) => isSame(lan, lanOf(site, machine)));
      return taken(path, machine.address, beside);
    }),
    ...(founded ? [] : taken("homelab:cluster.vip", site.vip, near)),
    ...takenPool(site, args.neighbours, near),
  ];
}

/** One address, beside all that the neighbours have. */
function taken(path: string, address: string, near: readonly Neighbour[]): readonly Problem[] {
  const number = addressNumber(address);
  const [owner] = near.flatMap((neighbour) =>
    claims(neighbour)
      .filter(({ first, last }) => first <= number && number <= last)
      .map(({ what }) => what),
  );
  return owner === undefined
    ? []
    : [{ path, text: `${address} is ${owner}; choose an address that nothing has` }];
}

/** Load balancers are the LAN's own, or a router is told of them by both. */
function takenPool(
  { loadBalancers, routers }: SitePlan,
  all: readonly Neighbour[],
  near: readonly Neighbour[],
): readonly Problem[] {
  const range = poolRange(loadBalancers);
  const found =
    routers.length === 0
      ? near.flatMap((neighbour) => claims(neighbour))
      : all
          .filter(({ cluster: other }) => other?.routers.some((router) => routers.includes(router)))
          .flatMap((neighbour) => pools(neighbour));
  const [owner] = found.filter((claim) => meet(claim, range)).map(({ what }) => what);
  if (owner === undefined) return [];
  const text = `${poolText(loadBalancers)} holds what is ${owner}; choose addresses that nothing has`;
  return [{ path: "homelab:network.loadBalancers", text }];
}

interface Claim {
  readonly first: number;
  readonly last: number;
  /** Whose it is. */
  readonly what: string;
}

/** What a neighbour has on its LAN. */
function claims(neighbour: Neighbour): readonly Claim[] {
  const { name, vmId, site, address, cluster: other } = neighbour;
  const single = (one: string, what: string): Claim => {
    const number = addressNumber(one);
    return { first: number, last: number, what };
  };
  return [
    ...(address === undefined
      ? []
      : [single(address, `the address of ${name} (VM ${vmId}) of the stack ${site}`)]),
    ...(other === undefined ? [] : [single(other.vip, `the control plane's of the stack ${site}`)]),
    ...(other?.routers.length === 0 ? pools(neighbour) : []),
  ];
}

function pools({ site, cluster: other }: Neighbour): readonly Claim[] {
  if (other === undefined) return [];
  const what = `of the load balancers ${poolText(other.loadBalancers)} of the stack ${site}`;
  return [{ ...poolRange(other.loadBalancers), what }];
}

function lanOf(site: SitePlan, machine: MachineSpec): Lan {
  const { bridge = site.bridge, vlan = site.vlan ?? 0 } = machine.network ?? {};
  return { bridge, vlan };
}

function isSame(one: Lan, other: Lan): boolean {
  return one.bridge === other.bridge && one.vlan === other.vlan;
}
