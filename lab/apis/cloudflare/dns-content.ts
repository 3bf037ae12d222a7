import { BlockList, isIPv4, isIPv6 } from "node:net";
import { ApiError } from "./api-error.ts";
import { isDnsName, sameName } from "./dns-names.ts";
import type { JsonObject } from "./json.ts";

/** Whether a host name may stand as content. */
const isHost = (content: string): boolean => isDnsName(content.replace(/\.$/, ""));

/** What a type's content must be, and the error that says so. */
const forms: Readonly<
  Record<string, { readonly fits: (content: string) => boolean; readonly error: [number, string] }>
> = {
  A: { fits: isIPv4, error: [9005, "Content for A record must be a valid IPv4 address."] },
  AAAA: { fits: isIPv6, error: [9006, "Content for AAAA record must be a valid IPv6 address."] },
  CNAME: { fits: isHost, error: [9007, "Content for CNAME record is invalid."] },
  MX: { fits: isHost, error: [9009, "Content for MX record must be a hostname."] },
  NS: { fits: isHost, error: [9008, "Content for NS record must be a hostname."] },
  PTR: { fits: isHost, error: [9007, "Content for PTR record must be a hostname."] },
  TXT: {
    fits: (content) => content !== "" && Buffer.byteLength(content) <= 4096,
    error: [9015, "Content for TXT record must have 1 to 4096 bytes."],
  },
  CAA: {
    fits: (content) => /^\d{1,3}\s+(issue|issuewild|iodef)\s+"[^"]*"$/.test(content),
    error: [9102, 'Content for CAA record must read: 0 issue "letsencrypt.org".'],
  },
  SRV: {
    fits: (content) => /^(\d{1,5}\s+){3}\S+$/.test(content),
    error: [9101, "Content for SRV record must read: priority weight port target."],
  },
};

const proxiable = ["A", "AAAA", "CNAME"];

const unroutable = new BlockList();
for (const [net, prefix] of [
  ["10.0.0.0", 8],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
] as const)
  unroutable.addSubnet(net, prefix, "ipv4");

/** Whether Cloudflare can stand in front of records of this type. */
export function isProxiable(type: string): boolean {
  return proxiable.includes(type);
}

/**
 * Content of a record: as sent, or made from `data` where the type has it (CAA, SRV).
 * @throws 400 with the code of the type's rule.
 */
export function contentOf(type: string, record: JsonObject): string {
  const form = Object.hasOwn(forms, type) ? forms[type] : undefined;
  if (form === undefined)
    throw new ApiError(
      400,
      9004,
      `DNS record type "${type}" is invalid; the lab knows ${Object.keys(forms).join(", ")}.`,
    );
  const content = contentFromData(type, record.data as JsonObject | undefined) ?? record.content;
  if (typeof content !== "string" || !form.fits(content)) throw new ApiError(400, ...form.error);
  return content;
}

/** Throws when the record cannot be as it is: proxied, or a CNAME of itself. */
export function checkTarget(record: {
  name: string;
  type: string;
  content: string;
  proxied: boolean;
  ttl: number;
}): void {
  const { name, type, content, proxied, ttl } = record;
  if (type === "CNAME" && sameName(name, content))
    throw new ApiError(400, 9039, "CNAME content cannot reference itself.");
  if (!proxied) return;
  if (!isProxiable(type)) throw new ApiError(400, 9041, "This DNS record cannot be proxied.");
  if (type === "A" && unroutable.check(content))
    throw new ApiError(400, 9003, `Target ${content} is not allowed for a proxied record.`);
  if (ttl !== 1)
    throw new ApiError(400, 9021, "Invalid TTL. A proxied record's must be 1, for automatic.");
}

function contentFromData(type: string, data: JsonObject | undefined): unknown {
  if (data === undefined) return undefined;
  const member = (name: string): string => {
    const value = data[name];
    return typeof value === "number" || typeof value === "string" ? String(value) : "";
  };
  if (type === "CAA") return `${member("flags")} ${member("tag")} "${member("value")}"`;
  if (type === "SRV")
    return ["priority", "weight", "port", "target"].map((name) => member(name)).join(" ");
  return undefined;
}
