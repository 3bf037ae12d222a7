/** Builds programs of the project's one Go module. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { watch } from "node:fs";
import { mkdtemp, rename, rm, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { findGo, goEnvironment, memoryForTime, moduleRoot } from "./go.ts";
import { Compilation, readPace, writePace } from "./pace.ts";
import { patchedModules } from "./patched.ts";
import type { Tool } from "./pins.ts";
import type { Report } from "./progress.ts";
import { packageSizes } from "./sources.ts";

/** A tool to build, and the directory that its programs go to. */
export interface Target {
  readonly tool: Tool;
  readonly directory: string;
}

/** What the linker is told for one program, in the form `package=flags`. */
function linkerFlags({ build }: Tool): string {
  const variables = Object.entries(build.variables).map(([name, value]) => `-X ${name}=${value}`);
  return `-ldflags=${build.package}=${["-s -w", ...variables].join(" ")}`;
}

/** Moves a built program to its place, with one symlink for each further name that it answers to. */
async function place(built: string, { tool, directory }: Target): Promise<void> {
  const name = tool.programs.includes(tool.name) ? tool.name : `.${tool.name}`;
  await rename(built, join(directory, name));
  for (const program of tool.programs.filter((each) => each !== name))
    await symlink(name, join(directory, program));
}

/** The file that Go writes a target's program to. */
const fileOf = ({ tool: { build: made } }: Target): string => basename(made.package);

/** Targets in groups in which no two programs have one file: Go names each after its package's folder. */
export function inRounds(targets: readonly Target[]): readonly (readonly Target[])[] {
  const rounds: Target[][] = [];
  for (const target of targets) {
    const free = rounds.find((round) => round.every((one) => fileOf(one) !== fileOf(target)));
    if (free === undefined) rounds.push([target]);
    else free.push(target);
  }
  return rounds;
}

/**
 * Builds all targets with one call of Go, which compiles what they share once and keeps every core busy to the end; those whose
 * file another one has by a further call. Throws with the last lines that Go wrote.
 */
export async function build(targets: readonly Target[], report: Report): Promise<void> {
  const first = targets[0];
  if (first === undefined) return;
  const scratch = await mkdtemp(join(dirname(first.directory), ".build-"));
  try {
    const tools = targets.map(({ tool }) => tool);
    const packages = tools.map((tool) => tool.build.package);
    report(`reading the sources of ${tools.map(({ name }) => name).join(", ")}`);
    const modules = await patchedModules(tools, scratch);
    const compilation = new Compilation(await packageSizes(packages, modules), await readPace());
    report(`compiling ${compilation.announcement}`);
    report(() => compilation.state);
    for (const round of inRounds(targets))
      await compile(round, { modules, scratch, compilation, report });
    await writePace(compilation);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

interface Call {
  /** Flags that say which sources are patched. */
  readonly modules: readonly string[];
  readonly scratch: string;
  readonly compilation: Compilation;
  readonly report: Report;
}

/** One call of Go. */
async function compile(
  targets: readonly Target[],
  { modules, scratch, compilation, report }: Call,
): Promise<void> {
  const tools = targets.map(({ tool }) => tool);
  const output = await mkdtemp(join(scratch, "bin-"));
  const linked = watch(output, (_, file) => {
    const tool = targets.find((target) => fileOf(target) === file)?.tool;
    if (tool !== undefined && compilation.finish(tool.name)) report(`${tool.name} is built`);
  });
  const flags = [...modules, ...tools.map(linkerFlags), "-v", "-o", `${output}/`];
  const packages = tools.map((tool) => tool.build.package);
  const child = spawn(await findGo(), ["build", ...flags, ...packages], {
    cwd: moduleRoot,
    stdio: ["ignore", "ignore", "pipe"],
    // Programs are moved from there, which has to be the cache's file system.
    env: { ...goEnvironment(), ...memoryForTime(), GOTMPDIR: scratch },
  });
  const closed = once(child, "close");
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stderr }))
    if (!compilation.compiled(line)) said.push(line);
  const [code] = (await closed) as [number | null];
  linked.close();
  if (code !== 0) throw new Error(`building the tools failed:\n${said.slice(-20).join("\n")}`);
  for (const target of targets) await place(join(output, fileOf(target)), target);
}
