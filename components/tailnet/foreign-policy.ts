import ipaddr from "ipaddr.js";
import { readPolicy } from "./policy-document.ts";
import { siteTags } from "./tags.ts";
import { policyOfSite } from "./policy.ts";
import type { PolicyInForce } from "./tailscale-types.ts";

/** What a site needs of a policy that another stack owns. */
export interface PolicyNeeds {
  readonly site: string;
  /** Networks that its connector advertises, in CIDR form. */
  readonly routes: readonly string[];
  readonly exitNode: boolean;
}

interface Policy {
  readonly tagOwners?: Readonly<Record<string, readonly string[] | null>>;
  readonly autoApprovers?: {
    readonly routes?: Readonly<Record<string, readonly string[]>>;
    readonly exitNode?: readonly string[];
  };
}

/**
 * Rejects when the policy in force, which this stack does not own, lacks what this site needs: owners of its tags, approval
 * of its routes and its exit node. The error says what to add where. Asks once; changes nothing.
 */
export async function checkForeignPolicy(
  api: { policy(): Promise<PolicyInForce> },
  needs: PolicyNeeds,
): Promise<void> {
  const { text } = await api.policy();
  const missing = missingIn(readPolicy(text), needs);
  if (missing.length === 0) return;
  const { site, routes, exitNode } = needs;
  throw new Error(
    [
      `homelab:tailnet: the tailnet's policy, which this stack does not own, does not provide for site ${site}:`,
      ...missing.map((line) => `  ${line}`),
      "Where the policy is kept by hand, add this to its file (Access controls in the admin console):",
      ...JSON.stringify(policyOfSite({ name: site, routes, exitNode }), undefined, 2)
        .split("\n")
        .slice(1, -1),
      "Where another stack has homelab:tailnet.policy, add this to its site file, and run its `npm run up` first:",
      "  homelab:tailnet:",
      "    policy:",
      "      sites:",
      `        ${site}: { routes: [${routes.join(", ")}]${exitNode ? "" : ", exitNode: false"} }`,
    ].join("\n"),
  );
}

/** What a policy lacks, one line each; empty when it provides for the site. */
export function missingIn(policy: Policy, needs: PolicyNeeds): readonly string[] {
  const { node, operator, connector } = siteTags(needs.site);
  const owners = policy.tagOwners ?? {};
  const { routes = {}, exitNode = [] } = policy.autoApprovers ?? {};
  const unowned = [node, operator, connector].filter((tag) => !(tag in owners));
  const handed = unowned.includes(connector) || owners[connector]?.includes(operator) === true;
  const unapproved = needs.routes.filter(
    (network) =>
      !Object.entries(routes).some(
        ([covering, approvers]) => approvers.includes(connector) && covers(covering, network),
      ),
  );
  return [
    ...unowned.map((tag) => `tagOwners has no ${tag}`),
    ...(handed ? [] : [`tagOwners does not let ${operator} give ${connector}`]),
    ...unapproved.map(
      (network) => `autoApprovers.routes does not approve ${network} of ${connector}`,
    ),
    ...(needs.exitNode && !exitNode.includes(connector)
      ? [`autoApprovers.exitNode lacks ${connector}`]
      : []),
  ];
}

/** Whether a network contains another; an approval covers every part of its network. */
export function covers(outer: string, inner: string): boolean {
  if (!ipaddr.isValidCIDR(outer)) return false;
  const [network, bits] = ipaddr.parseCIDR(outer);
  const [address, length] = ipaddr.parseCIDR(inner);
  return address.kind() === network.kind() && length >= bits && address.match(network, bits);
}
