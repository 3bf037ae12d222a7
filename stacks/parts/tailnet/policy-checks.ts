import type { Problem } from "../../../components/problem.ts";
import type { SiteConfig } from "../../schema.ts";
import { poolNetworks } from "../../../components/network/pool.ts";
import { overlap } from "../../../components/network/cidr.ts";
import { policyTags } from "../../../components/tailnet/tags.ts";
import { connectorRoutes, repeatedRoutes, routeProblems } from "./routes.ts";

type Tailnet = NonNullable<SiteConfig["tailnet"]>;
type Policy = NonNullable<Tailnet["policy"]>;

const root = "homelab:tailnet.policy";

/** The group that the program makes of `admins`. */
const adminGroup = "group:admins";

/** The tailnet's policy knows its groups, and no two sites advertise the same network. */
export function checkPolicy(
  config: SiteConfig,
  tailnet: Tailnet,
  stack: string,
): readonly Problem[] {
  const { policy } = tailnet;
  if (policy === undefined) return [];
  return [
    ...unknownGroups(policy),
    ...ownTags(policy, stack),
    ...ownSite(policy, stack),
    ...siteRoutes(config, tailnet, policy),
  ];
}

function unknownGroups(policy: Policy): readonly Problem[] {
  const { grants, ssh, tests, acls, nodeAttrs, sshTests } = policy;
  const known = [adminGroup, ...Object.keys(policy.groups)];
  const text = (name: string): string =>
    `${name} is no group of homelab:people; add it there, or use one of ${known.join(", ")}`;
  const unknown = (entry: unknown): readonly string[] =>
    [...new Set(groupNames(entry))].filter((name) => !known.includes(name));
  const listed = Object.entries({ grants, ssh, tests, acls, nodeAttrs, sshTests });
  const { routes, services } = policy.autoApprovers;
  const named = Object.entries({
    tagOwners: policy.tagOwners,
    "autoApprovers.routes": routes,
    "autoApprovers.services": services,
  });
  return [
    ...listed.flatMap(([part, entries]) =>
      entries.flatMap((entry, i) =>
        unknown(entry).map((name) => ({ path: `${root}.${part}[${i}]`, text: text(name) })),
      ),
    ),
    ...named.flatMap(([part, lists]) =>
      Object.entries(lists).flatMap(([key, owners]) =>
        unknown(owners).map((name) => ({
          path: `${root}.${part}.${key}`,
          text: text(name),
        })),
      ),
    ),
  ];
}

/**
 * Groups that an entry names anywhere, also with a port behind it as tests have them. One of the form
 * `group:NAME@DOMAIN` comes from an identity provider and is no one's to define
 * (https://tailscale.com/kb/1290/user-group-provisioning).
 */
function groupNames(value: unknown): readonly string[] {
  if (typeof value === "string") {
    const [name] = /^group:[^\s:]+/.exec(value) ?? [];
    return name === undefined || name.includes("@") ? [] : [name];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    ...groupNames(key),
    ...groupNames(inner),
  ]);
}

/** Tags that the program makes have the owners that it gives them. */
function ownTags({ tagOwners, sites }: Policy, stack: string): readonly Problem[] {
  const made = [stack, ...Object.keys(sites)].flatMap(policyTags);
  return Object.keys(tagOwners)
    .filter((tag) => made.includes(tag))
    .map((tag) => ({
      path: `${root}.tagOwners.${tag}`,
      text: "is a tag of the program's own, which has its owners; remove it here",
    }));
}

function ownSite({ sites }: Policy, stack: string): readonly Problem[] {
  if (!Object.hasOwn(sites, stack)) return [];
  return [
    {
      path: `${root}.sites.${stack}`,
      text: "is this stack's own site, which is always in; list the other stacks only",
    },
  ];
}

function siteRoutes(config: SiteConfig, tailnet: Tailnet, policy: Policy): readonly Problem[] {
  const { site, network } = config;
  const own = [
    ...connectorRoutes(config, tailnet).map((cidr) => ({ cidr, of: "this site's connector" })),
    { cidr: site.lan, of: "homelab:site.lan" },
    { cidr: network.pods, of: "homelab:network.pods" },
    { cidr: network.services, of: "homelab:network.services" },
    ...poolNetworks(network.loadBalancers).map((cidr) => ({
      cidr,
      of: "homelab:network.loadBalancers",
    })),
  ];
  const seen = [...own];
  return Object.entries(policy.sites).flatMap(([name, { routes }]) => {
    const path = `${root}.sites.${name}.routes`;
    const problems = routes.flatMap((cidr, i) => {
      const where = `${path}[${i}]`;
      const wrong = routeProblems(where, cidr, "set the site's `exitNode: true` instead");
      const other = seen.find((taken) => overlap(taken.cidr, cidr));
      if (wrong.length > 0 || other === undefined) return wrong;
      const text = `${cidr} overlaps ${other.cidr} of ${other.of}; the tailnet would send one site's traffic to the other`;
      return [{ path: where, text: `${text}; give each site networks of its own` }];
    });
    seen.push(...routes.map((cidr) => ({ cidr, of: path })));
    return [...problems, ...repeatedRoutes(path, routes)];
  });
}
