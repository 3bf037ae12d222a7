/**
 * `npm test [-- unit|go|lab [WORD ...] ...]`: all set-up, then every test, or those of the suites named, or of these those
 * whose files have one of the words in their names: `npm test -- unit doctor lab faults`. The last line is
 * "N passed, N failed".
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { glob } from "node:fs/promises";
import { basename, delimiter, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { ensurePackages } from "../toolchain/debian.ts";
import { findGo, goEnvironment, moduleRoot, root } from "../toolchain/go.ts";
import { Progress, Pulse } from "../toolchain/progress.ts";
import { ensureTools, type Tools } from "../toolchain/tools.ts";
import { chooseSuites, selectFiles } from "./selection.ts";

interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** Each failed test's name and error, said again at the end: thousands of lines stand between. */
  readonly failures: readonly string[];
}

interface Place {
  readonly env: NodeJS.ProcessEnv;
  /** What its lines begin with, where another suite writes beside it. */
  readonly mark?: string;
}

async function mochaSuite(
  files: readonly string[],
  timeout: number,
  tools: Tools,
  { env, mark }: Place = { env: {} },
): Promise<Counts> {
  const output = mark === undefined ? "inherit" : "pipe";
  const child = spawn(process.execPath, ["test/mocha.ts", String(timeout), ...files], {
    cwd: root,
    stdio: ["ignore", output, output, "pipe"],
    env: {
      ...process.env,
      PATH: [tools.bin, process.env["PATH"]].join(delimiter),
      HOMELAB_TEST_TOOLS: JSON.stringify(tools),
      ...env,
    },
  });
  for (const input of [child.stdout, child.stderr])
    if (input !== null)
      createInterface({ input }).on("line", (line) => process.stdout.write(`${mark}${line}\n`));
  let report = "";
  child.stdio[3]?.on("data", (chunk: Buffer) => (report += chunk.toString()));
  await once(child, "close");
  // A runner that died before its report is a failure of its own.
  return report === ""
    ? { passed: 0, failed: 1, failures: [`the runner of ${files.length} files died`] }
    : (JSON.parse(report) as Counts);
}

/**
 * End to end: the whole suite in two labs side by side where memory allows, for one alone leaves a third of two cores idle.
 * The second one takes the files that begin with no site, and behind these some that find a whole site and leave one, so that
 * both end at about the same time.
 */
async function labSuite(files: readonly string[], tools: Tools, whole: boolean): Promise<Counts> {
  const timeout = 900_000;
  if (!whole || process.availableMemory() < memoryOfTwoLabs)
    return mochaSuite(files, timeout, tools);
  const within = (names: RegExp): string[] => files.filter((file) => names.test(basename(file)));
  const there = [
    ...within(/^(13-|14-backup)/),
    // Before Prometheus moves to another machine: for five minutes it would count what its former pod knew as well.
    ...within(/^12-monitoring/),
    ...within(/^14-(?!backup)/),
    ...within(
      /^(09-faults|10-moved-name|10-policy|10-pull-request|11-credentials|12-removed-part)/,
    ),
    ...within(/^1[5-8]-/),
  ];
  const second = { env: { HOMELAB_LAB: join(root, ".lab-test-2") }, mark: "[second lab] " };
  const both = await Promise.all([
    mochaSuite(
      files.filter((file) => !there.includes(file)),
      timeout,
      tools,
    ),
    mochaSuite(there, timeout, tools, second),
  ]);
  return sum(both);
}

const sum = (counts: readonly Counts[]): Counts => ({
  passed: counts.reduce((all, { passed }) => all + passed, 0),
  failed: counts.reduce((all, { failed }) => all + failed, 0),
  failures: counts.flatMap(({ failures }) => failures),
});

/** Bytes: each takes up to 5 GiB, beside what is compiled and checked meanwhile. */
const memoryOfTwoLabs = 14 * 2 ** 30;

interface GoEvent {
  readonly Action: string;
  readonly Package?: string;
  readonly ImportPath?: string;
  readonly Test?: string;
  readonly Output?: string;
}

async function goSuite(packages: readonly string[], mark = ""): Promise<Counts> {
  const say = (text: string): boolean => process.stdout.write(text.replaceAll(/^(?=.)/gm, mark));
  const child = spawn(await findGo(), ["test", "-json", "-vet=off", ...packages], {
    cwd: moduleRoot,
    stdio: ["ignore", "pipe", "inherit"],
    env: goEnvironment(),
  });
  const closed = once(child, "close");
  let passed = 0;
  const failures: string[] = [];
  const fail = (text: string): void => {
    failures.push(text);
    say(`${text}\n`);
  };
  const output = new Map<string, string>();
  const seenFailure = new Set<string>();
  const pulse = new Pulse(() =>
    say(`  ... compiling and running; ${passed} tests passed so far\n`),
  );
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith("{")) continue;
    const event = JSON.parse(line) as GoEvent;
    const key = `${event.Package ?? event.ImportPath ?? ""} ${event.Test ?? ""}`;
    if (event.Action === "output" || event.Action === "build-output") {
      output.set(key, (output.get(key) ?? "") + (event.Output ?? ""));
    } else if (event.Action === "pass" && event.Test !== undefined) {
      passed += 1;
    } else if (event.Action === "pass" && event.Package !== undefined) {
      pulse.touch();
      say(`  ok ${event.Package}\n`);
    } else if (event.Action === "skip" && event.Test !== undefined) {
      fail(`SKIPPED ${key}: a skipped test does not count as passed`);
    } else if (event.Action === "fail" || event.Action === "build-fail") {
      // A package fails with its tests; alone it failed to build or died.
      const alone = event.Test === undefined && !seenFailure.has(event.Package ?? "");
      if (event.Test !== undefined) seenFailure.add(event.Package ?? "");
      if (event.Test !== undefined || alone) fail(`FAILED ${key}\n${output.get(key) ?? ""}`);
    }
  }
  const [code] = (await closed) as [number];
  pulse.stop();
  if (code !== 0 && failures.length === 0) fail(`go test ended with ${code}`);
  return { passed, failed: failures.length, failures };
}

interface Suite {
  readonly name: string;
  readonly title: string;
  readonly files: readonly string[];
  readonly run: (
    files: readonly string[],
    tools: Tools,
    whole: boolean,
    mark?: string,
  ) => Promise<Counts>;
  /** Leaves a processor idle, so that others like it run beside it; all but the first mark their lines. */
  readonly beside: boolean;
}

const suites: readonly Suite[] = [
  {
    name: "unit",
    title: "unit, component and golden tests",
    files: ["test/unit/**/*.test.ts", "lab/test/**/*.test.ts"],
    run: (files, tools) => mochaSuite(files, 30_000, tools),
    beside: true,
  },
  {
    name: "go",
    title: "tests of the lab's Go programs",
    files: ["lab/**/*_test.go"],
    // The whole suite compiles packages without tests too.
    run: (files, _, whole, mark) =>
      goSuite(whole ? ["./..."] : files.map((file) => join(root, dirname(file))), mark),
    beside: true,
  },
  {
    name: "lab",
    title: "end to end in the lab",
    files: ["test/lab/**/*.test.ts"],
    run: labSuite,
    beside: false,
  },
];

interface Planned {
  readonly suite: Suite;
  readonly files: readonly string[];
  /** Without a word that chooses. */
  readonly whole: boolean;
}

/** What the arguments choose. Throws when they choose nothing. */
async function plan(args: readonly string[]): Promise<readonly Planned[]> {
  const names = suites.map(({ name }) => name);
  const chosen = chooseSuites(args, names);
  const planned: Planned[] = [];
  for (const suite of suites) {
    const words = chosen.get(suite.name);
    if (words === undefined) continue;
    const files = (await Array.fromAsync(glob(suite.files, { cwd: root }))).sort();
    if (files.length === 0) throw new Error(`no test file matches ${suite.files.join(" or ")}`);
    planned.push({ suite, files: selectFiles(files, words), whole: words.length === 0 });
  }
  return planned;
}

// Known before anything is made ready, so that a misspelled word is told at once.
const planned = await plan(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(2);
});
const progress = new Progress(2);
await progress.step("Debian packages", (report) => ensurePackages(report));
const tools = await progress.step("tools", ensureTools);

async function runSuite({ suite, files, whole }: Planned, mark?: string): Promise<Counts> {
  const { name, title } = suite;
  process.stdout.write(`\n== ${title} (${name})\n`);
  const begun = Date.now();
  const counts = await suite.run(files, tools, whole, mark);
  const { passed, failed } = counts;
  process.stdout.write(
    `== ${name}: ${passed} passed, ${failed} failed in ${((Date.now() - begun) / 1000).toFixed(0)} s\n`,
  );
  return counts;
}

const beside = planned.filter(({ suite }) => suite.beside);
const counts = await Promise.all(
  beside.map(async (each, place) =>
    runSuite(each, place === 0 ? undefined : `[${each.suite.name}] `),
  ),
);
for (const each of planned) if (!each.suite.beside) counts.push(await runSuite(each));
const { passed, failed, failures } = sum(counts);
for (const failure of failures) process.stdout.write(`\n${failure}\n`);
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 ? 1 : 0;
