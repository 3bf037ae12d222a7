/** The lab that the benchmarks work in: HOMELAB_LAB, which `run.ts` sets before it loads this. */
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { resetLab, runInLab, startLab, stopLab } from "../../lab/lab.ts";
import { labPaths } from "../../lab/host/paths.ts";
import { root } from "../../toolchain/go.ts";
import type { Report } from "../../toolchain/progress.ts";
import type { Tools } from "../../toolchain/tools.ts";
import type { Previews } from "./previews.ts";
import type { BringUp } from "./record-up.ts";

export class BenchLab {
  readonly #directory = join(labPaths().state, "bench");

  /** A lab without anything in it. */
  async fresh(tools: Tools, report: Report): Promise<void> {
    await resetLab();
    await startLab({ tools, log: report });
  }

  /** Brings home up from nothing. */
  async bringUp(): Promise<BringUp> {
    return this.#script("record-up.ts", "home");
  }

  /** Times previews of home, of an empty program and of home's replay, `rounds` of each in turn. */
  async previews(rounds: number): Promise<Previews> {
    const projects = [await this.#emptyProject(), await this.#replayProject()];
    return this.#script("previews.ts", "home", ...projects, String(rounds));
  }

  async end(): Promise<void> {
    await stopLab();
  }

  /** Runs a script of this folder in the lab; what it measured comes back in a file, its last argument. */
  async #script<T>(file: string, ...args: string[]): Promise<T> {
    await mkdir(this.#directory, { recursive: true });
    const result = join(this.#directory, `${file}.json`);
    const command = ["node", join("test", "bench", file), ...args, result];
    const options = { stdio: "capture", keepHome: true, cwd: root } as const;
    const { code, stdout, stderr } = await runInLab(command, options);
    if (code !== 0)
      throw new Error(`${command.join(" ")} ended with ${code}\n${stdout}\n${stderr}`);
    return JSON.parse(await readFile(result, "utf8")) as T;
  }

  /** A project of its own with the same SDK and the same runtime options, and no resources. */
  async #emptyProject(): Promise<string> {
    const directory = join(this.#directory, "empty");
    await mkdir(directory, { recursive: true });
    const { runtime } = await project();
    const files = {
      "Pulumi.yaml": stringify({ name: "empty", main: "index.ts", runtime }),
      "package.json": JSON.stringify({ name: "empty", type: "module", main: "index.ts" }),
      "index.ts": "export {};\n",
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
    await linkOnce(join(root, "node_modules"), join(directory, "node_modules"));
    await shell("pulumi stack select --create empty && pulumi up --yes --skip-preview", directory);
    return directory;
  }

  /** The same project with `replay.ts` as its program, beside the state that it registers. */
  async #replayProject(): Promise<string> {
    const directory = join(this.#directory, "replay");
    await mkdir(directory, { recursive: true });
    const main = join(root, "test", "bench", "replay.ts");
    await writeFile(join(directory, "Pulumi.yaml"), stringify({ ...(await project()), main }));
    const script = `umask 077 && pulumi stack export --show-secrets --stack home --file '${directory}/state.json'`;
    await shell(script, root);
    return directory;
  }
}

/** The settings of this project that its programs run by. */
async function project(): Promise<{ readonly name: string; readonly runtime: unknown }> {
  const text = await readFile(join(root, "Pulumi.yaml"), "utf8");
  return parse(text) as { name: string; runtime: unknown };
}

async function shell(script: string, cwd: string): Promise<void> {
  const options = { stdio: "capture", keepHome: true, cwd } as const;
  const { code, stderr, stdout } = await runInLab(["sh", "-c", script], options);
  if (code !== 0) throw new Error(`${script} in ${cwd}: ${stdout}${stderr}`);
}

async function linkOnce(target: string, at: string): Promise<void> {
  try {
    await symlink(target, at);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
