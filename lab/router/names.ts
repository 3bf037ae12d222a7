/** DNS of a site, as its router serves it to the LAN with dnsmasq. */
import { internetAddress, mirroredNames, type SiteInventory } from "../datacentre.ts";

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

/**
 * Configuration of the router's dnsmasq. It knows the mirrors and the LAN, asks the other sites' routers for their
 * names, and denies all else: there is no internet behind it.
 */
export function dnsmasqConfig(
  site: SiteInventory,
  sites: readonly SiteInventory[],
  machinesFile: string,
): string {
  const others = sites.filter((other) => other !== site);
  const listen = [site.gateway, ...site.routerAddresses.map((cidr) => cidr.replace(/\/.*$/, ""))];
  return [
    "no-resolv",
    "no-hosts",
    "keep-in-foreground",
    "user=root",
    "pid-file=",
    "bind-interfaces",
    "log-facility=-",
    "cache-size=0",
    ...listen.map((address) => `listen-address=${address}`),
    `local=/${lanDomain(site)}/`,
    ...others.map((other) => `server=/${lanDomain(other)}/${other.gateway}`),
    "address=/#/",
    ...mirroredNames.map((name) => `host-record=${name},${internetAddress}`),
    ...site.hosts.map(
      (host) => `host-record=${host.name}.${lanDomain(site)},${host.name},${host.address}`,
    ),
    `addn-hosts=${machinesFile}`,
    "",
  ].join("\n");
}

/** Hosts file of the site's running machines. */
export function machineHosts(site: SiteInventory, machines: readonly NamedMachine[]): string {
  return machines
    .map(({ name, address }) => `${bareAddress(address)}\t${name}.${lanDomain(site)} ${name}\n`)
    .join("");
}

/** An address without its prefix length. */
export function bareAddress(address: string): string {
  return address.replace(/\/.*$/, "");
}
