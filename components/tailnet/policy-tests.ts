import type { PolicyPlan } from "./policy-plan.ts";
import { siteTags } from "./tags.ts";

/** One of the policy's own tests (https://tailscale.com/kb/1337/policy-syntax#tests). */
export interface PolicyTest {
  readonly src: string;
  readonly accept?: readonly string[];
  readonly deny?: readonly string[];
}

/**
 * Tests that Tailscale runs whenever the policy is validated or applied: every admin reaches machines, operators and
 * services; members of other groups, connectors, operators and other sites' machines do not reach a machine's SSH or a
 * site's Kubernetes API. A grant that is too wide, here or in the site file, is so refused.
 */
export function policyTests(plan: PolicyPlan): readonly PolicyTest[] {
  const guarded = plan.sites.flatMap(({ name, service }) => [
    `${siteTags(name).node}:22`,
    ...(service === undefined ? [] : [`${service}:443`]),
  ]);
  const operators = plan.sites.map(({ name }) => `${siteTags(name).operator}:443`);
  return [
    ...plan.admins.map((src) => ({ src, accept: [...guarded, ...operators] })),
    ...strangers(plan).map((src) => ({ src, deny: guarded })),
    ...plan.sites.flatMap(({ name }) => machineTests(plan, name)),
  ];
}

/** One member of each further group who is no admin: grants go to groups, so one stands for all. */
function strangers({ admins, groups }: PolicyPlan): readonly string[] {
  const firsts = Object.values(groups).flatMap(
    (members) => members.find((member) => !admins.includes(member)) ?? [],
  );
  return [...new Set(firsts)];
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
