/**
 * `npm run reboot -- --stack home [--machine NAME] [--due]`: restarts the site's machines, servers first, one after the
 * other: each only while all others are well, with its pods moved, through its guest; the next once its node is well. What
 * waits for the next start, settings as well as a new kernel, counts then. The same that `up` does where a change needs it.
 */
import { RunError } from "@pulumi/pulumi";
import { proxmoxPower } from "../components/proxmox/power.ts";
import { withMachines } from "../components/remote/ssh.ts";
import { proxmoxApi } from "../components/proxmox/proxmox-api.ts";
import { waitForSsh } from "../components/remote/ssh-wait.ts";
import { RollingRestart } from "../components/rke2/rolling-restart.ts";
import { choose } from "./reboot/choose.ts";
import { main, say, selectStack, stackCommand } from "./site-stack.ts";
import { proxmoxOf, soundSite } from "./sound-site.ts";

const command = stackCommand("reboot", "restart machines one after the other")
  .option("--machine <name>", "only this one")
  .option("--due", "only those which wait for a restart: a new kernel, or settings")
  .parse();
const options = command.opts<{ stack: string; machine?: string; due?: true }>();

/** How long a machine may take to answer on SSH again, in seconds. */
const bootSeconds = 300;

await main(async () => {
  const site = await soundSite(await selectStack(options.stack), options.stack);
  const { ssh } = site;
  if (ssh === undefined)
    throw new RunError(
      `${options.stack} has no machines yet: npm run up -- --stack ${options.stack}`,
    );
  const power = proxmoxPower(proxmoxApi(await proxmoxOf(site)));
  await withMachines(ssh, async (run) => {
    const restarts = new RollingRestart({
      servers: site.existing.filter(({ role }) => role === "server"),
      power,
      // Who reboots by hand is asked nothing less.
      founded: true,
      run,
      awaitSsh: async ({ name, address }) => {
        await waitForSsh(
          {
            ...{ machine: name, host: address, port: 22, limitSeconds: bootSeconds },
            hostKey: hostKeyOf(ssh.knownHosts, name),
          },
          { tell: say },
        );
      },
    });
    const chosen = await choose(site.existing, options, { power, run });
    if (chosen.length === 0) say(`${options.stack}: no machine waits for a restart`);
    for (const machine of chosen) await restarts.restart(machine, say);
  });
});

/** Of lines `NAME,ADDRESS KIND KEY`. */
function hostKeyOf(knownHosts: string, machine: string): string {
  const line = knownHosts.split("\n").find((one) => one.startsWith(`${machine},`)) ?? "";
  return line.slice(line.indexOf(" ") + 1);
}
