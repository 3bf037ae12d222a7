import ipaddr from "ipaddr.js";

/** An address range; `bits` is the prefix length. */
export interface IpNetwork {
  readonly address: ipaddr.IPv4 | ipaddr.IPv6;
  readonly bits: number;
}

/** What was read before: for its list of peers each device has the addresses of all compared, time and again. */
const known = new Map<string, IpNetwork>();

/** More than a tailnet of the lab has, and no more than that of what a test makes up. */
const remembered = 1_000;

/**
 * Reads `192.0.2.0/24`, `2001:db8::/32` or one address.
 * @returns undefined when the text is neither.
 * @throws Error when bits right of the prefix are set, with the range that was likely meant.
 */
export function parseIpNetwork(text: string): IpNetwork | undefined {
  const network = known.get(text) ?? read(text);
  if (network !== undefined && known.size < remembered) known.set(text, network);
  return network;
}

function read(text: string): IpNetwork | undefined {
  const [host = "", length, ...rest] = text.split("/");
  const four = ipaddr.IPv4.isValidFourPartDecimal(host);
  if (rest.length > 0 || (!four && !ipaddr.IPv6.isValid(host))) return undefined;
  const address = ipaddr.parse(host);
  const size = four ? 32 : 128;
  if (length === undefined) return { address, bits: size };
  if (!/^[0-9]{1,3}$/.test(length) || Number(length) > size) return undefined;
  const kind = four ? ipaddr.IPv4 : ipaddr.IPv6;
  const first = kind.networkAddressFromCIDR(text);
  if (first.toNormalizedString() !== address.toNormalizedString())
    throw new Error(`prefix ${text} has non-zero host bits; use ${first.toString()}/${length}`);
  return { address, bits: Number(length) };
}

/** The shortest text of a network, always with its prefix length. */
export const ipNetworkText = ({ address, bits }: IpNetwork): string =>
  `${address.toString()}/${bits}`;

/** Whether every address of `inner` is in `outer`; also true for the same network. */
export function contains(outer: IpNetwork, inner: IpNetwork): boolean {
  if (outer.address.kind() !== inner.address.kind() || outer.bits > inner.bits) return false;
  return outer.address instanceof ipaddr.IPv4
    ? inner.address instanceof ipaddr.IPv4 && inner.address.match(outer.address, outer.bits)
    : inner.address instanceof ipaddr.IPv6 && inner.address.match(outer.address, outer.bits);
}

/** Whether an address is one of the public internet. */
export const isPublic = ({ address }: IpNetwork): boolean => address.range() === "unicast";

/** Whether a network is one address. */
export const isSingle = ({ address, bits }: IpNetwork): boolean =>
  bits === (address.kind() === "ipv4" ? 32 : 128);
