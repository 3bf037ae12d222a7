/** A site's names as one list, and what each side sees of it. */
import ipaddr from "ipaddr.js";
import type { Problem } from "../problem.ts";

/** Where the internet finds a name: behind the tunnel, or at an address. */
export type PublicPlace = "tunnel" | { readonly address: string; readonly proxied: boolean };

/** A name of the site. */
export interface SiteName {
  /** The whole name, in lower case and without a dot at its end. */
  readonly name: string;
  /** Where it is written or comes from: a config path. */
  readonly from: string;
  /** Its IPv4 address for the LAN and for the tailnet. */
  readonly lan?: string;
  /** Where the internet finds it; nowhere when left out. */
  readonly public?: PublicPlace;
  /** Where its address on the internet is written; `FROM.public` when left out. */
  readonly publicFrom?: string;
}

/** Domains that a site's names lie in. */
export interface NameDomains {
  /** DNS domain of the site. */
  readonly domain: string;
  /** Zone of the public names; none without an edge. */
  readonly zone?: string;
}

/** A name with its address. */
export interface AddressRecord {
  readonly name: string;
  readonly address: string;
}

/** What each side sees, sorted by name. */
export interface Views {
  /** What the public zone holds. */
  readonly public: readonly { readonly name: string; readonly place: PublicPlace }[];
  /** What the LAN's resolver answers itself; for all other names it asks on. */
  readonly lan: readonly AddressRecord[];
  /** What devices of the tailnet find by split DNS: names in the site's domain alone. For others they ask as at home. */
  readonly tailnet: readonly AddressRecord[];
}

/** The three views of one list. */
export function viewsOf(names: readonly SiteName[], { domain }: NameDomains): Views {
  const sorted = names.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const lan = sorted.flatMap(({ name, lan: address }) =>
    address === undefined ? [] : [{ name, address }],
  );
  return {
    public: sorted.flatMap(({ name, public: place }) =>
      place === undefined ? [] : [{ name, place }],
    ),
    lan,
    tailnet: lan.filter(({ name }) => isIn(domain, name)),
  };
}

/** Whether a name is a domain or lies in it. */
export function isIn(domain: string, name: string): boolean {
  return name === domain || name.endsWith(`.${domain}`);
}

/** The domain that a name is one label below. */
export function domainAbove(name: string): string {
  return name.slice(name.indexOf(".") + 1);
}

/** What stands against a list of names; each problem at the path of its name. */
export function nameListProblems(
  names: readonly SiteName[],
  domains: NameDomains,
): readonly Problem[] {
  return [
    ...names.flatMap((one) => place(one, domains)),
    ...names.flatMap((one) => shown(one, domains)),
    ...twice(names),
  ];
}

function place({ name, from }: SiteName, { domain, zone }: NameDomains): readonly Problem[] {
  const all = [domain, ...(zone === undefined ? [] : [zone])];
  if (all.some((one) => isIn(one, name))) return [];
  const text = `${name} is in none of the site's domains, ${all.join(" and ")}; use a name below one of them`;
  return [{ path: from, text }];
}

/** The internet is shown names of its zone alone, and addresses that it can reach. */
function shown(
  { name, from, public: where, publicFrom: path = `${from}.public` }: SiteName,
  { zone }: NameDomains,
): readonly Problem[] {
  if (where === undefined || where === "tunnel") return [];
  if (zone === undefined) {
    const text = `${name} needs a zone to be public in; add homelab:edge, or remove the address`;
    return [{ path, text }];
  }
  if (!isIn(zone, name)) {
    const text = `${name} is not in ${zone} of homelab:edge.zone; the internet is told names of that zone alone`;
    return [{ path, text }];
  }
  if (isPublic(where.address)) return [];
  const text = `${where.address} is no address of the internet (RFC 6890), and public DNS would tell everybody of it; write it as \`address\`, for the LAN`;
  return [{ path, text }];
}

/** Whether the internet has routes to an address. */
export function isPublic(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.parse(address).range() === "unicast";
}

function twice(names: readonly SiteName[]): readonly Problem[] {
  const first = new Map<string, string>();
  return names.flatMap(({ name, from }) => {
    const other = first.get(name);
    if (other !== undefined)
      return [{ path: from, text: `${name} is already ${other}; give each its own name` }];
    first.set(name, from);
    return [];
  });
}
