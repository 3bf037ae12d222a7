import type { Datastores, MachineSpec } from "../machine.ts";
import type { Problem } from "../problem.ts";
import type { ProxmoxApi } from "./proxmox-api.ts";

/** A storage of the Proxmox cluster, as its configuration has it. */
export interface Storage {
  readonly name: string;
  /** Types of content that it takes. */
  readonly content: readonly string[];
  /** Whether all nodes see the same content. */
  readonly shared: boolean;
  /** Nodes that have it; undefined for all. */
  readonly nodes: readonly string[] | undefined;
}

/**
 * The cluster's storages that the token may see (GET storage; pve-storage, API2/Storage/Config.pm). Storages on a network,
 * such as NFS and Ceph, are told as shared whatever their settings say (Storage/Plugin.pm).
 */
export async function readStorages(api: ProxmoxApi): Promise<readonly Storage[]> {
  const rows =
    await api<readonly { storage: string; content?: string; shared?: number; nodes?: string }[]>(
      "storage",
    );
  return rows.map(({ storage, content = "", shared = 0, nodes }) => ({
    name: storage,
    content: content.split(",").filter(Boolean),
    shared: shared === 1,
    nodes: nodes === undefined || nodes === "" ? undefined : nodes.split(","),
  }));
}

/** The datastores whose content all hosts share. */
export function sharedNames(storages: readonly Storage[]): ReadonlySet<string> {
  return new Set(storages.filter(({ shared }) => shared).map(({ name }) => name));
}

/** A machine, as far as its storages matter. */
export type StoredMachine = Pick<MachineSpec, "name" | "host" | "ha" | "extraDisks" | "datastores">;

const contents: Readonly<Record<keyof Datastores, string>> = {
  images: "import",
  snippets: "snippets",
  disks: "images",
};

/** Why the storages cannot carry the machines: what a host does not have, or does not take, or cannot hand over to another. */
export function storageProblems(
  machines: readonly StoredMachine[],
  storages: readonly Storage[],
): readonly Problem[] {
  return machines.flatMap((machine, i) => {
    const path = `homelab:machines[${i}] (${machine.name})`;
    const needs = needed(machine);
    const missing = needs.flatMap((need) => unfit(machine.host, need, storages));
    const texts = missing.length > 0 ? missing : immovable(machine, needs, storages);
    return [...new Set(texts)].map((text) => ({ path, text }));
  });
}

interface Need {
  readonly storage: string;
  readonly content: string;
}

function needed({ datastores, extraDisks }: StoredMachine): readonly Need[] {
  const own = (Object.keys(contents) as (keyof Datastores)[]).map((use) => ({
    storage: datastores[use],
    content: contents[use],
  }));
  return [
    ...own,
    ...extraDisks.map(({ datastore }) => ({ storage: datastore, content: "images" })),
  ];
}

function unfit(host: string, need: Need, storages: readonly Storage[]): readonly string[] {
  const found = storages.find(({ name }) => name === need.storage);
  if (found === undefined) {
    const names = storages.map(({ name }) => name).join(", ");
    return [
      `Proxmox shows no datastore ${need.storage}; it shows ${names || "none"} (what the token may see: docs/proxmox.md)`,
    ];
  }
  if (found.nodes?.includes(host) === false)
    return [`${host} has no datastore ${need.storage}; only ${found.nodes.join(", ")} have it`];
  if (found.content.includes(need.content)) return [];
  return [
    `the datastore ${need.storage} does not take the content type ${need.content}: ` +
      `pvesm set ${need.storage} --content ${[...found.content, need.content].join(",")}`,
  ];
}

/**
 * A machine under HA starts on another host when its own fails, and needs its disks and its cloud-init document there:
 * Proxmox reads the document at every start (qemu-server, QemuServer/Cloudinit.pm).
 */
function immovable(
  { ha }: StoredMachine,
  needs: readonly Need[],
  storages: readonly Storage[],
): readonly string[] {
  if (ha === undefined) return [];
  const shared = sharedNames(storages);
  const local = needs
    .filter(({ storage, content }) => content !== "import" && !shared.has(storage))
    .map(({ storage, content }) => `${storage} (${content === "images" ? "disks" : content})`);
  if (local.length === 0) return [];
  return [
    `is under HA, and no other host has what lies on ${[...new Set(local)].join(", ")}: at a failure it would be moved, ` +
      "fail to start, and stay down when its own host is back; name shared datastores for disks and snippets, or remove ha",
  ];
}
