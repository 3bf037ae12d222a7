/**
 * Runs one of people's scripts where it belongs:
 *
 *   enter.ts scripts/up.ts --stack home
 *
 * With a site of one's own in the environment (PULUMI_BACKEND_URL, PULUMI_ACCESS_TOKEN or
 * PROXMOX_VE_API_TOKEN) it runs here; without, it runs in this clone's lab, and says so.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { delimiter } from "node:path";
import { ensurePackages } from "../toolchain/debian.ts";
import { Progress } from "../toolchain/progress.ts";
import { ensureTools } from "../toolchain/tools.ts";

const [script, ...rest] = process.argv.slice(2);
if (script === undefined) throw new Error("usage: enter.ts SCRIPT.ts [ARGUMENT ...]");

const own = ["PULUMI_BACKEND_URL", "PULUMI_ACCESS_TOKEN", "PROXMOX_VE_API_TOKEN"].filter(
  (name) => (process.env[name] ?? "") !== "",
);
const progress = new Progress(own.length > 0 ? 1 : 3);

if (own.length > 0) {
  const tools = await progress.step("tools", ensureTools);
  const child = spawn(process.execPath, [script, ...rest], {
    stdio: "inherit",
    env: { ...process.env, PATH: [tools.bin, process.env["PATH"]].join(delimiter) },
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
  const [code] = (await once(child, "exit")) as [number | null];
  process.exitCode = code ?? 1;
} else {
  const { runInLab, startLab } = await import("./lab.ts");
  await progress.step("Debian packages", ensurePackages);
  const tools = await progress.step("tools", ensureTools);
  await progress.step("lab", async (report) => startLab({ tools, log: report }));
  process.stderr.write("in the lab (set PULUMI_BACKEND_URL to work on a site of your own)\n");
  const result = await runInLab(["node", script, ...rest], { stdio: "inherit" });
  process.exitCode = result.code;
}
