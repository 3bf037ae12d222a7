/** The site's names as the owner of the LAN's resolver loads them there. */
import { isIn, type AddressRecord } from "./names.ts";

/** What the texts are made of. */
export interface LanPlan {
  readonly site: string;
  /** DNS domain of the site. */
  readonly domain: string;
  /** The public zone, whose other names are the internet's. */
  readonly publicZone?: string;
  /** Names with their addresses. */
  readonly records: readonly AddressRecord[];
  /** Address of the site's own resolver. */
  readonly resolver: string;
}

/** Two ways for each resolver: it answers for the names itself, or it asks the site's own resolver for the domain. */
export interface LanConfig {
  /** Every name with its address: for the LAN's resolver, which then needs the cluster for none of them. */
  readonly records: ResolverTexts;
  /** The way to the site's own resolver: always up to date, and silent while the cluster is down. */
  readonly forward: ResolverTexts;
}

/** A text for each resolver: files for dnsmasq and Unbound, a command for Pi-hole 6, requests to UniFi Network's API. */
export interface ResolverTexts {
  readonly dnsmasq: string;
  readonly unbound: string;
  readonly pihole: string;
  readonly unifi: string;
}

/** Renders the site's names for all supported resolvers. */
export function lanConfig(plan: LanPlan): LanConfig {
  return { records: recordTexts(plan), forward: forwardTexts(plan) };
}

/**
 * A name outside of the site's domain has here no record but its address: what Cloudflare says of it else, an IPv6 address and
 * HTTPS' parameters (types 28 and 65), would lead clients to the internet's side of it, or have them speak to the house's gateway
 * in Cloudflare's name (pi-hole/FTL issues 2841 and 2400).
 * @see https://thekelleys.org.uk/dnsmasq/docs/dnsmasq-man.html
 * @see https://unbound.docs.nlnetlabs.nl/en/latest/manpages/unbound.conf.html
 * @see https://docs.pi-hole.net/ftldns/configfile/
 */
function recordTexts({ site, domain, publicZone, records }: LanPlan): ResolverTexts {
  const title = `# Names of site ${site}`;
  const outside = records.map(({ name }) => name).filter((name) => !isIn(domain, name));
  // Of dnsmasq, which takes what is below such a name along.
  const local = outside.filter((name) => name !== publicZone).map((name) => `local=/${name}/`);
  return {
    dnsmasq: lines(
      title,
      ...records.map(({ name, address }) => `host-record=${name},${address}`),
      ...local,
    ),
    unbound: lines(
      title,
      "server:",
      `    private-domain: "${domain}."`,
      `    domain-insecure: "${domain}."`,
      // What is not listed is asked for as before.
      `    local-zone: "${domain}." transparent`,
      ...records.flatMap(({ name, address }) => [
        ...(isIn(domain, name)
          ? []
          : [`    private-domain: "${name}."`, `    local-zone: "${name}." transparent`]),
        `    local-data: "${name}. IN A ${address}"`,
      ]),
    ),
    pihole: lines(
      `# Names of site ${site}: replaces Pi-hole's list of local names, and its own lines of dnsmasq`,
      `pihole-FTL --config dns.hosts '${JSON.stringify(records.map(({ name, address }) => `${address} ${name}`))}'`,
      ...(local.length === 0
        ? []
        : [`pihole-FTL --config misc.dnsmasq_lines '${JSON.stringify(local)}'`]),
    ),
    unifi: unifi(
      records.map(({ name, address }) => ({
        type: "A_RECORD",
        enabled: true,
        domain: name,
        ipv4Address: address,
        ttlSeconds: 300,
      })),
    ),
  };
}

function forwardTexts({ site, domain, records, resolver }: LanPlan): ResolverTexts {
  const title = `# Names of site ${site}: asks its own resolver`;
  const zones = [domain, ...records.map(({ name }) => name).filter((name) => !isIn(domain, name))];
  return {
    dnsmasq: lines(
      title,
      ...zones.flatMap((zone) => [`server=/${zone}/${resolver}`, `rebind-domain-ok=/${zone}/`]),
    ),
    unbound: lines(
      title,
      "server:",
      ...zones.flatMap((zone) => [
        `    private-domain: "${zone}."`,
        `    domain-insecure: "${zone}."`,
        // Unbound itself answers for home.arpa and its like otherwise.
        `    local-zone: "${zone}." nodefault`,
      ]),
      ...zones.flatMap((zone) => [
        "forward-zone:",
        `    name: "${zone}."`,
        `    forward-addr: ${resolver}`,
      ]),
    ),
    pihole: lines(
      title,
      `pihole-FTL --config misc.dnsmasq_lines '${JSON.stringify(
        zones.flatMap((zone) => [`server=/${zone}/${resolver}`, `rebind-domain-ok=/${zone}/`]),
      )}'`,
    ),
    unifi: unifi(
      zones.map((zone) => ({
        type: "FORWARD_DOMAIN",
        enabled: true,
        domain: zone,
        ipAddress: resolver,
      })),
    ),
  };
}

/** Bodies of POST /v1/sites/SITE/dns/policies, one a line. */
function unifi(policies: readonly object[]): string {
  return lines(...policies.map((policy) => JSON.stringify(policy)));
}

function lines(...all: readonly string[]): string {
  return `${all.join("\n")}\n`;
}
