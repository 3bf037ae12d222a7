import ipaddr from "ipaddr.js";
import { egressGrant } from "./egress.ts";
import type { PolicyEntry, PolicyPlan, PolicySite } from "./policy-plan.ts";
import { policyTests, type PolicyTest } from "./policy-tests.ts";
import { siteTags, stackTag } from "./tags.ts";

/** The policy as Tailscale reads it. */
export interface TailnetPolicy {
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly tagOwners: Readonly<Record<string, readonly string[]>>;
  readonly autoApprovers: {
    readonly routes: Readonly<Record<string, readonly string[]>>;
    readonly exitNode: readonly string[];
    /** By a Service's name, `svc:web`, or its tag. */
    readonly services?: Readonly<Record<string, readonly string[]>>;
  };
  readonly grants: readonly PolicyEntry[];
  readonly ssh: readonly PolicyEntry[];
  readonly tests: readonly (PolicyTest | PolicyEntry)[];
  /** Sections that the site file passes on. */
  readonly [section: string]: unknown;
}

const admins = "group:admins";

/**
 * The policy of the whole tailnet (https://tailscale.com/kb/1337/policy-syntax). Whatever it does not grant is denied;
 * its own tests come with it. What members may do among their own devices stays as in Tailscale's default policy.
 */
export function tailnetPolicy(plan: PolicyPlan): TailnetPolicy {
  const { tags = [], tagOwners = {}, autoApprovers, sections = {} } = plan;
  return {
    ...sections,
    groups: { [admins]: plan.admins, ...plan.groups },
    tagOwners: {
      ...(Object.assign({}, ...plan.sites.map(owners)) as Record<string, string[]>),
      ...Object.fromEntries(tags.map((tag) => [`tag:${tag}`, ["autogroup:admin"]])),
      ...tagOwners,
    },
    autoApprovers: {
      routes: approvedRoutes(plan.sites, autoApprovers?.routes ?? {}),
      exitNode: [
        ...plan.sites.filter((site) => site.exitNode).map(({ name }) => connector(name)),
        ...(autoApprovers?.exitNode ?? []),
      ],
      ...approvedServices(plan.sites, autoApprovers?.services ?? {}),
    },
    grants: [
      // `*` covers devices and the networks behind them; the internet behind an exit node has its own name.
      { src: [admins], dst: ["*"], ip: ["*"] },
      { src: [admins], dst: ["autogroup:internet"], ip: ["*"] },
      { src: ["autogroup:member"], dst: ["autogroup:self"], ip: ["*"] },
      ...plan.sites.flatMap(siteGrants),
      ...lookups(plan),
      ...plan.grants,
    ],
    ssh: [
      {
        action: "check",
        src: [admins],
        dst: plan.sites.map(({ name }) => siteTags(name).node),
        users: ["root"],
      },
      {
        action: "check",
        src: ["autogroup:member"],
        dst: ["autogroup:self"],
        users: ["autogroup:nonroot", "root"],
      },
      ...plan.ssh,
    ],
    tests: [...policyTests(plan), ...plan.tests],
  };
}

/** What a site needs of a policy, whoever keeps it. */
export function policyOfSite(
  site: PolicySite,
): Pick<TailnetPolicy, "tagOwners" | "autoApprovers"> & Partial<Pick<TailnetPolicy, "grants">> {
  const { egress = [] } = site;
  return {
    tagOwners: owners(site),
    autoApprovers: {
      routes: approvedRoutes([site], {}),
      exitNode: site.exitNode ? [connector(site.name)] : [],
      ...approvedServices([site], {}),
    },
    ...(egress.length === 0 ? {} : { grants: ways(site) }),
  };
}

/** The policy's text: JSON, which is HuJSON without comments. The same plan always gives the same bytes. */
export function policyText(plan: PolicyPlan): string {
  return JSON.stringify(tailnetPolicy(plan), undefined, 2);
}

/** Address of the service `kubernetes`, the first of the cluster's service network (`10.43.0.0/16` gives `10.43.0.1`). */
export function kubernetesService(services: string): string {
  const [network] = ipaddr.parseCIDR(services);
  const bytes = network.toByteArray();
  bytes.push((bytes.pop() ?? 0) + 1);
  return ipaddr.fromByteArray(bytes).toString();
}

function connector(site: string): string {
  return siteTags(site).connector;
}

/** The operator gives its tag to the devices that it makes, so it owns the connector's. */
function owners({ name }: PolicySite): Record<string, readonly string[]> {
  const tags = siteTags(name);
  const stack = stackTag(name);
  return {
    [stack]: ["autogroup:admin"],
    [tags.node]: ["autogroup:admin", stack],
    [tags.operator]: ["autogroup:admin", stack],
    [tags.connector]: [tags.operator],
  };
}

/** Approvers by network; two sites may advertise the same one, and so may others. */
function approvedRoutes(
  sites: readonly PolicySite[],
  others: Readonly<Record<string, readonly string[]>>,
): Record<string, readonly string[]> {
  const networks = [...new Set([...sites.flatMap(({ routes }) => routes), ...Object.keys(others)])];
  return Object.fromEntries(
    networks.map((network) => [
      network,
      [
        ...sites
          .filter(({ routes }) => routes.includes(network))
          .map(({ name }) => connector(name)),
        ...(others[network] ?? []),
      ],
    ]),
  );
}

/**
 * Approvers of Services: a site's proxies of those that carry their own tag, as its operator gives it to both
 * (tailscale/tailscale v1.102.3 cmd/k8s-operator/svc-for-pg.go; e2e/acl.hujson). Nothing where there are none.
 */
function approvedServices(
  sites: readonly PolicySite[],
  others: Readonly<Record<string, readonly string[]>>,
): Pick<TailnetPolicy["autoApprovers"], "services"> {
  const own = sites.filter(({ services }) => services === true).map(({ name }) => connector(name));
  const services = Object.fromEntries(
    [...new Set([...own, ...Object.keys(others)])].map((name) => [
      name,
      [...(own.includes(name) ? [name] : []), ...(others[name] ?? [])],
    ]),
  );
  return Object.keys(services).length === 0 ? {} : { services };
}

/** What a site's proxies lead its pods to, and machines go to themselves. */
function ways({ name, egress = [] }: PolicySite): readonly PolicyEntry[] {
  return egress.map((target) => egressGrant(name, target));
}

/**
 * Whoever has a grant of something, or an access rule of the older form, may look its name up: split DNS sends the question
 * to the site's own server, and behind a connector that takes a grant (https://tailscale.com/kb/1019/subnets).
 */
function lookups({
  sites,
  groups,
  tags = [],
  grants,
  sections = {},
}: PolicyPlan): readonly PolicyEntry[] {
  const dst = [...new Set(sites.flatMap(({ nameservers = [] }) => nameservers))];
  const granted = [...grants, ...entriesOf(sections["acls"])].flatMap(({ src }) =>
    Array.isArray(src) ? src.map(String) : [],
  );
  const own = [...Object.keys(groups), ...tags.map((tag) => `tag:${tag}`)];
  const src = [...new Set([...own, ...granted])].filter((name) => name !== admins);
  return dst.length === 0 || src.length === 0 ? [] : [{ src, dst, ip: ["udp:53", "tcp:53"] }];
}

/** Entries of a section that is passed on, if it is there. */
const entriesOf = (section: unknown): readonly PolicyEntry[] =>
  Array.isArray(section) ? (section as readonly PolicyEntry[]) : [];

/**
 * A site's machines reach each other, and its proxies what pods reach through them; admins are administrators at the proxies
 * of its API servers. What a group of these grants hangs at the tag of its devices
 * (cmd/k8s-operator/api-server-proxy-pg.go: not at the Service's).
 */
function siteGrants(site: PolicySite): readonly PolicyEntry[] {
  const { node, operator, connector: proxies } = siteTags(site.name);
  return [
    { src: [node], dst: [node], ip: ["*"] },
    ...ways(site),
    {
      src: [admins],
      dst: site.services === true ? [operator, proxies] : [operator],
      app: { "tailscale.com/cap/kubernetes": [{ impersonate: { groups: ["system:masters"] } }] },
    },
  ];
}
