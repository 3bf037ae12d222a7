import type { EgressTarget } from "./egress.ts";

/** What a site's connector may advertise, and where its services are. */
export interface PolicySite {
  readonly name: string;
  /** Networks in CIDR form. */
  readonly routes: readonly string[];
  readonly exitNode: boolean;
  /** Address of the site's service `kubernetes`, for the policy's tests; undefined where it is not known. */
  readonly service?: string;
  /** What only admins reach, by addresses of the LAN: `192.168.1.21:22`. */
  readonly guarded?: readonly string[];
  /** DNS servers of its domain, behind its connector. */
  readonly nameservers?: readonly string[];
  /** Whether its proxies may publish Services of Tailscale's, the one of its API servers among them. */
  readonly services?: boolean;
  /** What its proxies lead pods to. */
  readonly egress?: readonly EgressTarget[];
}

/** An entry in the policy file's own form. */
export type PolicyEntry = Readonly<Record<string, unknown>>;

/** What the whole tailnet's policy is made of. */
export interface PolicyPlan {
  /** Logins: e-mail addresses, NAME@github or NAME@passkey. */
  readonly admins: readonly string[];
  /** Further groups: `group:family` to its members. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly sites: readonly PolicySite[];
  /** Further tags, without `tag:`, which admins give. */
  readonly tags?: readonly string[];
  /** Owners of further tags, in the policy file's own form. */
  readonly tagOwners?: Readonly<Record<string, readonly string[]>>;
  /** Approvers of routes, exit nodes and Services that are no site's. */
  readonly autoApprovers?: {
    readonly routes: Readonly<Record<string, readonly string[]>>;
    readonly exitNode: readonly string[];
    readonly services?: Readonly<Record<string, readonly string[]>>;
  };
  /** Further sections, in the policy file's own form: `hosts`, `nodeAttrs` and others that the program makes nothing of. */
  readonly sections?: Readonly<Record<string, unknown>>;
  readonly grants: readonly PolicyEntry[];
  readonly ssh: readonly PolicyEntry[];
  readonly tests: readonly PolicyEntry[];
}
