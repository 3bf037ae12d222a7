import { cores, memoryMiB } from "./machine-definition.ts";
import type { Site } from "./site.ts";
import type { StoredVm } from "./store.ts";
import { dataDisks, volumeOfDisk } from "./vm-disks.ts";

const mib = 1024 ** 2;

/** What the lists and the status of a VM tell. */
export function vmSummary(site: Site, vm: StoredVm): Record<string, string | number> {
  const running = site.hypervisor.running(vm.vmid);
  const root = dataDisks(vm)[0];
  const summary: Record<string, string | number> = {
    vmid: vm.vmid,
    name: vm.config.name ?? `VM ${vm.vmid}`,
    status: running ? "running" : "stopped",
    cpus: cores(vm),
    cpu: 0,
    maxmem: memoryMiB(vm) * mib,
    mem: running ? memoryMiB(vm) * mib : 0,
    maxdisk: root === undefined ? 0 : (volumeOfDisk(site, vm, root)?.bytes ?? 0),
    disk: 0,
    uptime:
      running && vm.startedAt !== undefined ? Math.floor(Date.now() / 1000) - vm.startedAt : 0,
  };
  if (running) summary.pid = 10_000 + vm.vmid;
  if (vm.config.tags !== undefined) summary.tags = vm.config.tags;
  if (vm.config.template === "1") summary.template = 1;
  if (vm.lock !== undefined) summary.lock = vm.lock;
  return summary;
}
