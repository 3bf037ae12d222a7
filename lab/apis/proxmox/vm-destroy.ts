import { failure } from "./api-error.ts";
import { forgetHaResource, haResourceOf } from "./ha.ts";
import type { Call, Route } from "./route.ts";
import { checkLock, vmOf, type Site } from "./site.ts";
import { forget } from "./vm-create.ts";

/** DELETE of a VM, its disks, and with `purge` its place in HA. */
export function destroyRoutes(site: Site): Route[] {
  return [
    {
      method: "DELETE",
      path: "nodes/:node/qemu/:vmid",
      parameters: ["destroy-unreferenced-disks", "purge"],
      handle: (call) => destroy(site, call),
    },
  ];
}

function destroy(site: Site, call: Call): string {
  const vm = vmOf(site, call);
  const { vmid } = vm;
  checkLock(vm);
  if (vm.config.protection === "1")
    throw failure(`can't remove VM ${vmid} - protection mode enabled`);
  const purge = call.parameters.flag("purge");
  if (haResourceOf(site, vmid) !== undefined && !purge)
    throw failure(
      `unable to remove VM ${vmid} - used in HA resources and purge parameter not set.`,
    );
  if (site.hypervisor.running(vmid)) throw failure(`VM ${vmid} is running - destroy failed`);
  const subject = { node: vm.node, type: "qmdestroy", id: String(vmid), user: call.user };
  return site.tasks.start(subject, (log) =>
    site.queues.run(vmid, async () => {
      if (site.hypervisor.running(vmid)) throw failure(`VM ${vmid} is running - destroy failed`);
      await site.hypervisor.destroy(vmid);
      if (purge) forgetHaResource(site, vmid);
      forget(site, vm);
      log.line(`purged VM ${vmid}`);
    }),
  );
}
