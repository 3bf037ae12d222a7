import type { HostInventory, SiteInventory } from "../../world/inventory.ts";
import type { Hypervisor } from "../../machines/machine.ts";
import { part } from "../web/exchange.ts";
import { ApiError, failure, parameterError } from "./api-error.ts";
import type { HostConditions } from "../../world/host-conditions.ts";
import type { LocalFiles } from "./local-files.ts";
import type { Call } from "./route.ts";
import type { Store, StoredVm } from "./store.ts";
import type { Tasks } from "./tasks.ts";
import type { VmQueues } from "./vm-queues.ts";

/** A file fetched for a host. */
export interface Download {
  readonly body: Buffer;
  /** Checksums by algorithm of the real file that the body stands for; the checksum check accepts them. */
  readonly standsFor?: Readonly<Record<string, string>>;
}

/** What every resource of one Proxmox cluster works with. */
export interface Site {
  readonly inventory: SiteInventory;
  readonly store: Store;
  readonly tasks: Tasks;
  readonly hypervisor: Hypervisor;
  readonly files: LocalFiles;
  readonly queues: VmQueues;
  readonly conditions: HostConditions;
  /** SHA-256 fingerprint of the API's certificate, as `AB:CD:...`. */
  readonly fingerprint: string;
  /** Rejects with a text for people when the address does not answer or has no such file. */
  readonly download: (url: string) => Promise<Download>;
}

/** The node of the path. @throws 500 with the text that a real host gives for an unknown name. */
export function nodeOf(site: Site, call: Call): HostInventory {
  return hostNamed(site, part(call, "node"));
}

export function hostNamed(site: Site, name: string): HostInventory {
  const host = site.inventory.hosts.find((candidate) => candidate.name === name);
  if (host !== undefined) return host;
  const cause = `failed to get address info for: ${name}: Name or service not known`;
  throw failure(`hostname lookup '${name}' failed - ${cause}`);
}

/** A VM id of at least 100. @throws 400. */
export function vmidOf(text: string, parameter = "vmid"): number {
  if (!/^[1-9]\d{2,8}$/.test(text))
    throw parameterError({
      [parameter]: `invalid format - value does not look like a valid VM ID: '${text}' (100 or more)`,
    });
  return Number(text);
}

/** The VM of the path. @throws 500 "does not exist" when it is not on that node. */
export function vmOf(site: Site, call: Call): StoredVm {
  const node = nodeOf(site, call).name;
  const vmid = vmidOf(part(call, "vmid"));
  const vm = site.store.state.vms[vmid];
  if (vm?.node === node && !site.conditions.sees(vm.pool))
    throw new ApiError(403, `Permission check failed (/vms/${vmid}, VM.Audit)`);
  if (vm?.node === node) return vm;
  throw failure(`Configuration file 'nodes/${node}/qemu-server/${vmid}.conf' does not exist`);
}

/** @throws 500 when something else works on the VM. */
export function checkLock(vm: StoredVm): void {
  if (vm.lock !== undefined) throw failure(`VM is locked (${vm.lock})`);
}
