/** Settings of machines that wait for their next start. */
import { proxmoxPower, type Power } from "../../../../components/proxmox/power.ts";
import { proxmoxApi, type ProxmoxAccess } from "../../../../components/proxmox/proxmox-api.ts";
import type { MachineSpec } from "../../../../components/machine.ts";
import { unchecked } from "../../../doctor/check.ts";
import { ok, warning, type Finding } from "../../../doctor/finding.ts";

/** Those that somebody waits for. The guest agent of a machine from before the program gave it one does no harm by waiting. */
export function waitingSettings(pending: readonly string[]): readonly string[] {
  return pending.filter((key) => key !== "agent");
}

/** Asks for each machine that exists. */
export async function checkPending(
  access: ProxmoxAccess,
  site: string,
  machines: readonly Pick<MachineSpec, "name" | "vmId">[],
  power: Pick<Power, "pending"> = proxmoxPower(proxmoxApi(access)),
): Promise<readonly Finding[]> {
  return Promise.all(
    machines.map(async ({ name, vmId }) => {
      const subject = `settings of ${name}`;
      try {
        const waiting = waitingSettings(await power.pending(vmId));
        if (waiting.length === 0) return ok(subject, "all are in force");
        return warning(
          subject,
          `wait for its next start by Proxmox: ${waiting.join(", ")}`,
          `npm run reboot -- --stack ${site} --machine ${name}`,
        );
      } catch (error) {
        return unchecked(subject, error);
      }
    }),
  );
}
