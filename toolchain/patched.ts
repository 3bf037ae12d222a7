/** Modules that are built from a patched copy of their source. */
import { execFile } from "node:child_process";
import { appendFile, copyFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { moduleFolder, moduleRoot } from "./go.ts";
import type { Tool } from "./pins.ts";

const run = promisify(execFile);

/** Copies the folder $0 to $1, writable, without test data: that is nine of ten files of Pulumi. */
const copySources = 'tar -C "$0" --exclude=testdata --mode=u+w -c . | tar -C "$1" -x';

/**
 * Flags with which Go takes patched copies, made in `scratch`, of the modules that `tools` patch; none without patches.
 * The locked modules themselves stay as they are. Throws when a patch does not fit its module's version.
 */
export async function patchedModules(tools: readonly Tool[], scratch: string): Promise<string[]> {
  const patches = tools.flatMap(({ build }) => build.patch ?? []);
  if (patches.length === 0) return [];
  const modfile = join(scratch, "go.mod");
  await copyFile(join(moduleRoot, "go.mod"), modfile);
  await copyFile(join(moduleRoot, "go.sum"), join(scratch, "go.sum"));
  for (const [index, { module, file }] of patches.entries()) {
    const source = await moduleFolder(module);
    const copy = join(scratch, `module-${index}`);
    await mkdir(copy);
    await run("bash", ["-o", "pipefail", "-c", copySources, source, copy]);
    // Git works on plain folders too, unless it finds a repository above.
    const outside = { ...process.env, GIT_CEILING_DIRECTORIES: dirname(copy) };
    await run("git", ["apply", join(moduleRoot, file)], { cwd: copy, env: outside });
    await appendFile(modfile, `\nreplace ${module} => ${copy}\n`);
  }
  return [`-modfile=${modfile}`];
}
