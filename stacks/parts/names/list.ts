import {
  isIn,
  viewsOf,
  type NameDomains,
  type SiteName,
  type Views,
} from "../../../components/names/names.ts";
import { serverLabel } from "../../../components/names/zones.ts";
import type { SiteConfig } from "../../schema.ts";
import { appNames, gatewayOf, publicAppNames } from "../../apps/names.ts";
import { outsideNames } from "../kafka/outside.ts";
import { publicRoutes } from "../gateway/published.ts";
import { teslaSiteNames } from "../tesla/names.ts";

/** Config of a site that has the part. */
export type Named = SiteConfig & { readonly names: NonNullable<SiteConfig["names"]> };

/** Domains that the site's names lie in. */
export function nameDomains({ site, edge }: Pick<SiteConfig, "site" | "edge">): NameDomains {
  return { domain: site.domain, ...(edge === undefined ? {} : { zone: edge.zone }) };
}

/**
 * The list of the site's names: what has an address by the config itself, what is written, what is published, and what the
 * gateways at home have routes for. A name that the internet alone has otherwise leads to the gateway at home.
 */
export function siteNames(config: Named): readonly SiteName[] {
  const list = namesBesideRoutes(config);
  const open = new Map(
    list.filter(({ lan }) => lan === undefined).map((one) => [one.name, one] as const),
  );
  const routed = routedNames(config);
  const home = new Map(routed.map(({ name, lan }) => [name, { lan }]));
  return [
    ...list.map((one) => (open.has(one.name) ? { ...one, ...home.get(one.name) } : one)),
    ...routed.filter(({ name }) => !open.has(name)),
  ];
}

/**
 * Names that clients of the gateways at home ask for, each once: several routes may share one by their paths. The tailnet
 * gives the gateway `internal` its address; names there have none before it is written.
 */
function routedNames({ gateway, apps, ...config }: Named): readonly (SiteName & { lan: string })[] {
  if (gateway === undefined) return [];
  const { domain, zone = domain } = nameDomains(config);
  const routes = Object.entries(gateway.routes).flatMap(([route, { gateway: at, hostnames }]) =>
    hostnames.map((name, i) => ({
      ...{ at, name },
      from: `homelab:gateway.routes.${route}.hostnames[${i}]`,
    })),
  );
  const exposed = appNames(apps).map(({ to, hostname: name, from }) => ({
    ...{ at: gatewayOf(to) ?? ("public" as const), name, from },
  }));
  const kafka = outsideNames({ ...config, gateway }).map(({ name, gateway: at, from }) => ({
    ...{ at, name, from },
  }));
  const known = [...routes, ...exposed, ...kafka].flatMap(({ at, name, from }) => {
    const lan = at === "public" ? undefined : gateway[at].address;
    // Devices of the tailnet ask for the site's domain alone; what is outside of all is the gateway's to refuse.
    const domains = at === "lan" ? [domain, zone] : [domain];
    return lan !== undefined && domains.some((one) => isIn(one, name)) ? [{ name, lan, from }] : [];
  });
  return known.filter(({ name }, i) => known.findIndex((one) => one.name === name) === i);
}

/** A name of `names.entries`: one word is in the site's domain. */
export function wholeName({ site }: Pick<SiteConfig, "site">, name: string): string {
  return name.includes(".") ? name : `${name}.${site.domain}`;
}

function namesBesideRoutes(config: Named): readonly SiteName[] {
  const { site, proxmox, machines, cluster, names, apps } = config;
  const published = publicAppNames(apps);
  const own = (label: string, lan: string, from: string): SiteName => ({
    name: `${label.toLowerCase()}.${site.domain}`,
    lan,
    from,
  });
  return [
    own("gateway", site.gateway, "homelab:site.gateway"),
    ...proxmox.hosts.map(({ name, address }, i) =>
      own(name, address, `homelab:proxmox.hosts[${i}]`),
    ),
    ...machines.map(({ name, address }, i) => own(name, address, `homelab:machines[${i}]`)),
    own("api", cluster.vip, "homelab:cluster.vip"),
    own(serverLabel, names.address, "homelab:names.address"),
    ...published.map(({ hostname, from }): SiteName => ({
      name: hostname,
      public: "tunnel",
      from,
    })),
    // One that an application has is the edge's to refuse.
    ...publicRoutes(config)
      .filter(({ hostname }) => !published.some((one) => one.hostname === hostname))
      .map(({ hostname, from }): SiteName => ({ name: hostname, public: "tunnel", from })),
    ...teslaSiteNames(config),
    ...Object.entries(names.entries).map(([name, { address, public: open, proxied }]) => ({
      name: wholeName(config, name),
      from: `homelab:names.entries.${name}`,
      ...(address === undefined ? {} : { lan: address }),
      ...(open === undefined ? {} : { public: { address: open, proxied } }),
    })),
  ];
}

/** What each side sees of the site's names. */
export function siteViews(config: Named): Views {
  return viewsOf(siteNames(config), nameDomains(config));
}

/** Whether a site has the part. */
export function isNamed(config: SiteConfig): config is Named {
  return config.names !== undefined;
}
