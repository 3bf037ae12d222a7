/** Whether a Proxmox host may be forgotten, and what of it the state has. */
import type { ProxmoxApi } from "../../components/proxmox/proxmox-api.ts";
import type { SiteConfig } from "../../stacks/schema.ts";
import { plainInput, stringInput, type StateResource } from "../state.ts";

const machine = "proxmoxve:index/vmLegacy:VmLegacy";

/** What of a state lies on a host's own disks, where nobody can be asked any more. */
const onHost = new Set([
  machine,
  "proxmoxve:index/fileLegacy:FileLegacy",
  "proxmoxve:download/file:File",
]);

/**
 * Whether a resource went with a host: a virtual machine, a cloud-init file or an image on it. A machine that is
 * `elsewhere` now, by HA or by hand, did not; and what belongs to the whole cluster, such as a machine's place in HA, can
 * still be deleted.
 */
export function wentWith(
  host: string,
  { elsewhere }: Pick<HostInForce, "elsewhere">,
): (resource: StateResource) => boolean {
  return (resource) =>
    onHost.has(resource.type) &&
    plainInput(resource, "nodeName") === host &&
    !elsewhere.some((vmId) => vmId === plainInput(resource, "vmId"));
}

/** Names of machines that are gone and were not built anew elsewhere. */
export function machinesLost(
  resources: readonly StateResource[],
  isGone: (resource: StateResource) => boolean,
): readonly string[] {
  const machines = resources.filter(({ type }) => type === machine);
  const nameOf = (resource: StateResource): string => stringInput(resource, "name") ?? "";
  const live = machines.filter((resource) => !isGone(resource)).map(nameOf);
  return machines
    .filter(isGone)
    .map(nameOf)
    .filter((name) => !live.includes(name));
}

/** What Proxmox says of a host. */
export interface HostInForce {
  /** Nodes of the cluster: their names, and whether the others see them. */
  readonly members: readonly { readonly node: string; readonly status: string }[];
  /** VM ids of guests that are listed on the host. */
  readonly guests: readonly number[];
  /** VM ids of all other guests. */
  readonly elsewhere: readonly number[];
}

/** Asks the cluster of a host. */
export async function readHost(api: ProxmoxApi, host: string): Promise<HostInForce> {
  const rows =
    await api<readonly { type: string; node?: string; status?: string; vmid?: number }[]>(
      "cluster/resources",
    );
  return {
    members: rows
      .filter(({ type }) => type === "node")
      .map(({ node = "", status = "" }) => ({ node, status })),
    guests: rows.filter(({ node }) => node === host).flatMap(({ vmid }) => vmid ?? []),
    elsewhere: rows.filter(({ node }) => node !== host).flatMap(({ vmid }) => vmid ?? []),
  };
}

/**
 * Why a host cannot be forgotten yet, each with what to do first; empty when nothing stands against it. A host that is
 * still a member may come back, with machines that would then belong to nobody.
 */
export function objections(
  host: string,
  { machines, proxmox }: Pick<SiteConfig, "machines" | "proxmox">,
  { members, guests }: HostInForce,
): readonly string[] {
  const member = members.find(({ node }) => node === host);
  const others = members.map(({ node }) => node).filter((node) => node !== host);
  const other = others[0] ?? "another host";
  const carried = machines.filter((machine) => machine.host === host);
  const address = proxmox.hosts.find(({ name }) => name === host)?.address;
  const endpoint = new URL(proxmox.endpoint).hostname;
  const mapped = (["pciMappings", "usbMappings"] as const).flatMap((list) =>
    proxmox[list]
      .filter(({ devices }) => devices.some((device) => device.host === host))
      .map(({ name }) => ({ list, name })),
  );
  return [
    ...(member === undefined
      ? []
      : [
          member.status === "online"
            ? `${host} is a node of the cluster and online; only a host that is gone for good is forgotten`
            : `${host} is still a node of the cluster; when it never comes back: on ${other}, pvecm delnode ${host}`,
        ]),
    ...(member === undefined && guests.length > 0
      ? [
          `Proxmox still lists ${guests.join(", ")} on ${host}, because its folder is left; on ${other}, ` +
            `rm -r /etc/pve/nodes/${host}`,
        ]
      : []),
    ...carried.map(
      ({ name }) =>
        `homelab:machines still has ${name} on ${host}; remove it, or give it another host`,
    ),
    ...(endpoint === host || (address !== undefined && endpoint === address)
      ? [
          `homelab:proxmox.endpoint is an address of ${host}; point it at another host, such as ${other}`,
        ]
      : []),
    ...(address === undefined ? [] : [`homelab:proxmox.hosts still has ${host}; remove it there`]),
    ...mapped.map(
      ({ list, name }) =>
        `homelab:proxmox.${list} still has a device of ${host} under ${name}; remove it`,
    ),
  ];
}
