import { RunError, runtime } from "@pulumi/pulumi";
import type { ConnectorPlan } from "../../../components/tailnet/connector.ts";
import { policyAtStart } from "../../../components/tailnet/policy-at-start.ts";
import type { PolicyPlan } from "../../../components/tailnet/policy-plan.ts";
import { kubernetesService } from "../../../components/tailnet/policy.ts";
import { TailscaleApi } from "../../../components/tailnet/tailscale-api.ts";
import type { OwnedPolicy } from "../../../components/tailnet/tailnet.ts";
import type {
  PolicyInForce,
  TailscaleAccess,
} from "../../../components/tailnet/tailscale-types.ts";
import type { Site } from "../../open-site.ts";
import type { SiteConfig } from "../../schema.ts";
import { lackingScopes, neededScopes } from "./scopes.ts";
import { egressTargets, publishesServices } from "./proxies-schema.ts";
import { connectorRoutes } from "./routes.ts";
import { passedSections } from "./schema.ts";

/** A tailnet's policy in force, and the scopes of who asked for it, where it is told. */
type Told = PolicyInForce & { readonly scopes?: readonly string[] | undefined };

/** Asks a tailnet for its policy in force. */
export type AskPolicy = (access: TailscaleAccess) => Promise<Told>;

const askApi: AskPolicy = async (access) => {
  const api = new TailscaleApi(access);
  const inForce = await api.policy();
  return { ...inForce, scopes: await api.scopes() };
};

/** A site's tailnet as it was found, before anything is registered. */
export interface TailnetFound {
  readonly access: TailscaleAccess;
  /** For the stack that owns the policy. */
  readonly policy?: OwnedPolicy;
}

type Tailnet = NonNullable<SiteConfig["tailnet"]>;

/**
 * Looks at the tailnet. Throws when another stack owns the policy and it does not provide for this site, and when the OAuth
 * client cannot do all that an `up` does; a preview reads alone. Undefined for a site without a tailnet.
 */
export async function findTailnet(
  { name, config, secrets }: Site,
  ask: AskPolicy = askApi,
  preview = runtime.isDryRun(),
): Promise<TailnetFound | undefined> {
  const { tailnet } = config;
  if (tailnet === undefined) return undefined;
  const access = {
    tailnet: tailnet.tailnet,
    clientId: secrets.reveal(tailnet.oauth.clientId),
    clientSecret: secrets.reveal(tailnet.oauth.clientSecret),
  };
  let scopes: Told["scopes"];
  const api = {
    policy: async (): Promise<PolicyInForce> => {
      const told = await ask(access);
      scopes = told.scopes;
      return told;
    },
  };
  const owned = tailnet.policy;
  const needs = { site: name, ...ownNeeds(config, tailnet) };
  const inForce = await policyAtStart(api, owned !== undefined, needs);
  if (!preview) refuseLacking(scopes, tailnet);
  if (owned === undefined || inForce === undefined) return { access };
  const plan = policyPlan(name, config, tailnet, owned);
  return { access, policy: { plan, adopt: owned.adopt, inForce } };
}

/** The site's Connector; it advertises all of the site's networks unless the config names others. */
export function connectorPlan(config: SiteConfig, tailnet: Tailnet): ConnectorPlan {
  const { name, replicas, exitNode } = tailnet.connector;
  return { name, replicas, routes: connectorRoutes(config, tailnet), exitNode };
}

/** An `up` that could not end is not begun. What cannot be told is not taken for lacking. */
function refuseLacking(held: Told["scopes"], tailnet: Tailnet): void {
  const lacking = held === undefined ? [] : (lackingScopes(held, neededScopes(tailnet)) ?? []);
  if (lacking.length === 0) return;
  throw new RunError(
    `homelab:tailnet.oauth: the OAuth client lacks the scopes ${lacking.join(", ")}; give it what docs/tailnet.md lists, ` +
      "in the admin console under Settings > Trust credentials",
  );
}

/** What the policy has to let a site's own devices do. */
export function ownNeeds(config: SiteConfig, tailnet: Tailnet) {
  const { routes, exitNode } = connectorPlan(config, tailnet);
  const services = publishesServices(tailnet.proxies);
  const { s3 } = config.cluster.snapshots;
  return { routes, exitNode, services, egress: egressTargets(tailnet.egress, s3) };
}

/** The whole tailnet's policy: this site, and those that the config names. */
export function policyPlan(
  name: string,
  config: SiteConfig,
  tailnet: Tailnet,
  policy: NonNullable<Tailnet["policy"]>,
): PolicyPlan {
  const { admins, groups, sites, tags, tagOwners, autoApprovers, grants, ssh, tests } = policy;
  const own = {
    ...{ name, service: kubernetesService(config.network.services) },
    ...ownNeeds(config, tailnet),
    guarded: guarded(config),
    nameservers: siteNameservers(config, tailnet),
  };
  const others = Object.entries(sites).map(([other, plan]) => ({ name: other, ...plan }));
  return {
    ...{ admins, groups, sites: [own, ...others], tags, tagOwners, autoApprovers },
    ...{ grants, ssh, tests, sections: passed(policy) },
  };
}

/** DNS servers that the tailnet asks for names of the site's domain. */
export function siteNameservers(config: SiteConfig, { splitDns }: Tailnet): readonly string[] {
  return splitDns ?? [config.site.gateway];
}

/** SSH of machines, Proxmox on hosts and the control plane, by their addresses on the LAN. */
function guarded({ machines, proxmox, cluster }: SiteConfig): readonly string[] {
  return [
    ...machines.map(({ address }) => `${address}:22`),
    ...proxmox.hosts.map(({ address }) => `${address}:8006`),
    `${cluster.vip}:6443`,
  ];
}

/** Sections that the program makes nothing of; what says nothing is left out. */
function passed(policy: NonNullable<Tailnet["policy"]>): Readonly<Record<string, unknown>> {
  const says = (value: unknown): boolean =>
    typeof value === "object" && value !== null ? Object.keys(value).length > 0 : value === true;
  return Object.fromEntries(
    passedSections
      .map((section) => [section, policy[section]] as const)
      .filter(([, value]) => says(value)),
  );
}
