/**
 * `npm test [-- unit|go|lab ...]`: all set-up, then every test (or the suites named). The last line is
 * "N passed, N failed".
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { glob } from "node:fs/promises";
import { delimiter } from "node:path";
import { createInterface } from "node:readline";
import { ensurePackages } from "../toolchain/debian.ts";
import { findGo, goEnvironment, moduleRoot, root } from "../toolchain/build.ts";
import { Progress } from "../toolchain/progress.ts";
import { ensureTools, type Tools } from "../toolchain/tools.ts";

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

async function mochaSuite(
  patterns: readonly string[],
  timeout: number,
  tools: Tools,
): Promise<Counts> {
  const files = (await Array.fromAsync(glob(patterns, { cwd: root }))).sort();
  if (files.length === 0) throw new Error(`no test file matches ${patterns.join(" or ")}`);
  const child = spawn(process.execPath, ["test/mocha.ts", String(timeout), ...files], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit", "pipe"],
    env: {
      ...process.env,
      PATH: [tools.bin, process.env["PATH"]].join(delimiter),
      HOMELAB_TEST_TOOLS: JSON.stringify(tools),
    },
  });
  let report = "";
  child.stdio[3]?.on("data", (chunk: Buffer) => (report += chunk.toString()));
  await once(child, "close");
  // A runner that died before its report is a failure of its own.
  return report === "" ? { passed: 0, failed: 1 } : (JSON.parse(report) as Counts);
}

interface GoEvent {
  readonly Action: string;
  readonly Package?: string;
  readonly ImportPath?: string;
  readonly Test?: string;
  readonly Output?: string;
}

async function goSuite(): Promise<Counts> {
  const child = spawn(await findGo(), ["test", "-json", "-vet=off", "./..."], {
    cwd: moduleRoot,
    stdio: ["ignore", "pipe", "inherit"],
    env: goEnvironment(),
  });
  const closed = once(child, "close");
  let passed = 0;
  let failed = 0;
  const output = new Map<string, string>();
  const seenFailure = new Set<string>();
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith("{")) continue;
    const event = JSON.parse(line) as GoEvent;
    const key = `${event.Package ?? event.ImportPath ?? ""} ${event.Test ?? ""}`;
    if (event.Action === "output" || event.Action === "build-output") {
      output.set(key, (output.get(key) ?? "") + (event.Output ?? ""));
    } else if (event.Action === "pass" && event.Test !== undefined) {
      passed += 1;
    } else if (event.Action === "pass" && event.Package !== undefined) {
      process.stdout.write(`  ok ${event.Package}\n`);
    } else if (event.Action === "skip" && event.Test !== undefined) {
      failed += 1;
      process.stdout.write(`SKIPPED ${key}: a skipped test does not count as passed\n`);
    } else if (event.Action === "fail" || event.Action === "build-fail") {
      // A package fails with its tests; alone it failed to build or died.
      const alone = event.Test === undefined && !seenFailure.has(event.Package ?? "");
      if (event.Test !== undefined) seenFailure.add(event.Package ?? "");
      if (event.Test !== undefined || alone) {
        failed += 1;
        process.stdout.write(`FAILED ${key}\n${output.get(key) ?? ""}`);
      }
    }
  }
  const [code] = (await closed) as [number];
  return { passed, failed: code !== 0 && failed === 0 ? 1 : failed };
}

const wanted = process.argv.slice(2);
const chosen = (name: string): boolean => wanted.length === 0 || wanted.includes(name);
const progress = new Progress(2);
await progress.step("Debian packages", ensurePackages);
const tools = await progress.step("tools", ensureTools);

const totals = { passed: 0, failed: 0 };
const suites: readonly [string, string, () => Promise<Counts>][] = [
  [
    "unit",
    "unit, component and golden tests",
    () => mochaSuite(["test/unit/**/*.test.ts", "lab/test/**/*.test.ts"], 30_000, tools),
  ],
  ["go", "tests of the lab's Go programs", goSuite],
  ["lab", "end to end in the lab", () => mochaSuite(["test/lab/**/*.test.ts"], 600_000, tools)],
];
for (const [name, title, run] of suites.filter(([key]) => chosen(key))) {
  process.stdout.write(`\n== ${title} (${name})\n`);
  const begun = Date.now();
  const { passed, failed } = await run();
  totals.passed += passed;
  totals.failed += failed;
  process.stdout.write(
    `== ${name}: ${passed} passed, ${failed} failed in ${((Date.now() - begun) / 1000).toFixed(0)} s\n`,
  );
}
process.stdout.write(`\n${totals.passed} passed, ${totals.failed} failed\n`);
process.exitCode = totals.failed > 0 ? 1 : 0;
