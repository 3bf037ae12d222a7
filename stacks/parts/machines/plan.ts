import type { SitePlan } from "../../../components/proxmox/types.ts";
import type { SiteFile } from "../../open-site.ts";

/** What the machines of a site share. */
export function sitePlan({ name, config }: SiteFile): SitePlan {
  const { site, proxmox, cluster, network } = config;
  const { loadBalancers, bgp } = network;
  const routers = (bgp?.peers ?? []).map(({ address }) => address);
  const addresses = { vip: cluster.vip, loadBalancers, routers };
  return { name, ...site, dns: site.dns ?? [site.gateway], ...proxmox, ...addresses };
}
