import { addressNumber, canonicalCidr, cidrRange, dotted, type Range } from "./cidr.ts";

/** Addresses for services: a network in CIDR form, or the first and the last of a run of addresses. */
export type AddressPool = string | { readonly start: string; readonly stop: string };

/** The addresses of a pool, both ends included. */
export function poolRange(pool: AddressPool): Range {
  if (typeof pool === "string") return cidrRange(pool);
  return { first: addressNumber(pool.start), last: addressNumber(pool.stop) };
}

/** A pool as people write it. */
export function poolText(pool: AddressPool): string {
  return typeof pool === "string" ? pool : `${pool.start} to ${pool.stop}`;
}

/**
 * Whether an address is one of the ends of a pool that is a network: Cilium gives neither away.
 * @see https://docs.cilium.io/en/stable/network/lb-ipam/#reserved-ips
 */
export function isWithheld(pool: AddressPool, address: string): boolean {
  const { first, last } = poolRange(pool);
  const number = addressNumber(address);
  return typeof pool === "string" && (number === first || number === last);
}

/**
 * The address that a service of the program takes where nobody says otherwise: one at a place of a network that people
 * remember, else one counted back from the pool's last. Of a network Cilium gives neither end away.
 */
export function usualAddress(pool: AddressPool, place: number, back: number): string {
  const { first, last } = poolRange(pool);
  const isNetwork = typeof pool === "string";
  const usable = isNetwork ? last - 1 : last;
  const fits = isNetwork && first + place <= usable;
  return dotted(fits ? first + place : Math.max(first, usable - back));
}

/** The fewest networks that hold the pool's addresses and no others, in order. */
export function poolNetworks(pool: AddressPool): readonly string[] {
  if (typeof pool === "string") return [canonicalCidr(pool)];
  const { first, last } = poolRange(pool);
  const networks: string[] = [];
  for (let next = first; next <= last;) {
    let size = 1;
    while (next % (size * 2) === 0 && next + size * 2 - 1 <= last) size *= 2;
    networks.push(`${dotted(next)}/${32 - Math.log2(size)}`);
    next += size;
  }
  return networks;
}
