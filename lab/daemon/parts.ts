/** The services that the lab's process puts together, and what it needs of each. */
import type { Download } from "../apis/proxmox/site.ts";
import type { InUse } from "../control/status.ts";
import type { HypervisorOptions } from "../machines/hypervisor.ts";
import type { Hypervisor } from "../machines/machine.ts";
import type { MachineStatus } from "../machines/running-machine.ts";
import type { KeyPair } from "../world/authority.ts";
import type { FaultRegistry } from "../world/fault-registry.ts";
import type { SiteInventory } from "../world/inventory.ts";
import type { InternetOptions, LabInternet } from "./internet.ts";

export type LabHypervisor = Hypervisor & { list(): readonly MachineStatus[] };

export interface MirrorsOptions {
  readonly address: string;
  readonly tls: KeyPair;
  readonly rke2Binary: string;
  /** Program of the stand-ins `tailscale` and `tailscaled`. */
  readonly tailscaleBinary: string;
  readonly cacheDir: string;
  readonly faults: FaultRegistry;
  readonly logFile: string;
  /** The lab's charts, one folder each. */
  readonly chartsSource: string;
  /** Real packaged charts, which win over the lab's. */
  readonly chartsDir?: string;
}

export interface LabMirrors {
  /** Which charts are real and which are the lab's. */
  inUse(): readonly InUse[];
  /** One file as the mirrors serve it, without a connection. */
  download(url: string): Promise<Download>;
  close(): Promise<void>;
}

export interface ProxmoxOptions {
  readonly site: SiteInventory;
  readonly stateDir: string;
  readonly hypervisor: Hypervisor;
  /** `user@realm!token=secret`. */
  readonly apiToken: string;
  readonly tls: KeyPair;
  /** Fetches what a host is told to download. */
  readonly download: LabMirrors["download"];
  readonly faults: FaultRegistry;
  /** Public key that root's sshd on every host accepts. */
  readonly sshAuthorizedKey: string;
  readonly logFile: string;
}

/** A virtual machine that exists on a Proxmox host, running or not. */
export interface ExistingMachine {
  readonly vmid: number;
  readonly name: string;
  readonly host: string;
  readonly running: boolean;
  /** Static address without its prefix length, where the VM has one. */
  readonly address?: string;
}

export interface LabProxmox {
  machines(): readonly ExistingMachine[];
  close(): Promise<void>;
}

/** How the parts are made; tests give their own. */
export interface Parts {
  createHypervisor(options: HypervisorOptions): Promise<LabHypervisor>;
  createMirrors(options: MirrorsOptions): Promise<LabMirrors>;
  createProxmox(options: ProxmoxOptions): Promise<LabProxmox>;
  createInternet(options: InternetOptions): Promise<LabInternet>;
}
