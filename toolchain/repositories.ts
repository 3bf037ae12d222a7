/** Files of other projects' repositories, out of the Go modules that are copies of them. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cached } from "./cache.ts";
import { findGo, goEnvironment } from "./go.ts";
import { repositories, type Repository } from "./pins.ts";

/**
 * A folder with the pinned files at REPOSITORY/TAG/PATH, as raw.githubusercontent.com has them. Go compares each module with
 * the public checksum database; what applies the files compares them with checksums of its own.
 * @see https://go.dev/ref/mod#zip-files
 */
export async function ensureRepositories(
  wanted: readonly Repository[] = repositories,
): Promise<string> {
  const key = createHash("sha256").update(JSON.stringify(wanted)).digest("hex").slice(0, 16);
  return cached("repositories", key, async (directory) => {
    for (const { name, tag, module, folder } of wanted) {
      const source = await moduleFolder(`${module}@${tag}`, directory);
      const target = join(directory, name, tag, folder);
      await cp(join(source, folder), target, { recursive: true });
    }
  });
}

/** Where Go keeps a module, once it has downloaded it; `scratch` is outside of every module. */
async function moduleFolder(module: string, scratch: string): Promise<string> {
  const { stdout } = await promisify(execFile)(
    await findGo(),
    ["mod", "download", "-json", module],
    { cwd: scratch, env: { ...goEnvironment(), GOFLAGS: "", GOWORK: "off" }, maxBuffer: 16 << 20 },
  );
  const { Dir, Error: problem } = JSON.parse(stdout) as { Dir?: string; Error?: string };
  if (Dir === undefined) throw new Error(`${module}: ${problem ?? "is not to be had"}`);
  return Dir;
}
