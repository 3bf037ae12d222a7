import { ApiError, failure, reasonOf } from "./api-error.ts";
import { poolNamed } from "./pools.ts";
import type { Call, Route } from "./route.ts";
import { checkLock, nodeOf, vmidOf, vmOf, type Site } from "./site.ts";
import type { StoredVm } from "./store.ts";
import type { TaskLog } from "./tasks.ts";
import { furtherDisks } from "./machine-definition.ts";
import { birthMarks, digestOf, parseChange, type ConfigChange } from "./vm-config.ts";
import { forgetReused, noteUnusedVolumes, realiseDisk, volumeOfDisk } from "./vm-disks.ts";
import { configNames } from "./vm-options.ts";
import { changeSettings } from "./vm-pending.ts";
import { startVm } from "./vm-power.ts";
import { removeVolume, volumesOfVm } from "./volumes.ts";

/** Creation and change of a VM's config. */
export function vmConfigRoutes(site: Site): Route[] {
  const changeNames = [...configNames, "delete", "digest", "background_delay"];
  return [
    {
      method: "POST",
      path: "nodes/:node/qemu",
      parameters: [...configNames, "vmid", "pool", "start", "node"],
      handle: (call) => create(site, call),
    },
    {
      method: "PUT",
      path: "nodes/:node/qemu/:vmid/config",
      parameters: changeNames,
      handle: async (call) => {
        const vm = vmOf(site, call);
        await site.queues.run(vm.vmid, () => change(site, vm, call));
        return null;
      },
    },
    {
      // The same as a task: real hosts recommend it for changes that allocate disks.
      method: "POST",
      path: "nodes/:node/qemu/:vmid/config",
      parameters: changeNames,
      handle: (call) => {
        const vm = vmOf(site, call);
        checkLock(vm);
        const subject = { node: vm.node, type: "qmconfig", id: String(vm.vmid), user: call.user };
        return site.tasks.start(subject, () =>
          site.queues.run(vm.vmid, () => change(site, vm, call)),
        );
      },
    },
  ];
}

/** The host's own CD drive belongs to its console (qemu-server, src/PVE/API2/Qemu.pm: check_storage_access). @throws 403. */
function checkDrives({ privileges }: Call, { disks }: ConfigChange): void {
  const own = disks.some(([, request]) => request.kind === "cdrom" && request.file === "cdrom");
  if (own && !privileges.includes("Sys.Console"))
    throw new ApiError(403, "Permission check failed (/, Sys.Console)");
}

/** @throws 500 "already exists" when the id is taken anywhere in the cluster. */
export function claimVmid(site: Site, vm: StoredVm): void {
  const { vmid } = vm;
  if (site.store.state.vms[vmid] !== undefined)
    throw failure(`unable to create VM ${vmid}: config file already exists`);
  site.store.change((state) => (state.vms[vmid] = vm));
}

function create(site: Site, call: Call): string {
  const node = nodeOf(site, call).name;
  const vmid = vmidOf(call.parameters.required("vmid"));
  const wanted = parseChange(call.parameters);
  checkDrives(call, wanted);
  const pool = call.parameters.text("pool");
  if (pool !== undefined) poolNamed(site, pool);
  const start = call.parameters.flag("start");
  const vm: StoredVm = {
    vmid,
    node,
    config: { ...birthMarks(), ...wanted.set },
    lock: "create",
    running: false,
    startedOnce: false,
    pool,
  };
  claimVmid(site, vm);
  const subject = { node, type: "qmcreate", id: String(vmid), user: call.user };
  const work = (log: TaskLog): Promise<void> =>
    site.queues.run(vmid, async () => {
      try {
        await applyDisks(site, vm, wanted);
        log.line(`VM ${vmid} created on node '${node}'`);
      } catch (error) {
        forget(site, vm);
        throw failure(`unable to create VM ${vmid} - ${reasonOf(error)}`);
      }
      site.store.change(() => delete vm.lock);
      if (start) await startVm(site, vm, log);
    });
  return site.tasks.start(subject, work, () => {
    forget(site, vm);
  });
}

/** Removes a VM and its volumes from the cluster's memory. */
export function forget(site: Site, vm: StoredVm): void {
  for (const volume of volumesOfVm(site, vm.vmid)) removeVolume(site, volume);
  site.store.change((state) => {
    delete state.vms[vm.vmid];
  });
}

async function applyDisks(site: Site, vm: StoredVm, wanted: ConfigChange): Promise<void> {
  for (const [name, request] of wanted.disks) {
    const value = await realiseDisk(site, vm, name, request);
    site.store.change(() => (vm.config[name] = value));
  }
}

async function change(site: Site, vm: StoredVm, call: Call): Promise<void> {
  checkLock(vm);
  const wanted = parseChange(call.parameters);
  checkDrives(call, wanted);
  const digest = call.parameters.text("digest");
  if (digest !== undefined && digest !== digestOf(vm))
    throw failure("detected modified configuration - file changed by other user? Try again.");
  for (const name of wanted.remove) removeKey(site, vm, name);
  keepCardAddresses(vm, call, wanted);
  const running = site.hypervisor.running(vm.vmid);
  site.store.change(() => {
    changeSettings(vm, running, wanted.set);
  });
  for (const name of ["description", "tags", "nameserver", "searchdomain"])
    if (call.parameters.text(name) === "") delete vm.config[name];
  await applyDisks(site, vm, wanted);
  site.store.change(() => {
    forgetReused(vm);
  });
  noteUnusedVolumes(site, vm);
  if (running) await site.hypervisor.showDisks(vm.vmid, furtherDisks(site, vm));
}

/** A card that is sent without its address keeps the one it has. */
function keepCardAddresses(vm: StoredVm, call: Call, wanted: ConfigChange): void {
  const pattern = /(?:[0-9A-F]{2}:){5}[0-9A-F]{2}/i;
  for (const name of Object.keys(wanted.set).filter((key) => /^net\d+$/.test(key))) {
    const known = pattern.exec(vm.config[name] ?? "")?.[0];
    if (known === undefined || pattern.test(call.parameters.text(name) ?? "")) continue;
    Object.assign(wanted.set, { [name]: wanted.set[name]?.replace(pattern, known) });
  }
}

function removeKey(site: Site, vm: StoredVm, name: string): void {
  if (vm.config.protection === "1" && /^(scsi|virtio|sata|ide)\d+$/.test(name))
    throw new ApiError(500, `can't remove disk '${name}' - protection mode enabled`);
  const unused = name.startsWith("unused") ? volumeOfDisk(site, vm, name) : undefined;

  const running = site.hypervisor.running(vm.vmid);
  site.store.change(() => {
    changeSettings(vm, running, { [name]: undefined });
  });
  if (unused !== undefined) removeVolume(site, unused);
}
