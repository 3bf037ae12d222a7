import { join } from "node:path";
import { openWeb, type WebOptions } from "../web/server.ts";
import type { Account } from "./account.ts";
import { applicationActions, applicationKind } from "./applications.ts";
import { collectionRoutes } from "./collection.ts";
import { dnsRoutes } from "./dns-records.ts";
import { groupKind } from "./groups.ts";
import { identityProviderKind } from "./identity-providers.ts";
import { sitePermissions } from "./permissions.ts";
import { policyKind } from "./policies.ts";
import { cloudflareLimit, RateLimit, type RateLimitOptions } from "./rate-limit.ts";
import type { Route } from "./route.ts";
import { serviceTokenActions, serviceTokenKind } from "./service-tokens.ts";
import { openStore } from "./store.ts";
import { tokenRoutes, Tokens, type ApiToken } from "./tokens.ts";
import { tunnelRoutes } from "./tunnels.ts";
import { cloudflareWeb } from "./web.ts";
import { worldOf } from "./world-view.ts";
import type { CloudflareWorld, TunnelConnections } from "./world.ts";
import { zoneRoutes } from "./zones.ts";

export interface CloudflareOptions extends WebOptions {
  /** Folder of the account's memory, `cloudflare.json`. Without it nothing is kept. */
  readonly stateDir?: string;
  /** The site's token: it has `sitePermissions`. */
  readonly apiToken: string;
  /** Tokens with other rights. */
  readonly furtherTokens?: readonly ApiToken[];
  /** 32 hexadecimal digits each. */
  readonly accountId: string;
  readonly zoneId: string;
  /** DNS name of the zone. */
  readonly zone: string;
  /** The zone's name servers. Default: two as Cloudflare names them. */
  readonly nameServers?: readonly string[];
  readonly connections: TunnelConnections;
  /** Default: Cloudflare's. */
  readonly rateLimit?: RateLimitOptions;
}

/** The running API. */
export interface Cloudflare {
  readonly port: number;
  readonly world: CloudflareWorld;
  close(): Promise<void>;
}

/**
 * Serves one account with one zone below `/client/v4`: zones, DNS records, tunnels and Access. What is kept in
 * `stateDir` is there again at the next call. What it does not know is refused with code 7000.
 * @throws when the address cannot be listened at.
 */
export async function createCloudflare(options: CloudflareOptions): Promise<Cloudflare> {
  const { accountId, zoneId, zone, connections, apiToken, furtherTokens = [], stateDir } = options;
  const account: Account = {
    ...{ id: accountId, zoneId, zone, connections },
    nameServers: options.nameServers ?? ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"],
    store: openStore(stateDir && join(stateDir, "cloudflare.json")),
  };
  const site = { value: apiToken, permissions: sitePermissions };
  const service = cloudflareWeb({
    ...{ accountId, zoneId, routes: routesOf(account) },
    tokens: new Tokens([site, ...furtherTokens]),
    rateLimit: new RateLimit(options.rateLimit ?? cloudflareLimit),
  });
  const web = await openWeb(service, options);
  return { port: web.port, world: worldOf(account), close: () => web.close() };
}

/** Every call that the lab's Cloudflare answers. */
function routesOf(account: Account): Route[] {
  const { store } = account;
  const serviceTokens = serviceTokenKind(store);
  const applications = applicationKind(account);
  const kinds = [
    policyKind(store),
    applications,
    serviceTokens,
    groupKind(store),
    identityProviderKind(store),
  ];
  return [
    ...tokenRoutes(),
    ...zoneRoutes(account),
    ...dnsRoutes(account),
    ...tunnelRoutes(account),
    ...kinds.flatMap((kind) => collectionRoutes(store, kind)),
    ...serviceTokenActions(store, serviceTokens),
    ...applicationActions(account, applications),
  ];
}
