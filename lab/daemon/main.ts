/**
 * The datacentre's process: it runs inside the lab's namespaces until it is told to stop, and everything in the lab
 * ends with it.
 */
import { rm } from "node:fs/promises";
import { serveControl } from "../control/server.ts";
import { Startup } from "../control/startup.ts";
import { labPaths } from "../host/paths.ts";
import { Datacentre } from "./datacentre.ts";

const paths = labPaths();
const startup = new Startup();
const datacentre = new Datacentre(paths, startup);

async function end(code: number): Promise<void> {
  await control.close();
  await rm(paths.control, { force: true });
  process.exit(code);
}

async function stop(): Promise<void> {
  await datacentre.stop();
  // The answer to the request that stops the lab goes out first.
  setImmediate(() => void end(0));
}

const control = await serveControl(paths.control, startup, {
  faults: datacentre.faults,
  mailbox: datacentre.mailbox,
  status: () => datacentre.status(),
  kill: (vmid) => datacentre.kill(vmid),
  start: (vmid) => datacentre.switchOn(vmid),
  setDiskUse: (vmid, usedPercent) => datacentre.setDiskUse(vmid, usedPercent),
  setClock: (vmid, offsetSeconds) => datacentre.setClock(vmid, offsetSeconds),
  passTime: (days, states) => datacentre.passTime(days, states),
  setHost: (host, change) => datacentre.setHost(host, change),
  setRouter: (site, change) => datacentre.setRouter(site, change),
  lookAt: (paths) => {
    datacentre.lookAt(paths);
  },
  stop,
});
process.on("SIGTERM", () => void stop());
try {
  await datacentre.start();
  startup.finish();
} catch (error) {
  console.error(error);
  startup.fail(`${startup.step}: ${error instanceof Error ? error.message : String(error)}`);
  await datacentre.stop();
  await end(1);
}
