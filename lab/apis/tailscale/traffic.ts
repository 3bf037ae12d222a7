import { ApiError } from "./api-error.ts";

/** Protocols (IANA numbers, or every one) and ports that a rule lets through. */
export interface Traffic {
  readonly protocols: readonly number[] | "any";
  readonly first: number;
  readonly last: number;
}

const numbers: Readonly<Record<string, number>> = {
  ...{ icmp: 1, igmp: 2, ipv4: 4, "ip-in-ip": 4, tcp: 6, egp: 8, igp: 9, udp: 17 },
  ...{ gre: 47, esp: 50, ah: 51, "ipv6-icmp": 58, sctp: 132 },
};

/** Protocols of a rule that names none: TCP, UDP and both ICMPs. */
const usual = [6, 17, 1, 58];
/** Only these have ports. */
const withPorts = [6, 17, 132];

/**
 * Reads a protocol: a name or an IANA number; an empty text means the usual ones.
 * @throws ApiError 400
 */
export function readProtocols(text: string, place: string): readonly number[] {
  if (text === "") return usual;
  const number = numbers[text] ?? (/^[0-9]{1,3}$/.test(text) ? Number(text) : undefined);
  if (number === undefined || number < 1 || number > 255)
    throw new ApiError(400, `${place}: unknown protocol "${text}"`);
  return [number];
}

/**
 * Reads an ACL's ports: `*`, `22`, `80,443`, `8000-8999`.
 * @throws ApiError 400
 */
export function readAclTraffic(proto: string, ports: string, place: string): Traffic[] {
  const protocols = readProtocols(proto, place);
  return ports.split(",").map((range) => traffic(protocols, range, place));
}

/**
 * Reads an entry of a grant's `ip`: `*`, `22`, `80-443`, `tcp:443`, `icmp:*`.
 * @throws ApiError 400
 */
export function readGrantTraffic(text: string, place: string): Traffic {
  if (text === "*") return { protocols: "any", first: 0, last: 65535 };
  const colon = text.lastIndexOf(":");
  if (colon < 0) return traffic(usual, text, place);
  if (colon === 0) throw new ApiError(400, `${place}: "${text}" names no protocol`);
  return traffic(readProtocols(text.slice(0, colon), place), text.slice(colon + 1), place);
}

function traffic(protocols: readonly number[], range: string, place: string): Traffic {
  if (range === "*") return { protocols, first: 0, last: 65535 };
  const [, from = "", to = from] = /^([0-9]{1,5})(?:-([0-9]{1,5}))?$/.exec(range) ?? [];
  const [first, last] = [Number(from), Number(to)];
  if (from === "" || first > last || last > 65535)
    throw new ApiError(400, `${place}: invalid port "${range}"; use *, 22, or 8000-8999`);
  if (!protocols.some((protocol) => withPorts.includes(protocol)))
    throw new ApiError(400, `${place}: this protocol has no ports; use *`);
  return { protocols, first, last };
}

/** Whether traffic to a port by a protocol is among what a rule lets through. */
export function lets({ protocols, first, last }: Traffic, protocol: number, port: number): boolean {
  if (protocols !== "any" && !protocols.includes(protocol)) return false;
  return !withPorts.includes(protocol) || (first <= port && port <= last);
}
