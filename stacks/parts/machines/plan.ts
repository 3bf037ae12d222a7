import type { SitePlan } from "../../../components/proxmox/types.ts";
import { shutdownSeconds } from "../../../components/machine.ts";
import type { SiteFile } from "../../open-site.ts";
import type { SiteConfig } from "../../schema.ts";

/** Without storage pods have what systemd gives them, 90 s, and as long again; with it their own time in order, and systemd's. */
const downDelay = ({ storage }: SiteConfig): number =>
  storage === undefined ? 180 : shutdownSeconds.all + 90;

/** What the machines of a site share. */
export function sitePlan({ name, config }: SiteFile): SitePlan {
  const { site, proxmox, cluster, network } = config;
  const { loadBalancers, bgp } = network;
  const routers = (bgp?.peers ?? []).map(({ address }) => address);
  const addresses = { vip: cluster.vip, loadBalancers, routers };
  const dns = site.dns ?? [site.gateway];
  return { name, ...site, dns, ...proxmox, ...addresses, downDelay: downDelay(config) };
}
