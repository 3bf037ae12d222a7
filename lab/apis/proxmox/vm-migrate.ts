import { failure, parameterError } from "./api-error.ts";
import { devicesStay } from "./devices.ts";
import { parseProperties } from "./property-string.ts";
import type { Call, Route } from "./route.ts";
import { checkLock, hostNamed, vmOf, type Site } from "./site.ts";
import { diskStorage, storageNamed, storageOn } from "./storage-types.ts";
import type { StoredVm } from "./store.ts";
import type { TaskLog } from "./tasks.ts";
import { isCloudInitDrive, volumeOfDisk } from "./vm-disks.ts";
import { diskKey } from "./vm-options.ts";
import { volumesOfVm } from "./volumes.ts";

/**
 * Migration to another node of the cluster (qemu-server, src/PVE/API2/Qemu.pm: migrate_vm). What lies on a storage that
 * all nodes share stays there; the rest goes along, and keeps its names here.
 */
export function migrateRoutes(site: Site): Route[] {
  return [
    {
      method: "POST",
      path: "nodes/:node/qemu/:vmid/migrate",
      parameters: ["target", "online", "with-local-disks", "targetstorage", "bwlimit"],
      handle: (call) => migrate(site, call),
    },
  ];
}

function migrate(site: Site, call: Call): string {
  const vm = vmOf(site, call);
  const target = hostNamed(site, call.parameters.required("target")).name;
  if (target === vm.node) throw parameterError({ target: "target is local node." });
  checkLock(vm);
  const running = site.hypervisor.running(vm.vmid);
  if (running && !call.parameters.flag("online"))
    throw failure("can't migrate running VM without --online");
  const storage = call.parameters.text("targetstorage");
  if (storage !== undefined && storage !== "1") diskStorage(target, storage);
  else for (const volume of volumesOfVm(site, vm.vmid)) storageOn(target, volume.storage);
  const copiesDisks = !running || call.parameters.flag("with-local-disks");
  site.store.change(() => (vm.lock = "migrate"));
  const unlock = (): void => {
    site.store.change(() => delete vm.lock);
  };
  const subject = { node: vm.node, type: "qmigrate", id: String(vm.vmid), user: call.user };
  const work = (log: TaskLog): Promise<void> =>
    site.queues.run(vm.vmid, () => {
      log.line(`starting migration of VM ${vm.vmid} to node '${target}'`);
      try {
        const obstacles = obstaclesTo(site, vm, { target, copiesDisks });
        if (obstacles.length > 0) abort(log, obstacles);
        move(site, vm, target);
      } finally {
        unlock();
      }
    });
  return site.tasks.start(subject, work, unlock);
}

/** @throws 500 as the task of a real host ends, whose log has said why (pve-guest-common, AbstractMigrate.pm: migrate). */
function abort(log: TaskLog, obstacles: readonly string[]): never {
  for (const text of obstacles) log.line(text);
  log.line("ERROR: migration aborted");
  throw failure("migration aborted");
}

interface Way {
  readonly target: string;
  /** Whether disks of storages that nodes do not share go along: always with a VM that is off. */
  readonly copiesDisks: boolean;
}

/** Why what the config names cannot be on the other node (src/PVE/QemuMigrate.pm: prepare, scan_local_volumes). */
function obstaclesTo(site: Site, vm: StoredVm, way: Way): readonly string[] {
  const devices = devicesStay(site, vm, way.target);
  if (devices !== undefined) return [devices];
  return Object.keys(vm.config)
    .filter((name) => diskKey.test(name))
    .flatMap((name) => driveStays(site, vm, name, way) ?? []);
}

/** The host's own CD stays, whether the VM runs or not, also where that host has no such drive. */
function driveStays(
  site: Site,
  vm: StoredVm,
  name: string,
  { copiesDisks }: Way,
): string | undefined {
  const properties = parseProperties(vm.config[name] ?? "", "file");
  const file = properties.get("file") ?? "";
  if (file === "cdrom") return "can't migrate local cdrom drive";
  if (file === "none" || storageNamed(file.split(":", 1)[0] ?? "").shared) return undefined;
  const volume = volumeOfDisk(site, vm, name);
  if (volume !== undefined && isCloudInitDrive(volume)) return undefined;
  const cannot = (reason: string): string => `can't migrate local disk '${file}': ${reason}`;
  if (properties.get("media") === "cdrom") return cannot("local cdrom image");
  return copiesDisks
    ? undefined
    : cannot("can't live migrate attached local disks without with-local-disks option");
}

function move(site: Site, vm: StoredVm, target: string): void {
  site.store.change((state) => {
    state.volumes = state.volumes.map((volume) =>
      volume.vmid === vm.vmid ? { ...volume, node: target } : volume,
    );
    vm.node = target;
  });
}
