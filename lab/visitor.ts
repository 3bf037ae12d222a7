/** A client on the internet, outside of every site. */
import { join } from "node:path";
import { visitor } from "./datacentre.ts";
import { runInLab, type LabRun, type RunInLabOptions } from "./inside.ts";
import { labPaths } from "./state.ts";

/** Runs a command where only the internet's services and the zone's public names can be reached. */
export async function runAsVisitor(
  command: readonly string[],
  options: RunInLabOptions = {},
): Promise<LabRun> {
  const script = join(import.meta.dirname, "visitor.sh");
  const etc = join(labPaths().run, "etc");
  return runInLab(["ip", "netns", "exec", visitor.namespace, script, etc, ...command], {
    keepHome: true,
    ...options,
  });
}
