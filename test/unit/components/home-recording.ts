import { deploySite, type SiteDeps } from "../../../stacks/site.ts";
import { record, type Recording } from "../../recorder.ts";
import { siteDeps } from "../site-deps.ts";
import { homeConfig, type Changes } from "../stacks/sample.ts";

/** What the program registers for home after changes, in a world of its own. */
export async function recordedHome(
  changes: Changes = {},
  deps: SiteDeps = siteDeps,
): Promise<Recording> {
  const recording = await record("home");
  await deploySite("home", homeConfig(changes), deps);
  return recording.settled();
}
