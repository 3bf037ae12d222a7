import { isIn } from "../../../components/names/names.ts";
import {
  addressNumber,
  canonicalCidr,
  cidrRange,
  contains,
  overlap,
} from "../../../components/network/cidr.ts";
import { poolNetworks } from "../../../components/network/pool.ts";
import { guardedNamespaces } from "../../../components/policies/rules.ts";
import type { Problem } from "../../../components/problem.ts";
import { groupName } from "../../../components/tailnet/proxy-plan.ts";
import { appNames, type Apps } from "../../apps/names.ts";
import type { SiteConfig } from "../../schema.ts";
import { policyPlan } from "../../traffic.ts";
import { ledNames } from "../tailnet/proxies-schema.ts";
import type { Egress } from "./schema.ts";

type Entry = Egress[number];

/** What applications may reach is said so that Cilium finds it: a rule that matches nothing would show at home only. */
export function checkPolicies(config: SiteConfig): readonly Problem[] {
  const apps: Apps = config.apps;
  const declared = Object.entries(apps).flatMap(([name, app]) =>
    (app?.egress ?? []).flatMap((entry, i) => {
      const path = `homelab:apps.${name}.egress[${i}]`;
      return [
        ...peers(path, entry),
        ...ports(path, entry),
        ...requests(path, entry),
        ...names(path, entry, config),
        ...networks(path, entry, config),
        ...applications(path, entry, name, Object.keys(apps)),
        ...gateways(path, entry, config),
        ...proxies(path, entry, config),
      ];
    }),
  );
  return [...declared, ...exposures(config)];
}

/** What the proxies of the tailnet's operator lead to. */
function exposures(config: SiteConfig): readonly Problem[] {
  const { networkPolicy, tailnet } = config;
  if (networkPolicy === undefined || networkPolicy.exposed.length === 0) return [];
  const path = "homelab:networkPolicy.exposed";
  if (tailnet === undefined)
    return [
      { path, text: "there is no tailnet to expose to; add homelab:tailnet, or leave it out" },
    ];
  const own = guardedNamespaces(policyPlan(config));
  return networkPolicy.exposed.flatMap(({ namespace }, i) =>
    own.includes(namespace)
      ? []
      : [
          {
            path: `${path}[${i}].namespace`,
            text: `${namespace} is none of the site's own namespaces, and the others are open to the proxies; leave it out`,
          },
        ],
  );
}

function gateways(path: string, entry: Entry, { gateway }: SiteConfig): readonly Problem[] {
  if (entry.gateway === undefined || gateway !== undefined) return [];
  const text = "there is no gateway to reach; add homelab:gateway, or leave the entry out";
  return [{ path: `${path}.gateway`, text }];
}

function proxies(path: string, entry: Entry, { tailnet }: SiteConfig): readonly Problem[] {
  if (entry.tailnet === undefined) return [];
  const problem = (text: string): readonly Problem[] => [{ path: `${path}.tailnet`, text }];
  if (tailnet === undefined)
    return problem("there is no tailnet to reach; add homelab:tailnet, or leave the entry out");
  if (!Object.hasOwn(tailnet.egress, entry.tailnet)) return [];
  return problem(
    `${entry.tailnet} is reached through the group of egress proxies, which carry no name of its own; use tailnet: ${groupName("egress")}`,
  );
}

const kinds = ["names", "networks", "internet", "app", "gateway", "tailnet"] as const;

function peers(path: string, entry: Entry): readonly Problem[] {
  const named = kinds.filter((kind) => entry[kind] !== undefined);
  if (named.length === 1) return [];
  const text =
    named.length === 0
      ? `names nobody; say one of ${kinds.join(", ")}`
      : `names ${named.join(" and ")}; Cilium takes each in a rule of its own, so make an entry of each`;
  return [{ path, text }];
}

function ports(path: string, { app, gateway, tailnet, ports: listed }: Entry): readonly Problem[] {
  if (gateway !== undefined) {
    if (listed === undefined) return [];
    return [
      { path: `${path}.ports`, text: "are those of the gateway's listeners; leave ports out" },
    ];
  }
  if (tailnet !== undefined) {
    if (listed === undefined) return [];
    const text = "are chosen by the tailnet's operator for its proxies; leave ports out";
    return [{ path: `${path}.ports`, text }];
  }
  if (app === undefined && listed === undefined)
    return [
      {
        path: `${path}.ports`,
        text: "is missing; name the ports that are reached, for example [443]",
      },
    ];
  if (app !== undefined && listed !== undefined)
    return [{ path: `${path}.ports`, text: `${app} has its own port; leave ports out` }];
  return [];
}

function requests(
  path: string,
  { http, protocol, gateway, tailnet, ports: listed = [] }: Entry,
): readonly Problem[] {
  if (http === undefined) return [];
  if (gateway !== undefined) {
    const text = "cannot read what is encrypted, as what the gateway takes is; leave http out";
    return [{ path: `${path}.http`, text }];
  }
  if (tailnet !== undefined) {
    const text = "reads requests at ports that are known, and a proxy's are not; leave http out";
    return [{ path: `${path}.http`, text }];
  }
  if (protocol === "UDP")
    return [
      {
        path: `${path}.http`,
        text: "reads requests of HTTP, and the ports are UDP; leave one of them out",
      },
    ];
  if (!listed.includes(443)) return [];
  const text = "cannot read what is encrypted, and 443 is HTTPS; leave http out, or the port";
  return [{ path: `${path}.http`, text }];
}

/** Behind names of the cluster, of the gateway's routes and of the tailnet's hosts there are pods, which a rule by name never matches. */
function names(
  path: string,
  { names: listed = [] }: Entry,
  { network, gateway, apps, tailnet }: SiteConfig,
): readonly Problem[] {
  const { clusterDomain } = network;
  const led = ledNames(tailnet).map(({ hostname }) => hostname);
  const exposed = appNames(apps);
  const routed = Object.values(gateway?.routes ?? {})
    .filter((route) => route.gateway === "lan")
    .flatMap(({ hostnames }) => hostnames);
  return listed.flatMap((name, i) => {
    const at = (to: "lan" | "tailnet"): boolean =>
      exposed.some((one) => one.to === to && one.hostname === name);
    const use =
      isIn(clusterDomain, name) || at("tailnet")
        ? "app"
        : routed.includes(name) || at("lan")
          ? "gateway: true"
          : led.includes(name)
            ? `tailnet: ${groupName("egress")}`
            : undefined;
    if (use === undefined) return [];
    const text = `${name} leads to pods, which rules by name do not match; use ${use}`;
    return [{ path: `${path}.names[${i}]`, text }];
  });
}

/** The shortest prefix of a network that is not meant as the internet. */
const shortest = 8;

function networks(path: string, entry: Entry, config: SiteConfig): readonly Problem[] {
  return (entry.networks ?? []).flatMap(({ cidr, except }, i) => [
    ...network(`${path}.networks[${i}].cidr`, cidr, config),
    ...except.flatMap((part, j) => {
      const inside = contains(cidr, part.split("/")[0] ?? "") && prefix(part) > prefix(cidr);
      if (inside) return [];
      const text = `${part} is not inside of ${cidr}; leave it out, or name a part`;
      return [{ path: `${path}.networks[${i}].except[${j}]`, text }];
    }),
  ]);
}

function network(path: string, cidr: string, config: SiteConfig): readonly Problem[] {
  const problem = (text: string): readonly Problem[] => [{ path, text }];
  if (prefix(cidr) < shortest)
    return problem(`${cidr} is most of the internet, and the site with it; use internet: true`);
  if (canonicalCidr(cidr) !== cidr)
    return problem(`${cidr} has host bits set; use ${canonicalCidr(cidr)}`);
  const { pods, services, loadBalancers } = config.network;
  const own = [
    [pods, "pods, which rules by address do not match; use app"],
    [services, "services, whose addresses are translated before rules see them; use app"],
    ...poolNetworks(loadBalancers).map(
      (pool) =>
        [
          pool,
          "load balancers, whose addresses are translated before rules see them; use app",
        ] as const,
    ),
  ] as const;
  const [, text] = own.find(([mine]) => overlap(mine, cidr)) ?? [];
  if (text !== undefined) return problem(`${cidr} holds addresses of the site's ${text}`);
  const machine = config.machines.find(
    ({ address }) => prefix(cidr) === 32 && cidrRange(cidr).first === addressNumber(address),
  );
  if (machine === undefined) return [];
  return problem(
    `${cidr} is ${machine.name}, a machine of the cluster, which rules by address do not match; nothing on it is for applications`,
  );
}

const prefix = (cidr: string): number => Number(cidr.split("/")[1]);

function applications(
  path: string,
  { app }: Entry,
  own: string,
  known: readonly string[],
): readonly Problem[] {
  if (app === undefined) return [];
  const problem = (text: string): readonly Problem[] => [{ path: `${path}.app`, text }];
  if (app === own) return problem("is the application itself; leave the entry out");
  if (known.includes(app)) return [];
  return problem(`${app} is not in homelab:apps; known are ${known.join(", ")}`);
}
