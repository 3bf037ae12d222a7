import { RunError } from "@pulumi/pulumi";
import { ServiceError } from "../http/service-error.ts";
import type { ProxmoxApi } from "./proxmox-api.ts";

/** A guest that the Proxmox cluster has, whoever made it. */
export interface ExistingMachine {
  readonly vmId: number;
  /** Empty when its host has been down for a while: only the host tells it. */
  readonly name: string;
  readonly host: string;
  readonly tags: readonly string[];
  /** Whether it has a process, paused or not, or may have one: `false` once its host says that it is stopped, or is down itself. */
  readonly running?: boolean;
}

/** What a Proxmox cluster has right now. */
export interface Inventory {
  /** Guests of all hosts, also of those that are down: whatever the cluster's file system has a config of. */
  readonly machines: readonly ExistingMachine[];
  /** Hosts that are members of the cluster. */
  readonly hosts: readonly string[];
  /** Those of them that the others do not see. */
  readonly offline: readonly string[];
  /** VM ids that were asked for and that are taken by guests which the token may not see. */
  readonly hidden: readonly number[];
  readonly pools: readonly NamedObject[];
  readonly pciMappings: readonly NamedObject[];
  readonly usbMappings: readonly NamedObject[];
  /** Whether most of the hosts see each other; else the cluster's file system can only be read, and may be old. */
  readonly quorate: boolean;
}

/** An object of the whole cluster, with what its maker says of it. */
export interface NamedObject {
  readonly name: string;
  readonly comment: string;
}

/** A row of GET cluster/resources (PVE/API2/Cluster.pm, PVE/API2Tools.pm), as far as it is read. */
interface ResourceRow {
  readonly type: string;
  readonly node?: string;
  /**
   * Of a guest: QEMU's own word, as `running`, `paused` or `io-error`, or else `stopped` (PVE/Service/pvestatd.pm,
   * update_qemu_status). It is `unknown` once its host has reported nothing for five minutes (pmxcfs/status.c), which is so of a
   * host that is down, and of one that is not while its pvestatd hangs.
   */
  readonly status?: string;
  readonly vmid?: number;
  /** Left out for a guest whose host has said nothing for five minutes: it comes from the host's own reports. */
  readonly name?: string;
  /** Read from the guest's config, so that they are there for guests of dead hosts too. */
  readonly tags?: string;
}

/** What is asked for besides everything that there is. */
export interface InventoryArgs {
  /** For the message of a refusal. */
  readonly endpoint: string;
  /** VM ids that are wanted or known; those which the list lacks are asked for one by one. */
  readonly vmIds: readonly number[];
  /** Whether mappings of PCI and of USB devices matter; reading them is a privilege of its own. */
  readonly pciMappings: boolean;
  readonly usbMappings: boolean;
}

/**
 * Asks the Proxmox cluster what it has. The host that answers needs no other host for it, so that one whose API is dead
 * or hangs hides nothing. Throws a RunError when it does not answer: what cannot be looked at must not be changed.
 */
export async function readInventory(api: ProxmoxApi, args: InventoryArgs): Promise<Inventory> {
  try {
    return await ask(api, args);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    throw new RunError(
      `Proxmox at ${args.endpoint} does not say which machines exist, so nothing was changed: ${error.message}\n` +
        advice(error),
    );
  }
}

function advice({ kind }: ServiceError): string {
  if (kind === "unauthorized" || kind === "refused")
    return "Check the token (PROXMOX_VE_API_TOKEN or homelab:proxmox.apiToken) and its rights (docs/proxmox.md).";
  return (
    "Check the address and the certificate (docs/proxmox.md). If that host is down, any other of the cluster does: " +
    "point homelab:proxmox.endpoint at it."
  );
}

async function ask(api: ProxmoxApi, args: InventoryArgs): Promise<Inventory> {
  const [rows, pools, pciMappings, usbMappings, quorate] = await Promise.all([
    api<readonly ResourceRow[]>("cluster/resources"),
    api<readonly { readonly poolid: string; readonly comment?: string }[]>("pools"),
    args.pciMappings ? mappings(api, "pci") : [],
    args.usbMappings ? mappings(api, "usb") : [],
    isQuorate(api),
  ]);
  const nodes = rows.filter(({ type }) => type === "node");
  const hosts = nodes.flatMap(({ node }) => node ?? []);
  const offline = nodes
    .filter(({ status }) => status === "offline")
    .flatMap(({ node }) => node ?? []);
  const seen = hosts.filter((host) => !offline.includes(host));
  const machines = rows.flatMap((row) => guest(row, seen));
  const unseen = args.vmIds.filter((id) => !machines.some(({ vmId }) => vmId === id));
  const taken = await Promise.all(unseen.map((id) => isTaken(api, id)));
  return {
    machines,
    hosts,
    offline,
    hidden: unseen.filter((_, i) => taken[i]),
    pools: pools.map(({ poolid, comment = "" }) => ({ name: poolid, comment })),
    pciMappings,
    usbMappings,
    quorate,
  };
}

async function mappings(api: ProxmoxApi, kind: "pci" | "usb"): Promise<readonly NamedObject[]> {
  const rows = await api<readonly { readonly id: string; readonly description?: string }[]>(
    `cluster/mapping/${kind}`,
  );
  return rows.map(({ id, description = "" }) => ({ name: id, comment: description }));
}

function guest(
  { type, vmid, name = "", node = "", tags = "", status }: ResourceRow,
  seen: readonly string[],
): ExistingMachine[] {
  if ((type !== "qemu" && type !== "lxc") || vmid === undefined) return [];
  const running = status !== "stopped" && (status !== "unknown" || seen.includes(node));
  return [{ vmId: vmid, name, host: node, tags: tags.split(/[;, ]+/).filter(Boolean), running }];
}

/** The list shows what the token may see; this answer is the same for everybody. */
async function isTaken(api: ProxmoxApi, vmId: number): Promise<boolean> {
  try {
    await api(`cluster/nextid?vmid=${vmId}`);
    return false;
  } catch (error) {
    if (error instanceof ServiceError && /already exists/.test(error.message)) return true;
    throw error;
  }
}

/** A host without a cluster has no quorum to lose. A token that may not ask (403) is told by what fails later. */
async function isQuorate(api: ProxmoxApi): Promise<boolean> {
  try {
    const rows = await api<readonly { type: string; quorate?: number }[]>("cluster/status");
    return Number(rows.find(({ type }) => type === "cluster")?.quorate ?? 1) !== 0;
  } catch (error) {
    if (error instanceof ServiceError && error.status === 403) return true;
    throw error;
  }
}
