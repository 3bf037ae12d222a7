import type { StopOptions } from "../../machines/machine.ts";
import { failure } from "./api-error.ts";
import { noteHaState } from "./ha.ts";
import { checkMemory, machineDefinition } from "./machine-definition.ts";
import { parseProperties, printProperties } from "./property-string.ts";
import type { Call, Route } from "./route.ts";
import { checkLock, vmOf, type Site } from "./site.ts";
import type { StoredVm } from "./store.ts";
import type { TaskLog } from "./tasks.ts";
import { dataDisks, volumeOfDisk } from "./vm-disks.ts";
import { applyPending } from "./vm-pending.ts";
import { volumeId } from "./volumes.ts";

/** Seconds that a guest gets to shut down where neither the call nor its `startup` names any (_do_vm_stop). */
const shutdownSeconds = 60;

/** @throws 500 when the config is not one that a machine of the lab can run, or memory is short. */
export async function startVm(site: Site, vm: StoredVm, log: TaskLog): Promise<void> {
  if (site.hypervisor.running(vm.vmid)) throw failure(`VM ${vm.vmid} already running`);
  site.store.change(() => {
    applyPending(vm);
  });
  const definition = await machineDefinition(site, vm);
  checkMemory(site, vm);
  if (vm.config.cipassword !== undefined)
    log.warn("cipassword has no effect: machines of the lab take SSH keys only");
  log.line("generating cloud-init ISO");
  await site.hypervisor.start(definition);
  site.store.change(() => {
    vm.running = true;
    vm.startedOnce = true;
    vm.startedAt = Math.floor(Date.now() / 1000);
  });
}

async function stopVm(site: Site, vm: StoredVm, options: StopOptions): Promise<void> {
  if (!(await site.hypervisor.stop(vm.vmid, options)))
    throw failure("VM quit/powerdown failed - got timeout");
  site.store.change(() => {
    applyPending(vm);
    vm.running = false;
    delete vm.startedAt;
  });
}

/** Queues power work on a VM; its answer is the UPID. */
function powerTask(
  site: Site,
  call: Call,
  type: string,
  work: (vm: StoredVm, log: TaskLog) => Promise<void>,
): string {
  const vm = vmOf(site, call);
  const subject = { node: vm.node, type, id: String(vm.vmid), user: call.user };
  return site.tasks.start(subject, (log) => site.queues.run(vm.vmid, () => work(vm, log)));
}

/** Seconds that a guest gets to shut down. */
function patience(site: Site, call: Call): number {
  const { startup = "" } = vmOf(site, call).config;
  const down = Number(parseProperties(startup, "order").get("down") ?? shutdownSeconds);
  return call.parameters.integer("timeout") ?? down;
}

function requireRunning(site: Site, call: Call): void {
  const vm = vmOf(site, call);
  if (!site.hypervisor.running(vm.vmid)) throw failure(`VM ${vm.vmid} not running`);
}

/** Power calls and the conversion to a template. */
export function powerRoutes(site: Site): Route[] {
  const path = (action: string): string => `nodes/:node/qemu/:vmid/status/${action}`;
  return [
    {
      method: "POST",
      path: path("start"),
      parameters: ["timeout"],
      handle: (call) => {
        const vm = vmOf(site, call);
        checkLock(vm);
        if (vm.config.template === "1") throw failure("you can't start a vm if it's a template");
        if (site.hypervisor.running(vm.vmid)) throw failure(`VM ${vm.vmid} already running`);
        noteHaState(site, vm.vmid, "started");
        return powerTask(site, call, "qmstart", (target, log) => startVm(site, target, log));
      },
    },
    {
      method: "POST",
      path: path("stop"),
      parameters: ["timeout", "keepActive", "overrule-shutdown"],
      handle: (call) => {
        checkLock(vmOf(site, call));
        noteHaState(site, vmOf(site, call).vmid, "stopped");
        return powerTask(site, call, "qmstop", (vm) =>
          stopVm(site, vm, { graceful: false, timeoutSeconds: 0, force: true }),
        );
      },
    },
    {
      method: "POST",
      path: path("shutdown"),
      parameters: ["timeout", "forceStop", "keepActive"],
      handle: (call) => {
        checkLock(vmOf(site, call));
        requireRunning(site, call);
        const timeoutSeconds = patience(site, call);
        const force = call.parameters.flag("forceStop");
        noteHaState(site, vmOf(site, call).vmid, "stopped");
        return powerTask(site, call, "qmshutdown", (vm) =>
          stopVm(site, vm, { graceful: true, timeoutSeconds, force }),
        );
      },
    },
    {
      method: "POST",
      path: path("reboot"),
      parameters: ["timeout"],
      handle: (call) => {
        checkLock(vmOf(site, call));
        requireRunning(site, call);
        const timeoutSeconds = patience(site, call);
        return powerTask(site, call, "qmreboot", async (vm, log) => {
          await stopVm(site, vm, { graceful: true, timeoutSeconds, force: false });
          await startVm(site, vm, log);
        });
      },
    },
    {
      method: "POST",
      path: "nodes/:node/qemu/:vmid/template",
      parameters: [],
      handle: (call) => {
        const vm = vmOf(site, call);
        checkLock(vm);
        if (site.hypervisor.running(vm.vmid))
          throw failure("you can't convert a VM to template if VM is running");
        if (vm.config.template === "1") throw failure("you can't convert a template to a template");
        return powerTask(site, call, "qmtemplate", (target) => {
          makeTemplate(site, target);
          return Promise.resolve();
        });
      },
    },
  ];
}

/** Disks of a template are called `base-ID-disk-N`. */
function makeTemplate(site: Site, vm: StoredVm): void {
  site.store.change((state) => {
    for (const name of dataDisks(vm)) {
      const volume = volumeOfDisk(site, vm, name);
      if (volume === undefined) continue;
      const base = { ...volume, name: volume.name.replace(/^vm-/, "base-") };
      state.volumes[state.volumes.indexOf(volume)] = base;
      const properties = parseProperties(vm.config[name] ?? "", "file");
      vm.config[name] = printProperties(properties.set("file", volumeId(base)), "file");
    }
    vm.config.template = "1";
  });
}

/** Starts what was running with `onboot` when the lab ended, in `startup` order. */
export function resumeVms(site: Site, host?: string): void {
  const order = (vm: StoredVm): number =>
    Number(parseProperties(vm.config.startup ?? "", "order").get("order") ?? 1e6);
  const due = Object.values(site.store.state.vms)
    .filter((vm) => host === undefined || vm.node === host)
    .filter((vm) => vm.running && vm.config.onboot === "1" && !site.hypervisor.running(vm.vmid))
    .sort((a, b) => order(a) - order(b) || a.vmid - b.vmid);
  for (const vm of due) {
    const subject = { node: vm.node, type: "qmstart", id: String(vm.vmid), user: "root@pam" };
    site.tasks.start(subject, (log) => site.queues.run(vm.vmid, () => startVm(site, vm, log)));
  }
}
