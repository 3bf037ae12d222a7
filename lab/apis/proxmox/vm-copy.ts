import { failure } from "./api-error.ts";
import { poolNamed } from "./pools.ts";
import { parseProperties, printProperties } from "./property-string.ts";
import type { Call, Route } from "./route.ts";
import { checkLock, hostNamed, vmidOf, vmOf, type Site } from "./site.ts";
import { diskStorage } from "./storage-types.ts";
import type { StoredVm } from "./store.ts";
import type { TaskLog } from "./tasks.ts";
import { claimVmid, forget } from "./vm-create.ts";
import { birthMarks } from "./vm-config.ts";
import { isCloudInitDrive, moveDisk, realiseDisk, volumeOfDisk } from "./vm-disks.ts";
import { randomMac } from "./vm-network.ts";
import { diskKey, netKey, normaliseOption } from "./vm-options.ts";
import { createVolume, volumeId } from "./volumes.ts";

/** Clone and the move of a disk. */
export function copyRoutes(site: Site): Route[] {
  const path = (action: string): string => `nodes/:node/qemu/:vmid/${action}`;
  return [
    {
      method: "POST",
      path: path("clone"),
      parameters: [
        ...["newid", "full", "name", "description", "pool", "storage", "target", "format"],
        "bwlimit",
      ],
      handle: (call) => clone(site, call),
    },
    {
      method: "POST",
      path: path("move_disk"),
      parameters: ["disk", "storage", "delete", "format", "digest", "bwlimit"],
      handle: (call) => move(site, call),
    },
  ];
}

function clone(site: Site, call: Call): string {
  const source = vmOf(site, call);
  checkLock(source);
  const target = call.parameters.text("target") ?? source.node;
  if (hostNamed(site, target).name !== source.node)
    throw failure(`can't clone VM to node '${target}' (VM uses local storage)`);
  if (!call.parameters.flag("full") && source.config.template !== "1")
    throw failure("Linked clone feature is not supported for a VM that is not a template");
  if (source.startedOnce)
    throw failure(
      `VM ${source.vmid} has run: the lab clones only templates and VMs that never ran`,
    );
  const pool = call.parameters.text("pool");
  if (pool !== undefined) poolNamed(site, pool);
  const storage = call.parameters.text("storage");
  if (storage !== undefined) diskStorage(source.node, storage);

  const vmid = vmidOf(call.parameters.required("newid"), "newid");
  const copy: StoredVm = {
    vmid,
    node: source.node,
    config: {},
    lock: "clone",
    running: false,
    startedOnce: false,
    pool,
  };
  const name = call.parameters.text("name");
  const checkedName =
    name === undefined ? `Copy-of-VM-${source.vmid}` : normaliseOption("name", name);
  claimVmid(site, copy);
  const subject = { node: source.node, type: "qmclone", id: String(source.vmid), user: call.user };
  const work = (log: TaskLog): Promise<void> =>
    site.queues.run(vmid, async () => {
      const config = await copiedConfig(site, source, copy, storage);
      const description = call.parameters.text("description");
      site.store.change(() => {
        Object.assign(copy.config, config, birthMarks(), { name: checkedName });
        if (description !== undefined) copy.config.description = description;
        delete copy.lock;
      });
      log.line(`cloned VM ${source.vmid} to ${vmid}`);
    });
  return site.tasks.start(subject, work, () => {
    forget(site, copy);
  });
}

async function copiedConfig(
  site: Site,
  source: StoredVm,
  copy: StoredVm,
  storage: string | undefined,
): Promise<Record<string, string>> {
  const config: Record<string, string> = {};
  for (const [name, value] of Object.entries(source.config)) {
    if (name === "template" || name.startsWith("unused")) continue;
    if (netKey.test(name))
      config[name] = value.replace(/(?:[0-9A-F]{2}:){5}[0-9A-F]{2}/, randomMac());
    else if (diskKey.test(name)) config[name] = await copiedDisk(site, source, copy, name, storage);
    else config[name] = value;
  }
  return config;
}

async function copiedDisk(
  site: Site,
  source: StoredVm,
  copy: StoredVm,
  name: string,
  storage: string | undefined,
): Promise<string> {
  const volume = volumeOfDisk(site, source, name);
  const value = source.config[name] ?? "";
  if (volume === undefined) return value;
  const place = storage ?? volume.storage;
  if (isCloudInitDrive(volume))
    return realiseDisk(site, copy, name, { kind: "cloudinit", storage: place });
  const { bytes, image } = volume;
  const made = createVolume(site, {
    node: copy.node,
    storage: place,
    vmid: copy.vmid,
    bytes,
    image,
  });
  return printProperties(parseProperties(value, "file").set("file", volumeId(made)), "file");
}

function move(site: Site, call: Call): string {
  const vm = vmOf(site, call);
  checkLock(vm);
  const name = call.parameters.required("disk");
  const volume = volumeOfDisk(site, vm, name);
  if (volume === undefined) throw failure(`disk '${name}' does not exist`);
  const { storage } = diskStorage(vm.node, call.parameters.required("storage"));
  if (storage === volume.storage)
    throw failure("you can't move to the same storage with same format");
  const remove = call.parameters.flag("delete");
  const subject = { node: vm.node, type: "qmmove", id: String(vm.vmid), user: call.user };
  return site.tasks.start(subject, (log) =>
    site.queues.run(vm.vmid, () => {
      log.line(`create full clone of drive ${name} (${volumeId(volume)})`);
      moveDisk(site, vm, name, { storage, remove });
    }),
  );
}
