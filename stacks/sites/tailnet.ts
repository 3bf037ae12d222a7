/** What two sites have in one tailnet: devices, a domain each, and the policy, which one of them owns. */
import { isIn } from "../../components/names/names.ts";
import { connectorDevices } from "../../components/tailnet/connector.ts";
import { missingIn } from "../../components/tailnet/foreign-policy.ts";
import { operatorHostname } from "../../components/tailnet/operator-values.ts";
import { egressGrant } from "../../components/tailnet/egress.ts";
import { tailnetPolicy, type TailnetPolicy } from "../../components/tailnet/policy.ts";
import { groupDevices } from "../../components/tailnet/proxy-plan.ts";
import type { SiteFile } from "../open-site.ts";
import { gatewayDevice } from "../parts/gateway/plans.ts";
import { isNamed, siteNames } from "../parts/names/list.ts";
import { ownNeeds, policyPlan, siteNameservers } from "../parts/tailnet/look.ts";
import type { SiteConfig } from "../schema.ts";
import { bothWays, disjoint, type Claim, type Clash, type Judge } from "./rule.ts";
import { shareTailnet } from "./shared.ts";

type Tailnet = NonNullable<SiteConfig["tailnet"]>;

/** A device whose name is taken gets a number behind it, and nobody finds it. */
export const devices: Judge = disjoint({
  meet: shareTailnet,
  of: ({ name, config: { tailnet, machines, gateway } }) => {
    if (tailnet === undefined) return [];
    const root = "homelab:tailnet";
    const groups = tailnet.proxies?.groups ?? [];
    const claims: readonly Claim[] = [
      ...machines.map((machine, i) => ({
        path: `homelab:machines[${i}].name`,
        value: machine.name,
      })),
      { path: root, value: operatorHostname(name) },
      ...connectorDevices(tailnet.connector).map((value) => ({
        path: `${root}.connector.name`,
        value,
      })),
      ...groups.flatMap((group) => [
        ...groupDevices(name, group).map((value) => ({ path: `${root}.proxies`, value })),
        ...(group.hostname === undefined
          ? []
          : [{ path: `${root}.proxies.apiServer.hostname`, value: group.hostname }]),
      ]),
      ...(gateway?.internal.enabled === true
        ? [{ path: "homelab:gateway.internal", value: gatewayDevice(name) }]
        : []),
    ];
    return claims.map(({ path, value }) => ({ path, value: `the name ${value} in the tailnet` }));
  },
  why: "the later one would be called so with -1 behind it. Give one of them another name",
});

/** A domain has one list of nameservers in a tailnet. */
export const domains: Judge = disjoint({
  meet: shareTailnet,
  of: ({ config }) => [{ path: "homelab:site.domain", value: `the domain ${config.site.domain}` }],
  why: "the tailnet asks the nameservers of one site for a domain. Give one of them another, such as SITE.home.arpa",
});

/** Of two domains of which one lies in the other, the longer one's nameservers are asked. */
export const names: Judge = bothWays((site, other) => {
  const { config } = site;
  const { domain } = other.config.site;
  if (!shareTailnet(site, other)) return [];
  if (!isNamed(config) || domain === config.site.domain || !isIn(config.site.domain, domain))
    return [];
  return siteNames(config)
    .filter(({ name, lan }) => lan !== undefined && isIn(domain, name) && !leads(config, name, lan))
    .map(({ name, from }) => ({
      at: { site: site.name, path: from },
      against: { site: other.name, path: "homelab:site.domain" },
      text: `${name} lies in ${domain}, and devices of the tailnet ask the other site for it; choose a name outside of that domain`,
    }));
});

/** Whether the other site's own name leads where its file says: the LAN, and so the machines, know it by this one alone. */
function leads({ tailnet }: SiteConfig, name: string, address: string): boolean {
  return Object.values(tailnet?.egress ?? {}).some(
    ({ ip, hostnames }) => ip === address && hostnames.includes(name),
  );
}

/** The policy is written whole: of two owners each would take away what the other wrote. */
export const owners: Judge = (one, other) => {
  const path = "homelab:tailnet.policy";
  const owned = [one, other].every(({ config }) => config.tailnet?.policy !== undefined);
  if (!owned || !shareTailnet(one, other)) return [];
  const text =
    "both own the tailnet's policy, and each would write over the other's; keep it in one file, and name the other site under its `sites`. Where they are of two tailnets, name each in homelab:tailnet.tailnet";
  return [{ at: { site: one.name, path }, against: { site: other.name, path }, text }];
};

/** The owner's file says of another site what that site's own file makes. */
export const policy: Judge = bothWays((owner, site) =>
  shareTailnet(owner, site) ? provided(owner, site) : withoutTailnet(owner, site),
);

/** What an owner says of a site that is in no tailnet, or in another one. */
function withoutTailnet(owner: SiteFile, site: SiteFile): readonly Clash[] {
  if (!Object.hasOwn(owner.config.tailnet?.policy?.sites ?? {}, site.name)) return [];
  return [
    {
      at: { site: owner.name, path: pathOf(site.name) },
      against: { site: site.name, path: "homelab:tailnet" },
      text: "the policy provides for a site that is not in this tailnet; remove the entry, or add the site to the tailnet",
    },
  ];
}

const pathOf = (site: string): string => `homelab:tailnet.policy.sites.${site}`;

/** What the policy of an owner lacks for another site, and has too much. */
function provided(owner: SiteFile, site: SiteFile): readonly Clash[] {
  const { tailnet } = owner.config;
  const { tailnet: theirs } = site.config;
  if (tailnet?.policy === undefined || theirs === undefined || theirs.policy !== undefined)
    return [];
  const needs = { site: site.name, ...ownNeeds(site.config, theirs) };
  const inForce = tailnetPolicy(policyPlan(owner.name, owner.config, tailnet, tailnet.policy));
  const written = tailnet.policy.sites[site.name];
  const found = [
    ...lacking(inForce, needs, written === undefined),
    ...ungranted(inForce, needs),
    ...(written === undefined ? [] : superfluous(written, needs, site.config, theirs)),
  ];
  return found.map(({ path, against, text }) => ({
    at: { site: owner.name, path },
    against: { site: site.name, path: against },
    text,
  }));
}

type Needs = ReturnType<typeof ownNeeds> & { readonly site: string };

/** Something that an owner's file says of a site, and where that site's file says otherwise. */
interface Differing {
  readonly path: string;
  readonly against: string;
  readonly text: string;
}

/** Owners of the site's tags, and approvals: what its entry under `sites` makes. */
function lacking(policy: TailnetPolicy, needs: Needs, unknown: boolean): readonly Differing[] {
  const { site, routes, exitNode, services } = needs;
  const entry = [
    `routes: [${routes.join(", ")}]`,
    ...(exitNode ? [] : ["exitNode: false"]),
    ...(services ? ["services: true"] : []),
  ];
  const remedy = `write ${site}: { ${entry.join(", ")} }`;
  const missing = missingIn(policy, { ...needs, egress: [] });
  const texts = unknown && missing.length > 0 ? ["the policy does not know the site"] : missing;
  return texts.map((text) => ({
    path: pathOf(site),
    against: "homelab:tailnet",
    text: `${text}; ${remedy}`,
  }));
}

/** Hosts that the site's proxies lead to, or its machines go to, and may not reach. */
function ungranted(policy: TailnetPolicy, { site, egress }: Needs): readonly Differing[] {
  return egress.flatMap((target) => {
    const missing = missingIn(policy, { site, routes: [], exitNode: false, egress: [target] });
    return missing
      .filter((line) => line.startsWith("grants"))
      .map((line) => ({
        path: "homelab:tailnet.policy.grants",
        against: "homelab:tailnet.egress",
        text: `${line}; add ${JSON.stringify(egressGrant(site, target))}`,
      }));
  });
}

/** What the policy approves although the site does not offer it: a device with the site's tag might. */
function superfluous(
  written: NonNullable<Tailnet["policy"]>["sites"][string],
  needs: Needs,
  config: SiteConfig,
  tailnet: Tailnet,
): readonly Differing[] {
  const root = pathOf(needs.site);
  const nameservers = siteNameservers(config, tailnet);
  const unoffered = written.routes.flatMap((cidr, i) =>
    needs.routes.includes(cidr) ? [] : [{ cidr, path: `${root}.routes[${i}]` }],
  );
  const unasked = written.nameservers.flatMap((address, i) =>
    nameservers.includes(address) ? [] : [{ address, path: `${root}.nameservers[${i}]` }],
  );
  return [
    ...unoffered.map(({ cidr, path }) => ({
      path,
      against: "homelab:tailnet.connector.routes",
      text: `${cidr} is approved, and the Connector leads to ${needs.routes.join(", ")}; write these`,
    })),
    ...unasked.map(({ address, path }) => ({
      path,
      against: "homelab:tailnet.splitDns",
      text: `${address} may be asked, and the tailnet asks ${nameservers.join(", ")} for the site's domain; write these`,
    })),
    ...(written.exitNode && !needs.exitNode
      ? [
          {
            path: `${root}.exitNode`,
            against: "homelab:tailnet.connector.exitNode",
            text: "an exit node is approved that the site does not offer; write exitNode: false",
          },
        ]
      : []),
    ...(written.services && !needs.services
      ? [
          {
            path: `${root}.services`,
            against: "homelab:tailnet.proxies",
            text: "Services of Tailscale's are approved that the site does not publish; remove it",
          },
        ]
      : []),
  ];
}
