import {
  isIn,
  viewsOf,
  type NameDomains,
  type SiteName,
  type Views,
} from "../../../components/names/names.ts";
import { serverLabel } from "../../../components/names/zones.ts";
import type { SiteConfig } from "../../schema.ts";
import { publicRoutes } from "../gateway/published.ts";

/** Config of a site that has the part. */
export type Named = SiteConfig & { readonly names: NonNullable<SiteConfig["names"]> };

/** Domains that the site's names lie in. */
export function nameDomains({ site, edge }: Pick<SiteConfig, "site" | "edge">): NameDomains {
  return { domain: site.domain, ...(edge === undefined ? {} : { zone: edge.zone }) };
}

/**
 * The list of the site's names: what has an address by the config itself, what is written, what is published, and what the
 * gateway of the LAN has routes for. A name that the internet alone has otherwise leads to the gateway at home.
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

/** Names that a client of the LAN's gateway asks for, each once: several routes may share one by their paths. */
function routedNames({ gateway, ...config }: Named): readonly (SiteName & { lan: string })[] {
  if (gateway === undefined) return [];
  const { domain, zone = domain } = nameDomains(config);
  const all = Object.entries(gateway.routes).flatMap(([route, { gateway: of, hostnames }]) =>
    hostnames.map((name, i) => ({
      ...{ of, name, lan: gateway.lan.address },
      from: `homelab:gateway.routes.${route}.hostnames[${i}]`,
    })),
  );
  // One outside of the site's domains is the gateway's to refuse.
  const known = all.filter(
    ({ of, name }) => of === "lan" && [domain, zone].some((one) => isIn(one, name)),
  );
  return known
    .filter(({ name }, i) => known.findIndex((one) => one.name === name) === i)
    .map(({ name, lan, from }) => ({ name, lan, from }));
}

/** A name of `names.entries`: one word is in the site's domain. */
export function wholeName({ site }: Pick<SiteConfig, "site">, name: string): string {
  return name.includes(".") ? name : `${name}.${site.domain}`;
}

function namesBesideRoutes(config: Named): readonly SiteName[] {
  const { site, proxmox, machines, cluster, names, apps } = config;
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
    ...Object.entries(apps).flatMap(([app, { hostname }]): readonly SiteName[] =>
      hostname === undefined
        ? []
        : [{ name: hostname, public: "tunnel", from: `homelab:apps.${app}.hostname` }],
    ),
    // One that an application has is the edge's to refuse.
    ...publicRoutes(config)
      .filter(({ hostname }) => !Object.values(apps).some((app) => app.hostname === hostname))
      .map(({ hostname, from }): SiteName => ({ name: hostname, public: "tunnel", from })),
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
