/** Every command line that any process of the lab, its machines included, has shown while it was watched. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { attempt, paths, run, type Output } from "./command.ts";

const seenFile = join(paths.run, "command-lines");
const stopFile = join(paths.run, "command-lines.stop");

let watching: Promise<Output> | undefined;

/** Looks five times a second from now on; what was seen before stays. */
export async function watchProcesses(): Promise<void> {
  if (watching !== undefined) return;
  await run`rm -f ${stopFile}`;
  watching = attempt`node test/lab/watch-processes.ts ${seenFile} ${stopFile}`;
}

/** Forgets what was seen: a suite judges what it has done itself. */
export async function forgetProcesses(): Promise<void> {
  await endWatch();
  await run`rm -f ${seenFile}`;
  await watchProcesses();
}

/** Ends looking. Throws when the watcher had ended before. */
export async function endWatch(): Promise<void> {
  if (watching === undefined) return;
  await run`touch ${stopFile}`;
  const { code, stderr } = await watching;
  watching = undefined;
  assert.equal(code, 0, stderr);
}

/** Everything that was seen up to now; looking goes on. */
export async function seenProcesses(): Promise<string> {
  await endWatch();
  const seen = await readFile(seenFile, "utf8");
  await watchProcesses();
  return seen;
}
