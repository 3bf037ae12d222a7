/** Clocks of the hosts. */
import { unchecked } from "../../../doctor/check.ts";
import { judgeClock } from "../../../doctor/clocks.ts";
import type { Finding } from "../../../doctor/finding.ts";
import type { SiteConfig } from "../../../schema.ts";
import type { ProxmoxApi } from "./api.ts";

/** Asks every host for its time. */
export async function checkHostClocks(
  { proxmox }: Pick<SiteConfig, "proxmox">,
  api: ProxmoxApi,
): Promise<readonly Finding[]> {
  return Promise.all(
    proxmox.hosts.map(async ({ name }) => {
      const subject = `clock of host ${name}`;
      try {
        const begun = Date.now();
        const { time } = await api<{ time: number }>(`nodes/${name}/time`);
        const off = Math.round(time - (begun + Date.now()) / 2000);
        return judgeClock(
          subject,
          off,
          `on ${name}: chronyc tracking, then systemctl restart chrony`,
        );
      } catch (error) {
        return unchecked(subject, error);
      }
    }),
  );
}
