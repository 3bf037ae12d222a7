/** A site of the last but one release of RKE2: what an upgrade starts from, and what is good enough for other suites before. */
import { rke2Versions } from "../../lab/world/inventory.ts";
import { nodes } from "./cluster.ts";
import { run } from "./command.ts";
import { machines, setConfig } from "./site.ts";
import { siteIsGone, siteIsUp } from "./states.ts";

/** The two newest that the mirror has, of one minor. */
export const [before = "", after = ""] = rke2Versions.slice(-2);
export const releaseKey = "homelab:versions.rke2";

/** What the nodes of home run. */
export async function releases(): Promise<readonly string[]> {
  const seen = await nodes("home");
  return seen.map(({ status }) => status.nodeInfo.kubeletVersion);
}

/** Before there is a site: no release can be gone back to. */
export async function siteFileHasTheOlderRelease(): Promise<void> {
  await run`pulumi stack select --create home`;
  await setConfig(releaseKey, before);
}

/** Home is up in the older release: as another suite has left it, or anew. */
export async function siteHasTheOlderRelease(): Promise<void> {
  const there =
    (await machines("home")).length > 0 && (await releases()).every((r) => r === before);
  if (!there) await siteIsGone();
  await siteFileHasTheOlderRelease();
  await siteIsUp();
}
