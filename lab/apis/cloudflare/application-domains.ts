import { isDnsName } from "./dns-names.ts";
import { isObject, type JsonObject } from "./json.ts";

/** A domain of an application, taken apart. */
export interface Coverage {
  /** Lower case; with a leading `*.` it stands for every name below. */
  readonly host: string;
  /** Without closing slashes; empty for the whole host. */
  readonly path: string;
}

/** Takes `host`, `host/path` or `*.host` apart; undefined for anything else. */
export function coverageOf(domain: string): Coverage | undefined {
  const [host = "", ...rest] = domain.replace(/\/+\*?$/, "").split("/");
  const path = rest.length === 0 ? "" : `/${rest.join("/")}`;
  if (!isDnsName(host) || path.includes("*")) return undefined;
  return { host: host.toLowerCase(), path };
}

/** Everything that an application stands in front of: its domain first, then further ones, none twice. */
export function domainsOf(application: JsonObject): string[] {
  const { domain, self_hosted_domains: hosted, destinations } = application;
  const targets = ((destinations ?? []) as unknown[]).map((to) => (isObject(to) ? to.uri : to));
  const all = [domain, ...((hosted ?? []) as unknown[]), ...targets];
  return [...new Set(all.filter((one) => typeof one === "string"))];
}

/**
 * How closely a domain covers an address: 0 when it does not, more for a whole host name than for a wildcard, and
 * for longer paths. Paths cover what is below them.
 */
export function closeness(domain: string, hostname: string, path: string): number {
  const coverage = coverageOf(domain);
  if (coverage === undefined) return 0;
  const name = hostname.toLowerCase().replace(/\.$/, "");
  const exact = coverage.host === name;
  if (!exact && !(coverage.host.startsWith("*.") && name.endsWith(coverage.host.slice(1))))
    return 0;
  const below =
    coverage.path === "" || path === coverage.path || path.startsWith(`${coverage.path}/`);
  if (!below) return 0;
  return (
    (exact ? 1_000_000 : 0) + coverage.host.length * 1000 + Math.min(coverage.path.length, 999)
  );
}
