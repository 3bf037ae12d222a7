import { egressSources } from "./egress.ts";
import type { PolicyEntry, PolicyPlan, PolicySite } from "./policy-plan.ts";
import { siteTags } from "./tags.ts";

/** One of the policy's own tests (https://tailscale.com/kb/1337/policy-syntax#tests). */
export interface PolicyTest {
  readonly src: string;
  /** Any where left out. */
  readonly proto?: string;
  readonly accept?: readonly string[];
  readonly deny?: readonly string[];
}

/**
 * Tests that Tailscale runs whenever the policy is validated or applied: every admin reaches machines, operators and
 * services; members of other groups, further tags, connectors, operators and other sites' machines do not reach a machine's
 * SSH, a host or a site's Kubernetes API, by whatever address. A grant that is too wide, here or in the site file, is so
 * refused; one that names what it opens, and to whom, is meant.
 */
export function policyTests(plan: PolicyPlan): readonly PolicyTest[] {
  const guarded = plan.sites.flatMap(({ name, service, guarded: addresses = [] }) => [
    `${siteTags(name).node}:22`,
    ...(service === undefined ? [] : [`${service}:443`]),
    ...addresses,
  ]);
  const operators = plan.sites.map(({ name }) => `${siteTags(name).operator}:443`);
  return [
    ...plan.admins.map((src) => ({ src, accept: [...guarded, ...operators] })),
    ...strangers(plan).flatMap((src) => {
      const deny = guarded.filter((target) => !isMeant(plan, src, target));
      return deny.length > 0 ? [{ src, deny }] : [];
    }),
    ...plan.sites.flatMap(({ name }) => machineTests(plan, name)),
    ...plan.sites.flatMap(egressTests),
  ];
}

/** Everybody in a further group who is no admin, and every further tag. */
function strangers({ admins, groups, tags = [], tagOwners = {} }: PolicyPlan): readonly string[] {
  const members = Object.values(groups)
    .flat()
    .filter((member) => !admins.includes(member));
  return [...new Set([...members, ...tags.map((tag) => `tag:${tag}`), ...Object.keys(tagOwners)])];
}

/** Whether an entry of the site file names a source, itself or by its group, and the very target. */
function isMeant(plan: PolicyPlan, src: string, target: string): boolean {
  const at = target.lastIndexOf(":");
  const [host, port] = [target.slice(0, at), target.slice(at + 1)];
  const { acls = [], hosts = {} } = (plan.sections ?? {}) as {
    acls?: readonly PolicyEntry[];
    hosts?: Readonly<Record<string, string>>;
  };
  const names = [host, `${host}/32`, ...Object.keys(hosts).filter((name) => hosts[name] === host)];
  const sources = [
    src,
    ...Object.keys(plan.groups).filter((group) => plan.groups[group]?.includes(src)),
  ];
  const has = (entry: PolicyEntry, key: string, wanted: readonly string[]): boolean => {
    const given: unknown = entry[key];
    return Array.isArray(given) && given.some((item) => wanted.includes(String(item)));
  };
  return (
    plan.grants.some(
      (grant) =>
        has(grant, "src", sources) &&
        has(grant, "dst", names) &&
        has(grant, "ip", [port, `tcp:${port}`]),
    ) ||
    acls.some(
      (rule) =>
        has(rule, "src", sources) &&
        has(
          rule,
          "dst",
          names.map((name) => `${name}:${port}`),
        ),
    )
  );
}

function machineTests({ sites }: PolicyPlan, site: string): readonly PolicyTest[] {
  const { node, operator, connector } = siteTags(site);
  const others = sites
    .filter(({ name }) => name !== site)
    .map(({ name }) => `${siteTags(name).node}:22`);
  return [
    { src: node, accept: [`${node}:22`], ...(others.length > 0 ? { deny: others } : {}) },
    { src: operator, deny: [`${node}:22`] },
    { src: connector, deny: [`${node}:22`] },
  ];
}

/**
 * A site's proxies reach what they lead to, and its machines what they go to themselves. Services of Tailscale's are left out: the
 * syntax of tests does not say how one is named (https://tailscale.com/kb/1337/policy-syntax#tests).
 */
function egressTests({ name, egress = [] }: PolicySite): readonly PolicyTest[] {
  const { connector, node } = siteTags(name);
  return [connector, node].flatMap((src) =>
    (["TCP", "UDP"] as const).flatMap((protocol) => {
      const accept = egress
        .filter((target) => egressSources(name, target).includes(src))
        .filter(({ dst }) => !dst.startsWith("svc:"))
        .flatMap(({ dst, ports }) =>
          ports.filter((one) => one.protocol === protocol).map(({ port }) => `${dst}:${port}`),
        );
      return accept.length === 0 ? [] : [{ src, proto: protocol.toLowerCase(), accept }];
    }),
  );
}
