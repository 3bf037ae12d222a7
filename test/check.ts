/** `npm run check`: types, lint, formatting, shell scripts, generated files. `--write` formats in place. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { glob } from "node:fs/promises";
import { ensurePackages } from "../toolchain/debian.ts";
import { findGo, goEnvironment, memoryForTime, moduleRoot, root } from "../toolchain/go.ts";
import { duration, Pulse } from "../toolchain/progress.ts";

const write = process.argv.includes("--write");
const go = await findGo();
const bin = (name: string): string => `${root}/node_modules/.bin/${name}`;

async function run(program: string, args: readonly string[], cwd = root): Promise<boolean> {
  const env = { ...goEnvironment(), ...memoryForTime() };
  const child = spawn(program, args, { cwd, stdio: "inherit", env });
  const [code] = (await once(child, "exit")) as [number | null];
  return code === 0;
}

async function gofmt(): Promise<boolean> {
  const child = spawn(go.replace(/go$/, "gofmt"), [write ? "-w" : "-l", "."], {
    cwd: moduleRoot,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let listed = "";
  child.stdout.on("data", (chunk: Buffer) => (listed += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  if (listed !== "") process.stdout.write(`not formatted by gofmt:\n${listed}`);
  return code === 0 && listed === "";
}

async function shellcheck(): Promise<boolean> {
  const scripts = await Array.fromAsync(
    glob(["components/**/*.sh", "lab/**/*.sh", ".ci/run"], { cwd: root }),
  );
  return run("shellcheck", scripts.sort());
}

/** What a site hands over to Argo CD is in its folder as the site file has it. */
function trees(stack: string): Promise<boolean> {
  const mode = write ? [] : ["--check"];
  return run(process.execPath, ["scripts/gitops.ts", "--stack", stack, ...mode]);
}

await ensurePackages(() => undefined);
const checks: readonly [string, () => Promise<boolean>][] = [
  ["types", () => run(bin("tsc"), ["--noEmit", "-p", "."])],
  ["lint", () => run(process.execPath, [bin("eslint"), "--max-warnings", "0", "."])],
  ["format", () => run(bin("prettier"), [write ? "--write" : "--check", "--log-level=warn", "."])],
  ["gofmt", gofmt],
  ["vet", () => run(go, ["vet", "./..."], moduleRoot)],
  ["shellcheck", shellcheck],
  ["sites", () => run(process.execPath, ["scripts/check-sites.ts"])],
  ["trees", async () => (await trees("home")) && (await trees("cabin"))],
  ["schema", () => run(process.execPath, ["scripts/schema.ts", write ? "--write" : "--check"])],
];
const failed: string[] = [];

async function inTurn(names: (name: string) => boolean): Promise<void> {
  for (const [name, check] of checks.filter(([name]) => names(name))) {
    const begun = performance.now();
    const elapsed = (): string => duration((performance.now() - begun) / 1000);
    const pulse = new Pulse(() => process.stdout.write(`${name} ... (${elapsed()})\n`));
    const passed = await check();
    pulse.stop();
    if (!passed) failed.push(name);
    process.stdout.write(`${name}: ${passed ? "ok" : "failed"} (${elapsed()})\n`);
  }
}

// Lint takes as long as all others together, and has one thread.
await Promise.all([inTurn((name) => name === "lint"), inTurn((name) => name !== "lint")]);
if (failed.length > 0) {
  process.stdout.write(`check failed: ${failed.join(", ")}; npm run format mends formatting\n`);
  process.exitCode = 1;
}
