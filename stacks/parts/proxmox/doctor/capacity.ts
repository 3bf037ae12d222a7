/** Whether hosts and storages carry the site. */
import { wantedDisks } from "../../../../components/proxmox/disks.ts";
import type { SiteConfig } from "../../../schema.ts";
import { reserveGiB } from "../../machines/capacity.ts";
import { ok, problem, warning, type Finding } from "../../../doctor/finding.ts";
import type { ProxmoxApi } from "./api.ts";

/** A node as GET cluster/resources?type=node lists it. */
export interface HostInForce {
  readonly node: string;
  readonly status: string;
  readonly maxcpu: number;
  /** Bytes. */
  readonly maxmem: number;
}

/** A storage as GET nodes/{node}/storage lists it; sizes in bytes. */
export interface StorageInForce {
  readonly storage: string;
  readonly content: string;
  readonly active?: number;
  readonly enabled?: number;
  readonly avail?: number;
  readonly total?: number;
}

const gib = 1024 ** 3;

/** Memory, cores and presence of every host that the config names. */
export function judgeHosts(
  { proxmox, machines }: Pick<SiteConfig, "proxmox" | "machines">,
  hosts: readonly HostInForce[],
): readonly Finding[] {
  return proxmox.hosts.flatMap((wanted): Finding[] => {
    const { name, memoryGiB, cores } = wanted;
    const subject = `host ${name}`;
    const host = hosts.find(({ node }) => node === name);
    if (host === undefined) {
      const known = hosts.map(({ node }) => node).join(", ");
      return [
        problem(
          subject,
          `is no node of this Proxmox cluster; it has ${known || "none"}`,
          "correct homelab:proxmox.hosts",
        ),
      ];
    }
    if (host.status !== "online") {
      return [
        problem(
          subject,
          `is ${host.status}`,
          "switch it on, or look at its corosync (pvecm status)",
        ),
      ];
    }
    const found: Finding[] = [];
    const has = host.maxmem / gib;
    const shown = has.toFixed(1).replace(/\.0$/, "");
    const needs = machines
      .filter((machine) => machine.host === name)
      .reduce((sum, machine) => sum + machine.memoryGiB, 0);
    // What the firmware keeps is less than a twentieth.
    const reserve = reserveGiB(wanted, memoryGiB ?? has);
    if (needs > has) {
      found.push(
        problem(
          subject,
          `has ${shown} GiB of memory, its machines need ${needs} GiB`,
          "give them less memoryGiB, or move one to another host",
        ),
      );
    } else if (needs + reserve > has * 1.05) {
      found.push(
        warning(
          subject,
          `has ${shown} GiB of memory, its machines need ${needs} GiB and its reserve is ${reserve} GiB`,
          "give them less memoryGiB, or homelab:proxmox.hosts less reserveGiB; a node without room ends a machine",
        ),
      );
    }
    if ((memoryGiB ?? 0) > has * 1.05 || (cores ?? 0) > host.maxcpu) {
      found.push(
        warning(
          subject,
          `has ${shown} GiB and ${host.maxcpu} threads, the config says ${memoryGiB ?? "?"} GiB and ${cores ?? "?"}`,
          "correct homelab:proxmox.hosts: the checks of capacity go by it",
        ),
      );
    }
    return found.length > 0 ? found : [ok(subject, `${shown} GiB, ${host.maxcpu} threads`)];
  });
}

/**
 * Content types and room of one host's storages. `missing` are the machines that this host still has to carry: their
 * disks need room.
 */
export function judgeStorages(
  machines: SiteConfig["machines"],
  host: string,
  storages: readonly StorageInForce[],
  missing: SiteConfig["machines"],
): readonly Finding[] {
  const here = machines.filter((machine) => machine.host === host);
  const contents = [...wantedContent(here)].flatMap(([name, wanted]): Finding[] => {
    const subject = `storage ${name} on ${host}`;
    const storage = storages.find((candidate) => candidate.storage === name);
    if (storage === undefined) {
      return [problem(subject, "does not exist", "correct homelab:proxmox.datastores")];
    }
    if (storage.active === 0 || storage.enabled === 0) {
      return [problem(subject, "is not active", `look at pvesm status on ${host}`)];
    }
    const allowed = storage.content.split(",");
    return [...wanted].map((content) => {
      if (allowed.includes(content)) return ok(subject, `takes ${content}`);
      const command = `pvesm set ${name} --content ${[...allowed, content].join(",")}`;
      return problem(subject, `does not allow the content type ${content}`, command);
    });
  });
  const rooms = [...wantedContent(here).keys()].flatMap((name): Finding[] => {
    const storage = storages.find((candidate) => candidate.storage === name);
    if (storage?.avail === undefined || storage.total === undefined) return [];
    const needed = missing.flatMap(wantedDisks).filter(({ datastore }) => datastore === name);
    const gibs = needed.reduce((sum, { sizeGiB }) => sum + sizeGiB, 0);
    return judgeRoom(`storage ${name} on ${host}`, storage.avail, storage.total, gibs);
  });
  return [...contents, ...rooms];
}

/** What machines keep on which storage. */
function wantedContent(machines: SiteConfig["machines"]): ReadonlyMap<string, ReadonlySet<string>> {
  const pairs = machines.flatMap((machine) => [
    [machine.datastores.images, "import"] as const,
    [machine.datastores.snippets, "snippets"] as const,
    ...wantedDisks(machine).map(({ datastore }) => [datastore, "images"] as const),
  ]);
  const byName = Map.groupBy(pairs, ([name]) => name);
  return new Map(
    [...byName].map(([name, all]) => [name, new Set(all.map(([, content]) => content))]),
  );
}

function judgeRoom(subject: string, avail: number, total: number, needed: number): Finding[] {
  const free = Math.floor(avail / gib);
  if (avail < total * 0.05) {
    return [
      problem(
        subject,
        `has ${free} GiB free of ${Math.floor(total / gib)}`,
        "free some, or add a disk",
      ),
    ];
  }
  if (needed > free) {
    return [
      warning(
        subject,
        `has ${free} GiB free, the machines to be made may grow to ${needed} GiB`,
        "thin disks take what is written; add a disk, or give less diskGiB, before it is full",
      ),
    ];
  }
  return [];
}

/** Asks hosts and storages. `missing` are the machines that do not exist yet. */
export async function checkCapacity(
  config: Pick<SiteConfig, "proxmox" | "machines">,
  missing: SiteConfig["machines"],
  api: ProxmoxApi,
): Promise<readonly Finding[]> {
  const hosts = await api<HostInForce[]>("cluster/resources?type=node");
  const online = config.proxmox.hosts.filter(({ name }) =>
    hosts.some(({ node, status }) => node === name && status === "online"),
  );
  const storages = await Promise.all(
    online.map(async ({ name }) => {
      const listed = await api<StorageInForce[]>(`nodes/${name}/storage`);
      const here = missing.filter(({ host }) => host === name);
      return judgeStorages(config.machines, name, listed, here);
    }),
  );
  return [...judgeHosts(config, hosts), ...storages.flat()];
}
