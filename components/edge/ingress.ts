import type { Input } from "@pulumi/pulumi";
import { literal } from "../literal.ts";

/**
 * What cloudflared itself demands of a request: the mark of Access, for one of these applications. Where the application
 * was deleted by hand, Cloudflare lets everybody in and marks nothing, and cloudflared answers 403.
 * @see https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/configure-tunnels/origin-configuration/#access
 */
export interface DemandedAccess {
  readonly required: true;
  /** TEAM of TEAM.cloudflareaccess.com, whose keys the marks are signed with. */
  readonly teamName: string;
  /** Audience tags of applications. */
  readonly audTags: Input<string>[];
}

/** One rule of a tunnel: requests for `hostname` go to `service`; without a hostname it takes every request. */
export interface IngressRule<Service = string> {
  readonly hostname?: string;
  /** The only path that is let through; all of them without. */
  readonly path?: string;
  /** Address inside the cluster, or `http_status:CODE`. */
  readonly service: Service;
  readonly access?: DemandedAccess;
}

/** A rule as the provider takes it. */
interface TunnelRule<Service> extends Omit<IngressRule<Service>, "access"> {
  readonly originRequest?: { readonly access: DemandedAccess };
}

/** What a request for any other name gets; cloudflared refuses a config that does not end with such a rule. */
const catchAll = { service: "http_status:404" } as const;

/** A path alone, as the regular expression that cloudflared looks for in a request's path (ingress/rule.go, `Matches`). */
const wholePath = (path: string): string => `^${literal(path)}$`;

/**
 * Rules of a tunnel for these names, sorted so that the order of the config plays no part, with the catch-all last. Throws
 * when a name is missing, a wildcard or twice in the list: the first rule that fits wins, so that a later one would never
 * be reached.
 * @see https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/configure-tunnels/
 */
export function ingressRules<Service>(
  names: readonly IngressRule<Service>[],
): TunnelRule<Service | string>[] {
  const seen = new Set<string>();
  for (const { hostname = "" } of names) {
    if (hostname === "" || hostname.includes("*")) {
      throw new Error(
        `ingress rule "${hostname}": takes more than one name, so that rules after it are never reached; name one host`,
      );
    }
    if (seen.has(hostname)) {
      throw new Error(`ingress rule "${hostname}": stands twice; only the first would be reached`);
    }
    seen.add(hostname);
  }
  const sorted = [...names].sort((a, b) => ((a.hostname ?? "") < (b.hostname ?? "") ? -1 : 1));
  return [
    ...sorted.map(({ hostname, path, service, access }) => ({
      ...{ hostname, service },
      ...(path === undefined ? {} : { path: wholePath(path) }),
      ...(access === undefined ? {} : { originRequest: { access } }),
    })),
    { ...catchAll },
  ];
}
