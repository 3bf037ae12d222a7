/**
 * What Cloudflare's API tells the edge: the part of the account that decides how a public name is
 * answered. The API implements it, the edge reads it; neither knows more of the other.
 */

import type { IngressRule } from "./ingress-rules.ts";

/** One rule in Cloudflare's own form, such as `{ email: { email } }` or `{ everyone: {} }`. Groups are resolved before. */
export type AccessRule = Readonly<Record<string, unknown>>;

/** One policy of an application; its rules say whom it concerns, its decision what happens to them. */
export interface AccessPolicy {
  readonly id: string;
  readonly decision: "allow" | "deny" | "bypass" | "non_identity";
  /** One of these must fit. */
  readonly include: readonly AccessRule[];
  /** None of these may fit. */
  readonly exclude: readonly AccessRule[];
  /** All of these must fit. */
  readonly require: readonly AccessRule[];
}

/** One Access application with its policies, in order of precedence. */
export interface AccessApplication {
  readonly id: string;
  /** 64 hexadecimal digits; the audience of the tokens issued for it. */
  readonly aud: string;
  readonly name: string;
  /** `host`, `host/path` or `*.host`. */
  readonly domain: string;
  /** In Cloudflare's form, such as `24h` or `30m`. */
  readonly sessionDuration: string;
  /** Milliseconds since 1970: what was issued until then counts no more. */
  readonly revokedAt?: number;
  readonly policies: readonly AccessPolicy[];
}

/** How many connections a tunnel has now; the edge knows, the API asks. */
export interface TunnelConnections {
  count(tunnelId: string): number;
}

export interface CloudflareWorld {
  /** Every DNS record of the zone, names in full and without a closing dot. */
  records(): readonly {
    readonly name: string;
    readonly type: string;
    readonly content: string;
    readonly proxied: boolean;
  }[];
  /** A tunnel that was not deleted. `secret` is base64; `ingress` is empty until it is configured. */
  tunnel(id: string):
    | {
        readonly id: string;
        readonly accountId: string;
        readonly secret: string;
        readonly ingress: readonly IngressRule[];
      }
    | undefined;
  /** The most specific application whose domain (`host`, `host/path`, `*.host`) covers the address. */
  application(hostname: string, path: string): AccessApplication | undefined;
  /** The service token with this id and secret; undefined when unknown, wrong or expired. */
  serviceToken(
    clientId: string,
    clientSecret: string,
  ): { readonly id: string; readonly name: string } | undefined;
  /** Calls the listener after every write; returns the function that ends this. */
  onChange(listener: () => void): () => void;
}
