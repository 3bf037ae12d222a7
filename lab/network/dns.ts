/** DNS of a site, as its router serves it to the LAN with dnsmasq. */
import {
  connect,
  internet,
  objectStore,
  publicResolver,
  publicZone,
  resolverAddresses,
  type SiteInventory,
} from "../world/inventory.ts";

/** A machine's name and address as DNS gives them. */
export interface NamedMachine {
  readonly name: string;
  /** IPv4 address, with or without a prefix length. */
  readonly address: string;
}

/** Domain of a site's LAN (RFC 8375): the first site's is `home.arpa`, others are named below it. */
export function lanDomain(site: SiteInventory): string {
  return site.name === "home" ? "home.arpa" : `${site.name}.home.arpa`;
}

/** Settings of every dnsmasq of the lab: supervised, logging to its output, knowing only what it is told. */
const foreground = [
  "no-resolv",
  "no-hosts",
  "keep-in-foreground",
  "user=root",
  "pid-file=",
  "bind-interfaces",
  "log-facility=-",
  "cache-size=0",
] as const;

const internetRecords = Object.values(internet).flatMap(({ address, names }) =>
  names.map((name) => `host-record=${name},${address}`),
);

/**
 * Configuration of the router's dnsmasq. It knows the internet's services and the LAN, asks the other sites' routers for
 * their names and the internet's resolver for the public zone, and denies all else. What the site's stack says of its names
 * is a file of its own.
 */
export function dnsmasqConfig(
  site: SiteInventory,
  sites: readonly SiteInventory[],
  machinesFile: string,
  namesFile: string,
): string {
  const others = sites.filter((other) => other !== site);
  const listen = [site.gateway, ...site.routerAddresses.map((cidr) => cidr.replace(/\/.*$/, ""))];
  return [
    ...foreground,
    ...listen.map((address) => `listen-address=${address}`),
    `local=/${lanDomain(site)}/`,
    ...others.map((other) => `server=/${lanDomain(other)}/${other.gateway}`),
    "address=/#/",
    ...internetRecords,
    ...(lanDomain(site) === "home.arpa" ? [connect, objectStore] : []).map(
      ({ name, address }) => `host-record=${name},${address}`,
    ),
    `server=/${publicZone.name}/${publicResolver}`,
    ...site.hosts.map(
      (host) => `host-record=${host.name}.${lanDomain(site)},${host.name},${host.address}`,
    ),
    `addn-hosts=${machinesFile}`,
    `conf-file=${namesFile}`,
    "",
  ].join("\n");
}

/** Hosts file of the site's running machines. */
export function machineHosts(site: SiteInventory, machines: readonly NamedMachine[]): string {
  return machines
    .map(({ name, address }) => `${bareAddress(address)}\t${name}.${lanDomain(site)} ${name}\n`)
    .join("");
}

/** Configuration of the internet's resolver: the services' names, and the records of the public zone, texts among them. */
export function publicDnsConfig(recordsFile: string, texts: readonly string[] = []): string {
  return [
    ...foreground,
    ...resolverAddresses.map((address) => `listen-address=${address}`),
    ...texts,
    ...publicZone.nameServers.map((name) => `dns-rr=${publicZone.name},${ns},${wireName(name)}`),
    `local=/${publicZone.name}/`,
    "address=/#/",
    ...internetRecords,
    `addn-hosts=${recordsFile}`,
    "",
  ].join("\n");
}

/** Type of a name server's record (RFC 1035 section 3.2.2). */
const ns = 2;

/** A name as records carry it, in hex: each label behind its length (RFC 1035 section 3.1). */
function wireName(name: string): string {
  const labels = name.split(".").map((label) => [label.length, ...Buffer.from(label)]);
  return Buffer.from([...labels.flat(), 0]).toString("hex");
}

/** A DNS record of the public zone, as far as its address goes. */
export interface PublicRecord {
  readonly name: string;
  readonly type: string;
  readonly content: string;
  readonly proxied: boolean;
}

/** Hosts file of the public zone: proxied names lead to the edge, others to their own address. */
export function publicHosts(records: readonly PublicRecord[]): string {
  return records
    .flatMap(({ name, type, content, proxied }) => {
      if (proxied) return [`${internet.edge.address}\t${name}\n`];
      return type === "A" || type === "AAAA" ? [`${content}\t${name}\n`] : [];
    })
    .join("");
}

/** TXT records of the public zone, as dnsmasq is configured with them; a text in quotes is what stands between these. */
export function publicTexts(records: readonly PublicRecord[]): readonly string[] {
  return records
    .filter(({ type }) => type === "TXT")
    .map(({ name, content }) => `txt-record=${name},"${content.replace(/^"(.*)"$/, "$1")}"`);
}

/** An address without its prefix length. */
export function bareAddress(address: string): string {
  return address.replace(/\/.*$/, "");
}
