/** Where the edge sends a request for a public name. */
import { isIP } from "node:net";
import type { EdgeError } from "./edge-page.ts";
import type { CloudflareWorld } from "./world.ts";

/** A tunnel, or the error that visitors see. */
export type EdgeRoute = { readonly tunnel: string } | { readonly error: EdgeError };

const tunnelDomain = ".cfargotunnel.com";

/** A record without anything behind it. */
const originUnknown: EdgeError = {
  status: 530,
  code: 1016,
  title: "Origin DNS error",
  explanation: "Cloudflare is unable to resolve your requested domain to an origin.",
};

/** An address of the world that the lab does not have. */
const originUnreachable: EdgeError = {
  status: 523,
  code: 523,
  title: "Origin is unreachable",
  explanation: "The lab's edge reaches origins through tunnels only.",
};

const directAddress: EdgeError = {
  status: 403,
  code: 1003,
  title: "Direct IP access not allowed",
  explanation: "Ask for the site by its name.",
};

/** What visitors see while no cloudflared is connected. */
export const tunnelDown: EdgeError = {
  status: 530,
  code: 1033,
  title: "Cloudflare Tunnel error",
  explanation:
    "The host is configured as a Cloudflare Tunnel, and Cloudflare is currently unable to resolve it.",
};

/** Finds the proxied record of a name, its own or the nearest wildcard's (RFC 4592). */
export function routeOf(world: CloudflareWorld, host: string): EdgeRoute {
  if (isIP(host.replace(/^\[|\]$/g, "")) !== 0) return { error: directAddress };
  const records = world.records().filter(({ type }) => ["A", "AAAA", "CNAME"].includes(type));
  for (const name of candidates(host.toLowerCase())) {
    const found = records.filter((record) => record.name.toLowerCase() === name);
    const proxied = found.find((record) => record.proxied);
    if (proxied !== undefined) return target(proxied);
    // The name exists, but its DNS does not lead here.
    if (found.length > 0) break;
  }
  return { error: originUnknown };
}

function candidates(host: string): string[] {
  const labels = host.split(".");
  return [host, ...labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join(".")}`)];
}

function target(record: { readonly type: string; readonly content: string }): EdgeRoute {
  const content = record.content.toLowerCase().replace(/\.$/, "");
  if (record.type !== "CNAME") return { error: originUnreachable };
  if (!content.endsWith(tunnelDomain)) return { error: originUnknown };
  return { tunnel: content.slice(0, -tunnelDomain.length) };
}
