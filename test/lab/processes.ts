/** Every command line that any process of the lab, its machines included, has shown while it was watched. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { attempt, paths, run } from "./site.ts";

const seenFile = join(paths.run, "command-lines");
const stopFile = join(paths.run, "command-lines.stop");

let watching: ReturnType<typeof attempt> | undefined;

/** Begins to look, five times a second; what was seen before stays. */
export async function watchProcesses(): Promise<void> {
  await run("rm", "-f", stopFile);
  watching = attempt("node", "test/lab/watch-processes.ts", seenFile, stopFile);
}

/** Ends looking, and gives everything that was seen. */
export async function seenProcesses(): Promise<string> {
  await run("touch", stopFile);
  const ended = await watching;
  if (ended !== undefined && ended.code !== 0) throw new Error(ended.stderr);
  return readFile(seenFile, "utf8");
}
