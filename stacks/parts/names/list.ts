import {
  viewsOf,
  type NameDomains,
  type SiteName,
  type Views,
} from "../../../components/names/names.ts";
import { serverLabel } from "../../../components/names/zones.ts";
import type { SiteConfig } from "../../schema.ts";

/** Config of a site that has the part. */
export type Named = SiteConfig & { readonly names: NonNullable<SiteConfig["names"]> };

/** Domains that the site's names lie in. */
export function nameDomains({ site, edge }: Pick<SiteConfig, "site" | "edge">): NameDomains {
  return { domain: site.domain, ...(edge === undefined ? {} : { zone: edge.zone }) };
}

/** The list of the site's names: what has an address by the config itself, what is written, and what is published. */
export function siteNames(config: Named): readonly SiteName[] {
  const { site, proxmox, machines, cluster, names, apps } = config;
  const whole = (name: string): string => (name.includes(".") ? name : `${name}.${site.domain}`);
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
    ...Object.entries(names.entries).map(([name, { address, public: open, proxied }]) => ({
      name: whole(name),
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
