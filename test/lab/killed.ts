/** An `npm run up` that is killed at a moment of the test's choice. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { attempt, paths, run } from "./command.ts";
import { eventually } from "./site.ts";
import { words } from "./words.ts";

const withPlugins = "^[^ ]*/pulumi( |-resource-|-language-)|^pulumi ";

/** Ends the CLI and its plugins; alone it leaves them running. */
export const theWholeRun = words`pkill -KILL -f ${withPlugins}`;

const log = join(paths.home, "up.log");

/** What the last run that was to be killed has said so far; read from here, for a command in the lab takes its time. */
export const saidSoFar = (): Promise<string> => readFile(log, "utf8");

/** Starts `npm run up`, kills once `come` no longer throws and waits until the whole run has ended. */
export async function killedUp(
  come: () => Promise<void>,
  victim: readonly string[],
): Promise<void> {
  // The run writes to a file that is looked at while it goes on.
  await run`sh -c ${': >"$HOME/up.log"; chmod 644 "$HOME/up.log"'}`;
  const going = attempt`sh -c ${'exec node scripts/up.ts --stack home >"$HOME/up.log" 2>&1'}`;
  await Promise.race([
    eventually(600, come),
    going.then(async () => {
      throw new Error(`the moment never came: ${await saidSoFar()}`);
    }),
  ]);
  await run`${victim}`;
  const result = await going;
  assert.notEqual(result.code, 0, "the run was killed and cannot have ended well");
}
