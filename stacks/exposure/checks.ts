import { isIn } from "../../components/names/names.ts";
import type { Problem } from "../../components/problem.ts";
import type { Application } from "../apps/application.ts";
import { applications } from "../apps/index.ts";
import { appNames, gatewayOf, type AppName } from "../apps/names.ts";
import { covers, domainsOf, judged } from "../parts/gateway/plans.ts";
import type { SiteConfig } from "../schema.ts";

type Gateway = NonNullable<SiteConfig["gateway"]>;

/** Names of applications have a gateway that serves them, a certificate, and one meaning. Of public ones the edge judges. */
export function checkExposure(config: SiteConfig): readonly Problem[] {
  const all = appNames(config.apps);
  return all.flatMap((name, i) => [
    ...welcome(name),
    ...(name.to === "public" ? [] : served(name, config)),
    ...taken(name, all.slice(0, i)),
  ]);
}

/** What an application shows may be for some alone. */
function welcome({ app, to, path, from }: AppName): readonly Problem[] {
  const all: Readonly<Record<string, Application | undefined>> = applications;
  const audiences = all[app]?.audiences;
  if (audiences === undefined || audiences.includes(to)) return [];
  const text = `${app} is for ${audiences.join(" and ")} alone, for it shows the inside of the site; remove it, or use expose with to: ${audiences.join(" or ")}`;
  return [{ path: from.endsWith(".hostname") ? from : `${path}.to`, text }];
}

function served(name: AppName, config: SiteConfig): readonly Problem[] {
  const { gateway } = config;
  if (gateway === undefined) {
    const text = `${name.hostname} is served by a gateway, and homelab:gateway is switched off; switch it on, or remove the entry`;
    return [{ path: name.from, text }];
  }
  return [
    ...audience(name, config, gateway),
    ...place(name, config, gateway),
    ...doors(name),
    ...routed(name, gateway),
  ];
}

function audience(
  { to, path }: AppName,
  { tailnet }: SiteConfig,
  { internal }: Gateway,
): readonly Problem[] {
  if (to !== "tailnet") return [];
  if (tailnet === undefined) {
    const text = "there is no tailnet that could reach it; add homelab:tailnet, or use to: lan";
    return [{ path: `${path}.to`, text }];
  }
  if (internal.enabled) return [];
  const text =
    "the site has no gateway for the tailnet alone; set homelab:gateway.internal.enabled, or use to: lan, whose gateway the tailnet reaches by its router";
  return [{ path: `${path}.to`, text }];
}

/** A listener has a certificate for it, and split DNS is for the site's domain alone. */
function place(
  { to, hostname, from }: AppName,
  { certificates }: SiteConfig,
  gateway: Gateway,
): readonly Problem[] {
  const { private: domain } = gateway.domains;
  const domains = to === "tailnet" ? [domain] : domainsOf("lan", gateway);
  const label = hostname.split(".")[0] ?? "app";
  const found = domains.filter((one) => hostname.endsWith(`.${one}`));
  if (found.length === 0) {
    const why =
      to === "tailnet" && domainsOf("lan", gateway).some((one) => isIn(one, hostname))
        ? `${domain}, for whose names alone devices of the tailnet ask the site`
        : domains.join(" and ");
    return [
      {
        path: from,
        text: `${hostname} is not below ${why}; use a name such as ${label}.${domain}`,
      },
    ];
  }
  if (judged(gateway, certificates).some((one) => covers(one, hostname))) return [];
  const [nearest = domain] = found;
  const better = `${hostname.slice(0, -nearest.length - 1).replaceAll(".", "-")}.${nearest}`;
  const text = `${hostname} is not covered by a certificate of *.${nearest}; use one label, as ${better}`;
  return [{ path: from, text }];
}

function doors({ to, path, access, withoutAccess }: AppName): readonly Problem[] {
  const text = `Access stands in front of public names, and this one is for ${to}; remove it, or use to: public`;
  return [
    ...(access.length > 0 ? [{ path: `${path}.access`, text }] : []),
    ...(withoutAccess === undefined ? [] : [{ path: `${path}.withoutAccess`, text }]),
  ];
}

/** Of two routes for the same the controller would take the older. */
function routed({ to, hostname, from }: AppName, { routes }: Gateway): readonly Problem[] {
  const rival = Object.entries(routes).find(
    ([, { gateway, kind, hostnames, path = "/" }]) =>
      gateway === gatewayOf(to) && (kind === "tls" || path === "/") && hostnames.includes(hostname),
  );
  if (rival === undefined) return [];
  const text = `${hostname} is homelab:gateway.routes.${rival[0]}'s already; use another name, or remove one of them`;
  return [{ path: from, text }];
}

/** A name leads to one application, wherever it is asked for, and at home to one address. */
function taken(
  { app, to, hostname, from }: AppName,
  before: readonly AppName[],
): readonly Problem[] {
  const others = before.filter((one) => one.hostname === hostname);
  const [other] = others;
  // Of two public names the edge says it.
  if (other === undefined || (to === "public" && others.some((one) => one.to === "public")))
    return [];
  const problem = (text: string): readonly Problem[] => [{ path: from, text }];
  if (other.app !== app)
    return problem(`${hostname} is ${other.app}'s (${other.from}); give each application its own`);
  if (others.some((one) => one.to === to))
    return problem(`${hostname} is for ${to} already (${other.from}); remove the repetition`);
  if (to === "public" || !others.some((one) => one.to !== "public")) return [];
  return problem(
    `${hostname} has one address at home, and lan's gateway is reached by the tailnet too; leave one of lan and tailnet out`,
  );
}
