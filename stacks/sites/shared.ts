/** What two sites have in common, as far as their files tell. */
import type { SiteFile } from "../open-site.ts";

/** `-` is whichever tailnet an OAuth client belongs to: it may be any. */
const anyTailnet = "-";

/** Whether two sites may be of one tailnet. */
export function shareTailnet({ config: one }: SiteFile, { config: other }: SiteFile): boolean {
  if (one.tailnet === undefined || other.tailnet === undefined) return false;
  const names = [one.tailnet.tailnet, other.tailnet.tailnet];
  return names.includes(anyTailnet) || names[0] === names[1];
}

/** Whether two sites have machines on one Proxmox cluster: they ask the same address, or a host of one is a host of both. */
export function shareProxmox({ config: one }: SiteFile, { config: other }: SiteFile): boolean {
  const origin = (endpoint: string): string => new URL(endpoint).origin;
  return (
    origin(one.proxmox.endpoint) === origin(other.proxmox.endpoint) ||
    one.proxmox.hosts.some(({ name, address }) =>
      other.proxmox.hosts.some((host) => host.name === name && host.address === address),
    )
  );
}

/** Addresses of routers that both peer with. Sites that nothing joins may have routers of the same address. */
export function sharedRouters(one: SiteFile, other: SiteFile): readonly string[] {
  if (!shareTailnet(one, other) && !shareProxmox(one, other)) return [];
  const addresses = ({ config }: SiteFile): readonly string[] =>
    (config.network.bgp?.peers ?? []).map(({ address }) => address);
  return addresses(one).filter((address) => addresses(other).includes(address));
}

/** Whether the LANs of two sites are one: on one Proxmox, at the same bridge, with the same tag or none. */
export function shareSegment(one: SiteFile, other: SiteFile): boolean {
  const [a, b] = [one.config, other.config];
  return (
    shareProxmox(one, other) && a.proxmox.bridge === b.proxmox.bridge && a.site.vlan === b.site.vlan
  );
}
