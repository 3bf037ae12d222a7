import type { Resource } from "@pulumi/pulumi";
import type { ReachedMachine } from "../machine.ts";
import { RemoteStep } from "../remote/remote-step.ts";
import { scripts } from "./scripts.ts";

/**
 * What is done when a machine leaves the site: another server moves its pods, deletes its node and sees its etcd member
 * go; the machine is destroyed only after that, because the step depends on it. When that server goes in the same
 * operation, as in a destroy, nothing is done. Every machine has the step wherever it stands among the servers, and
 * under the same name, so that nothing but its leaving ever deletes it. Returns the command, on which depends what must
 * be gone before.
 */
export function dismissal(
  leaver: ReachedMachine,
  servers: readonly [ReachedMachine, ...ReachedMachine[]],
  parent: Resource,
): Resource {
  // An only server has nobody else; its step is never run, since it goes with the machine.
  const dismisser = servers.find(({ name }) => name !== leaver.name) ?? servers[0];
  return new RemoteStep(
    `${leaver.name}-dismiss`,
    {
      machine: dismisser,
      title: `dismiss ${leaver.name} on`,
      script: scripts.dismiss,
      parameters: { LEAVER: leaver.name, DISMISSER: dismisser.name },
      // What the disks hold may take hours to move (storage/scripts/osds.sh); what is cut off goes on in the next run.
      limitSeconds: 18000,
      runs: "at-delete",
      goesWithMachine: true,
      after: [leaver.vm],
    },
    { parent },
  ).done;
}
