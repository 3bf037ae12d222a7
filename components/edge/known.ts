/** What a stack's state has at Cloudflare. */
import type { LeftoverKind } from "../leftover.ts";

/** Kinds of objects that a site makes there. */
export type EdgeKind = Extract<
  LeftoverKind,
  "tunnel" | "DNS record" | "Access application" | "Access policy" | "Access service token"
>;

/** One object. The engine tells no ids to a program: what an object is called, and where, stands for it. */
export interface EdgeObject {
  readonly kind: EdgeKind;
  /** Of an application that stands in front of a name: that name. */
  readonly name: string;
  /** Id of its account, or of a record's zone. */
  readonly within: string;
}

/** The kind of each type that a site's objects there have. */
export const edgeKinds: Readonly<Record<string, EdgeKind>> = {
  "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared": "tunnel",
  "cloudflare:index/dnsRecord:DnsRecord": "DNS record",
  "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication": "Access application",
  "cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy": "Access policy",
  "cloudflare:index/zeroTrustAccessServiceToken:ZeroTrustAccessServiceToken":
    "Access service token",
};

/** What is at Cloudflare among a state's resources; clients of sign-on have no name of the internet and are left out. */
export function edgeObjects(
  resources: readonly {
    readonly type: string;
    readonly outputs: Readonly<Record<string, unknown>>;
  }[],
): readonly EdgeObject[] {
  return resources.flatMap(({ type, outputs }) => {
    const kind = edgeKinds[type];
    const name = outputs[kind === "Access application" ? "domain" : "name"];
    if (kind === undefined || typeof name !== "string") return [];
    return [{ kind, name, within: String(outputs["zoneId"] ?? outputs["accountId"]) }];
  });
}
