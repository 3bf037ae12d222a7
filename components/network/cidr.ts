import ipaddr from "ipaddr.js";

/** Addresses that Tailscale gives to devices (CGNAT, RFC 6598): they must stay free on every site. */
export const tailscaleDevices = "100.64.0.0/10";

/** A network as its first and last address, both as unsigned 32-bit numbers. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/** An IPv4 address as an unsigned 32-bit number; throws on anything else. */
export function addressNumber(address: string): number {
  return ipaddr.IPv4.parse(address)
    .toByteArray()
    .reduce((sum, byte) => sum * 256 + byte, 0);
}

/** The address at a place of a network: 0 is its own, 1 the first that can be used. */
export function addressAt(cidr: string, place: number): string {
  return dotted(cidrRange(cidr).first + place);
}

/** An unsigned 32-bit number as an IPv4 address. */
export function dotted(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
}

/** The addresses of a network in CIDR form; host bits are ignored. */
export function cidrRange(cidr: string): Range {
  const [address, prefix] = ipaddr.IPv4.parseCIDR(cidr);
  const size = 2 ** (32 - prefix);
  const number = addressNumber(address.toString());
  const first = number - (number % size);
  return { first, last: first + size - 1 };
}

/** Whether an address lies in a network. */
export function contains(cidr: string, address: string): boolean {
  const range = cidrRange(cidr);
  const number = addressNumber(address);
  return number >= range.first && number <= range.last;
}

/** Whether two networks share an address. */
export function overlap(left: string, right: string): boolean {
  return meet(cidrRange(left), cidrRange(right));
}

/** Whether two ranges share an address. */
export function meet(a: Range, b: Range): boolean {
  return a.first <= b.last && b.first <= a.last;
}

/** The network address in CIDR form: `10.42.3.1/16` gives `10.42.0.0/16`. */
export function canonicalCidr(cidr: string): string {
  const [, prefix] = ipaddr.IPv4.parseCIDR(cidr);
  return `${ipaddr.IPv4.networkAddressFromCIDR(cidr).toString()}/${prefix}`;
}
