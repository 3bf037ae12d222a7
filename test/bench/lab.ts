/** The lab that the benchmarks work in: HOMELAB_LAB, which `run.ts` sets before it loads this. */
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { resetLab, runInLab, startLab, stopLab } from "../../lab/lab.ts";
import { labPaths } from "../../lab/state.ts";
import { root } from "../../toolchain/build.ts";
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

  /** Times previews of home and of an empty program, `rounds` of each in turn. */
  async previews(rounds: number): Promise<Previews> {
    return this.#script("previews.ts", "home", await this.#emptyProject(), String(rounds));
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
    const { runtime } = parse(await readFile(join(root, "Pulumi.yaml"), "utf8")) as {
      runtime: unknown;
    };
    const files = {
      "Pulumi.yaml": stringify({ name: "empty", main: "index.ts", runtime }),
      "package.json": JSON.stringify({ name: "empty", type: "module", main: "index.ts" }),
      "index.ts": "export {};\n",
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
    await linkOnce(join(root, "node_modules"), join(directory, "node_modules"));
    const script = "pulumi stack select --create empty && pulumi up --yes --skip-preview";
    const options = { stdio: "capture", keepHome: true, cwd: directory } as const;
    const { code, stderr, stdout } = await runInLab(["sh", "-c", script], options);
    if (code !== 0) throw new Error(`${script} in ${directory}: ${stdout}${stderr}`);
    return directory;
  }
}

async function linkOnce(target: string, at: string): Promise<void> {
  try {
    await symlink(target, at);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
