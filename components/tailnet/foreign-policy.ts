import { isIPv4 } from "node:net";
import ipaddr from "ipaddr.js";
import { readPolicy } from "./policy-document.ts";
import { egressSources, grantPorts, type EgressTarget } from "./egress.ts";
import { siteTags } from "./tags.ts";
import { policyOfSite } from "./policy.ts";
import type { PolicyInForce } from "./tailscale-types.ts";

/** What a site needs of a policy that another stack owns. */
export interface PolicyNeeds {
  readonly site: string;
  /** Networks that its connector advertises, in CIDR form. */
  readonly routes: readonly string[];
  readonly exitNode: boolean;
  /** Whether its proxies publish Services of Tailscale's. */
  readonly services?: boolean;
  /** What its proxies lead pods to. */
  readonly egress?: readonly EgressTarget[];
}

interface Policy {
  readonly tagOwners?: Readonly<Record<string, readonly string[] | null>>;
  readonly autoApprovers?: {
    readonly routes?: Readonly<Record<string, readonly string[]>>;
    readonly exitNode?: readonly string[];
    readonly services?: Readonly<Record<string, readonly string[]>>;
  };
  readonly hosts?: Readonly<Record<string, string>>;
  readonly grants?: readonly Readonly<Record<string, unknown>>[];
  readonly acls?: readonly (Readonly<Record<string, unknown>> & { readonly proto?: string })[];
}

/**
 * Rejects when the policy in force, which this stack does not own, lacks what this site needs: owners of its tags, approval
 * of its routes, its exit node and its Services, and grants for what its proxies are to reach. The error says what to add
 * where. Asks once; changes nothing.
 */
export async function checkForeignPolicy(
  api: { policy(): Promise<PolicyInForce> },
  needs: PolicyNeeds,
): Promise<void> {
  const { text } = await api.policy();
  const missing = missingIn(readPolicy(text), needs);
  if (missing.length === 0) return;
  const { site, routes, exitNode, services = false, egress = [] } = needs;
  const { grants = [] } = policyOfSite({ name: site, ...needs });
  const further = [
    ...(exitNode ? [] : ["exitNode: false"]),
    ...(services ? ["services: true"] : []),
  ];
  throw new Error(
    [
      `homelab:tailnet: the tailnet's policy, which this stack does not own, does not provide for site ${site}:`,
      ...missing.map((line) => `  ${line}`),
      "Where the policy is kept by hand, add this to its file (Access controls in the admin console):",
      ...JSON.stringify(policyOfSite({ name: site, ...needs }), undefined, 2)
        .split("\n")
        .slice(1, -1),
      "Where another stack has homelab:tailnet.policy, add this to its site file, and run its `npm run up` first:",
      "  homelab:tailnet:",
      "    policy:",
      "      sites:",
      `        ${site}: { ${[`routes: [${routes.join(", ")}]`, ...further].join(", ")} }`,
      ...(egress.length === 0 ? [] : ["      grants:"]),
      ...grants.map((grant) => `        - ${JSON.stringify(grant)}`),
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
    ...(needs.services === true &&
    policy.autoApprovers?.services?.[connector]?.includes(connector) !== true
      ? [`autoApprovers.services does not approve Services with ${connector} of devices with it`]
      : []),
    ...(needs.egress ?? []).flatMap((target) =>
      egressSources(needs.site, target).flatMap((tag) => unreached(policy, tag, target)),
    ),
  ];
}

/**
 * Ports of a host that neither a grant nor a rule of the older form opens to a tag. What a policy calls by a name of its own
 * may be that host, and counts.
 */
function unreached(
  { hosts = {}, grants = [], acls = [] }: Policy,
  tag: string,
  { dst, ports }: EgressTarget,
): readonly string[] {
  const names = (entry: Readonly<Record<string, unknown>>, key: string): readonly string[] =>
    Array.isArray(entry[key]) ? entry[key].map(String) : [];
  const from = (entry: Readonly<Record<string, unknown>>): boolean =>
    names(entry, "src").some((src) => [tag, "*", "autogroup:tagged"].includes(src));
  const holds = (host: string): boolean =>
    host === dst ||
    host === "*" ||
    /^(autogroup|ipset|host):/.test(host) ||
    Object.hasOwn(hosts, host) ||
    (isIPv4(dst) && (isIPv4(host) ? host === dst : covers(host, `${dst}/32`)));
  return grantPorts(ports).flatMap((port) => {
    const opens = (text: string): boolean => includesPort(text, port);
    const granted = grants.some(
      (grant) => from(grant) && names(grant, "dst").some(holds) && names(grant, "ip").some(opens),
    );
    const ruled = acls.some(
      (rule) =>
        from(rule) &&
        (rule.proto === undefined || port.startsWith(`${rule.proto}:`)) &&
        names(rule, "dst").some((text) => {
          const at = text.lastIndexOf(":");
          return (
            holds(text.slice(0, at)) &&
            text
              .slice(at + 1)
              .split(",")
              .some(opens)
          );
        }),
    );
    return granted || ruled ? [] : [`grants do not let ${tag} reach ${dst} at ${port}`];
  });
}

/** Whether `tcp:445`, `445`, `400-500` or `*` of a policy opens a port such as `tcp:445`. */
function includesPort(text: string, port: string): boolean {
  const [protocol = "", number = ""] = port.split(":");
  const parts = text.split(":");
  const range = parts.at(-1) ?? "";
  if (parts.length > 1 && parts[0] !== protocol) return false;
  if (range === "*") return true;
  const [first = "", last = first] = range.split("-");
  return Number(first) <= Number(number) && Number(number) <= Number(last);
}

/** Whether a network contains another; an approval covers every part of its network. */
export function covers(outer: string, inner: string): boolean {
  if (!ipaddr.isValidCIDR(outer)) return false;
  const [network, bits] = ipaddr.parseCIDR(outer);
  const [address, length] = ipaddr.parseCIDR(inner);
  return address.kind() === network.kind() && length >= bits && address.match(network, bits);
}
