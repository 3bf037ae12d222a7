/** The lab's network: LANs as bridges, the seat, the stand-in internet, and a router for each site. */
import { writeFile } from "node:fs/promises";
import { mustRun } from "../host/command.ts";
import {
  connect,
  objectStore,
  internet,
  resolverAddresses,
  visitor,
  type SiteInventory,
} from "../world/inventory.ts";

/** Device that carries the stand-in internet's addresses. A bridge without ports exists in every kernel. */
const internetDevice = "internet0";

/**
 * Forwarding between the sites and the internet. Answers take the shortest way back, so that a strict reverse path
 * check would drop them, and redirects would put the machines' routes beside the router.
 */
export const forwarding: Readonly<Record<string, string>> = {
  "net.ipv4.ip_forward": "1",
  "net.ipv4.conf.all.rp_filter": "0",
  "net.ipv4.conf.default.rp_filter": "0",
  "net.ipv4.conf.all.send_redirects": "0",
  "net.ipv4.conf.default.send_redirects": "0",
};

/** Name of the namespace that a site's router lives in. */
export const routerNamespace = (site: SiteInventory): string => `router-${site.name}`;

/** Name of the router's port on the site's bridge (at most 15 characters). */
const routerPort = (site: SiteInventory): string => `rt-${site.name}`.slice(0, 15);

/** The seat's end of the visitor's line. */
const visitorPort = "visitor0";

const prefixLength = (cidr: string): string => cidr.slice(cidr.indexOf("/") + 1);
const addressOf = (cidr: string): string => cidr.slice(0, cidr.indexOf("/"));

/** A bridge's address would follow its ports and leave stale neighbours behind: it is pinned. */
const bridgeMac = (index: number): string => `02:00:00:00:${hex(index + 1)}:00`;
const hex = (byte: number): string => byte.toString(16).padStart(2, "0");

/** Lines for `ip -batch` that build the seat and the LANs. The router namespaces must exist. */
export function seatCommands(sites: readonly SiteInventory[]): string[] {
  return [
    "link set lo up",
    `link add ${internetDevice} type bridge`,
    ...[...Object.values(internet).map(({ address }) => address), ...resolverAddresses].map(
      (address) => `address add ${address}/32 dev ${internetDevice}`,
    ),
    `link set ${internetDevice} up`,
    `link add ${visitorPort} type veth peer name eth0 netns ${visitor.namespace}`,
    `address add ${visitor.gateway} dev ${visitorPort}`,
    `link set ${visitorPort} up`,
    ...sites.flatMap((site, index) => {
      const length = prefixLength(site.lan);
      const port = routerPort(site);
      return [
        `link add ${site.bridge} address ${bridgeMac(index)} type bridge mcast_snooping 0`,
        // The first address of a network is the one that outgoing connections carry.
        `address add ${site.seat} dev ${site.bridge}`,
        ...site.hosts.map((host) => `address add ${host.address}/${length} dev ${site.bridge}`),
        ...(index === 0 ? [connect.address, objectStore.address] : []).map(
          (address) => `address add ${address}/${length} dev ${site.bridge}`,
        ),
        `link set ${site.bridge} up`,
        `link add ${port} type veth peer name eth0 netns ${routerNamespace(site)}`,
        `link set ${port} master ${site.bridge} up`,
        ...site.routerAddresses.map((address) => `route add ${address} via ${site.gateway}`),
      ];
    }),
  ];
}

/** Lines for `ip -batch` inside a router's namespace. */
export function routerCommands(site: SiteInventory): string[] {
  return [
    "link set lo up",
    ...site.routerAddresses.map((address) => `address add ${address} dev lo`),
    `address add ${site.gateway}/${prefixLength(site.lan)} dev eth0`,
    "link set eth0 up",
    `route add default via ${addressOf(site.seat)}`,
  ];
}

/** Lines for `ip -batch` inside the visitor's namespace: the internet is all that it reaches. */
export function visitorCommands(): string[] {
  return [
    "link set lo up",
    `address add ${visitor.address} dev eth0`,
    "link set eth0 up",
    `route add ${visitor.internet} via ${addressOf(visitor.gateway)}`,
  ];
}

/** Builds the network. Must run inside the lab's namespaces, once; they take it with them when they end. */
export async function buildNetwork(sites: readonly SiteInventory[]): Promise<void> {
  for (const namespace of [...sites.map(routerNamespace), visitor.namespace]) {
    await mustRun("ip", ["netns", "add", namespace]);
  }
  for (const [name, value] of Object.entries(forwarding)) {
    await writeFile(`/proc/sys/${name.replaceAll(".", "/")}`, value);
  }
  await mustRun("ip", ["-batch", "-"], { input: `${seatCommands(sites).join("\n")}\n` });
  const visitorInput = `${visitorCommands().join("\n")}\n`;
  await mustRun("ip", ["-netns", visitor.namespace, "-batch", "-"], { input: visitorInput });
  for (const site of sites) {
    const namespace = routerNamespace(site);
    const settings = Object.entries(forwarding).map(([name, value]) => `${name}=${value}`);
    await mustRun("ip", ["netns", "exec", namespace, "sysctl", "-q", "-w", ...settings]);
    const input = `${routerCommands(site).join("\n")}\n`;
    await mustRun("ip", ["-netns", namespace, "-batch", "-"], { input });
  }
}
