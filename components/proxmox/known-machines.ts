import { getOrganization, getProject, getStack, runtime } from "@pulumi/pulumi";
import type { DiskSeen } from "./disks.ts";

/** A resource of this stack as its last run left it. */
interface KnownResource {
  readonly type: string;
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** A disk in the state of a VM. */
interface StoredDisk {
  readonly interface: string;
  readonly datastoreId: string;
  readonly pathInDatastore?: string;
  readonly size: number;
  readonly serial?: string;
}

/** What this stack's state has on Proxmox. */
export interface Known {
  readonly machines: readonly KnownMachine[];
  /** Ids of resource pools. */
  readonly pools: readonly string[];
  /** Names of PCI mappings. */
  readonly pciMappings: readonly string[];
}

/** A machine as the state has it. */
export interface KnownMachine {
  readonly vmId: number;
  readonly name: string;
  readonly host: string;
  readonly tags: readonly string[];
  /** In the order of the program's list. */
  readonly disks: readonly DiskSeen[];
}

/**
 * Reads this stack's own state, as the last run that ended or was killed left it; nothing before the first run. The
 * engine answers from its backend (pulumi/pkg resource/deploy/builtins.go): what a refresh of this very run has found
 * is not in it yet.
 */
export async function readKnown(): Promise<Known> {
  const stackName = `${getOrganization()}/${getProject()}/${getStack()}`;
  const { outputs } = (await runtime.invoke("pulumi:pulumi:readStackResourceOutputs", {
    stackName,
  })) as { readonly outputs: Readonly<Record<string, KnownResource>> };
  return knownOf(Object.values(outputs));
}

/** What of a state's resources is on Proxmox. */
export function knownOf(resources: readonly KnownResource[]): Known {
  const of = (type: string): readonly KnownResource["outputs"][] =>
    resources.filter((resource) => resource.type === type).map(({ outputs }) => outputs);
  return {
    machines: of("proxmoxve:index/vmLegacy:VmLegacy").map((vm) => ({
      vmId: Number(vm["vmId"]),
      name: String(vm["name"]),
      host: String(vm["nodeName"]),
      tags: (vm["tags"] ?? []) as readonly string[],
      disks: ((vm["disks"] ?? []) as readonly (StoredDisk | null)[]).flatMap((disk) => {
        // A refresh leaves a gap in the list for a disk that it has not found.
        if (disk === null) return [];
        const { interface: slot, datastoreId, pathInDatastore = "", size, serial = "" } = disk;
        return [{ slot, datastore: datastoreId, volume: pathInDatastore, sizeGiB: size, serial }];
      }),
    })),
    pools: of("proxmoxve:index/poolLegacy:PoolLegacy").map((pool) => String(pool["poolId"])),
    pciMappings: of("proxmoxve:hardware/mapping/pci:Pci").map((pci) => String(pci["name"])),
  };
}
