import type { Input, Resource } from "@pulumi/pulumi";
import type { ImageSource } from "./proxmox/cloud-image.ts";

/**
 * A machine as the site writes it down. The other three forms are `ExistingMachine` (as Proxmox shows it, in
 * proxmox/inventory.ts), `Machine` (as the program knows it) and `ReachedMachine` (as steps reach it).
 */
export interface MachineSpec {
  /** Name of the VM, its hostname and its Kubernetes node. */
  readonly name: string;
  /** Proxmox node that carries it. */
  readonly host: string;
  readonly vmId: number;
  /** Static IPv4 address on the LAN. */
  readonly address: string;
  /** RKE2 role. */
  readonly role: "server" | "agent";
  /** Whether a server also runs ordinary pods. */
  readonly workloads: boolean;
  readonly cores: number;
  readonly memoryGiB: number;
  /** Root disk. */
  readonly diskGiB: number;
  readonly extraDisks: readonly ExtraDisk[];
  /** Where its image, its cloud-init document and its root disk are kept. */
  readonly datastores: Datastores;
  readonly mac?: string;
  /** Where its way to the LAN differs from the other machines'; VLAN 0 is none. */
  readonly network?: { readonly bridge?: string; readonly vlan?: number; readonly mtu?: number };
  /** Cards beside the one on the LAN; addresses in CIDR form. */
  readonly cards: readonly NetworkCard[];
  /** Further Proxmox tags. */
  readonly tags: readonly string[];
  /** Kubernetes labels of the node. */
  readonly labels: Readonly<Record<string, string>>;
  /** Taints of the node, in kubectl's form with a `=`. */
  readonly taints: readonly string[];
  /** Kubelet flags without dashes, beside those of all nodes. */
  readonly kubeletArgs: Readonly<Record<string, string>>;
  /** What it starts from, in place of the site's image. */
  readonly image?: ImageSource;
  /** Model of the virtual processor, as Proxmox names it. */
  readonly cpuType: string;
  /** Whether it boots by UEFI instead of a BIOS. */
  readonly uefi: boolean;
  /** Names of PCI resource mappings. */
  readonly pci: readonly string[];
  /** Names of USB resource mappings. */
  readonly usb: readonly string[];
  readonly ha?: { readonly maxRestart: number; readonly maxRelocate: number };
}

/** A disk for data. Its content belongs to the slot; the name is written on it as its serial. */
export interface ExtraDisk {
  readonly name: string;
  /** 1 to 30, `scsi1` to `scsi30` at Proxmox. */
  readonly slot: number;
  readonly sizeGiB: number;
  readonly datastore: string;
}

/** Datastores of a Proxmox node, by what is kept there. */
export interface Datastores {
  readonly images: string;
  readonly snippets: string;
  readonly disks: string;
}

/** A network card beside the one on the LAN. */
export interface NetworkCard {
  readonly bridge: string;
  /** 0 is none. */
  readonly vlan?: number;
  /** In CIDR form; without one the machine leaves the card alone. */
  readonly address?: string;
  readonly mtu?: number;
}

/**
 * What a node's pods have to end when its machine shuts down, by their priority and in all: the applications' is what most say that
 * they take. Who shuts it down waits longer, for systemd has 90 s for what is left (systemd-system.conf(5)).
 */
export const shutdownSeconds = {
  applications: 240,
  clusterCritical: 30,
  nodeCritical: 30,
  all: 300,
} as const;

/** Memory in the unit that Proxmox and the machines' scripts count in. */
export function memoryMiB({ memoryGiB }: Pick<MachineSpec, "memoryGiB">): number {
  return memoryGiB * 1024;
}

/** A machine as the program knows it, once Proxmox was asked. */
export interface Machine {
  readonly name: string;
  /** IPv4 address. */
  readonly address: string;
  /** Proxmox node that carries it. */
  readonly host: string;
  readonly role: "server" | "agent";
  /** Changes when the machine is built anew: `gen-` and 8 hex digits. Every step then runs again. */
  readonly generation: string;
  /** Whether its host is down now: the machine and what is done on it are then left as they are. */
  readonly offline: boolean;
  /** Whether it was there, on its host, when the run began. */
  readonly stands: boolean;
}

/** A machine as the run makes or changes it. */
export interface PlannedMachine extends MachineSpec, Machine {
  /** Whether its disks are left alone in this run, because something about them is not the program's. */
  readonly leaveDisks: boolean;
}

/** A machine that is reached over SSH. */
export interface ReachedMachine extends Machine {
  /** Private login key of root, OpenSSH PEM form. */
  readonly privateKey: Input<string>;
  /** Public ed25519 host key, one authorized_keys line; connections with another key are refused. */
  readonly hostKey: Input<string>;
  /** The virtual machine; a step goes with it unless it says otherwise. */
  readonly vm: Resource;
}
