import { part } from "../web/exchange.ts";
import { failure, parameterError } from "./api-error.ts";
import { userDataOf } from "./cloud-init.ts";
import { rootDisk } from "./machine-definition.ts";
import { parseSize } from "./property-string.ts";
import type { Call, Route } from "./route.ts";
import { checkLock, nodeOf, vmOf, type Site } from "./site.ts";
import { agentEnabled, agentRoutes } from "./vm-agent.ts";
import { answerConfig } from "./vm-config.ts";
import { copyRoutes } from "./vm-copy.ts";
import { vmConfigRoutes } from "./vm-create.ts";
import { destroyRoutes } from "./vm-destroy.ts";
import { resizeDisk, volumeOfDisk } from "./vm-disks.ts";
import { migrateRoutes } from "./vm-migrate.ts";
import { answerPending } from "./vm-pending.ts";
import { powerRoutes } from "./vm-power.ts";
import { vmSummary } from "./vm-summary.ts";

/** Everything below `nodes/N/qemu`. */
export function vmRoutes(site: Site): Route[] {
  return [
    {
      method: "GET",
      path: "nodes/:node/qemu",
      parameters: ["full"],
      handle: (call) => {
        const node = nodeOf(site, call).name;
        return Object.values(site.store.state.vms)
          .filter((vm) => vm.node === node && site.conditions.sees(vm.pool))
          .map((vm) => vmSummary(site, vm));
      },
    },
    {
      method: "GET",
      path: "nodes/:node/qemu/:vmid/config",
      parameters: ["current"],
      handle: (call) => answerConfig(vmOf(site, call), call.parameters.flag("current")),
    },
    {
      method: "GET",
      path: "nodes/:node/qemu/:vmid/pending",
      parameters: [],
      handle: (call) => answerPending(vmOf(site, call)),
    },
    {
      method: "GET",
      path: "nodes/:node/qemu/:vmid/status/current",
      parameters: [],
      handle: (call) => {
        const vm = vmOf(site, call);
        const summary = vmSummary(site, vm);
        return {
          ...summary,
          qmpstatus: summary.status,
          ha: { managed: site.store.state.haResources[`vm:${vm.vmid}`] === undefined ? 0 : 1 },
          ...(agentEnabled(vm) ? { agent: 1 } : {}),
        };
      },
    },
    {
      method: "PUT",
      path: "nodes/:node/qemu/:vmid/resize",
      parameters: ["disk", "size", "digest"],
      handle: (call) => resize(site, call),
    },
    {
      method: "GET",
      path: "nodes/:node/qemu/:vmid/cloudinit/dump",
      parameters: ["type"],
      handle: async (call) => {
        if (call.parameters.required("type") !== "user")
          throw failure("the lab dumps cloud-init data of type 'user' only");
        return userDataOf(site, vmOf(site, call));
      },
    },
    {
      method: "PUT",
      path: "nodes/:node/qemu/:vmid/cloudinit",
      parameters: [],
      handle: (call) => {
        const vm = vmOf(site, call);
        checkLock(vm);
        // The drive is written anew at each start, so there is nothing to rewrite now.
        return null;
      },
    },
    ...vmConfigRoutes(site),
    ...powerRoutes(site),
    ...copyRoutes(site),
    ...migrateRoutes(site),
    ...destroyRoutes(site),
    ...agentRoutes(site),
  ];
}

function resize(site: Site, call: Call): string {
  const vm = vmOf(site, call);
  checkLock(vm);
  const name = call.parameters.required("disk");
  const text = call.parameters.required("size");
  const amount = parseSize(text.replace(/^\+/, ""));
  if (amount === undefined)
    throw parameterError({ size: `value does not match the regex pattern: '${text}'` });
  const current = volumeOfDisk(site, vm, name)?.bytes;
  if (current === undefined) throw failure(`disk '${name}' does not exist`);
  const bytes = text.startsWith("+") ? current + amount : amount;
  if (bytes < current) throw failure("shrinking disks is not supported");
  const subject = { node: vm.node, type: "resize", id: part(call, "vmid"), user: call.user };
  return site.tasks.start(subject, () =>
    site.queues.run(vm.vmid, async () => {
      resizeDisk(site, vm, name, bytes);
      if (name === rootDisk(site, vm)) await site.hypervisor.growDisk(vm.vmid, bytes);
    }),
  );
}
