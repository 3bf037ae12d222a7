/** Objects at Cloudflare and Tailscale that a killed run may have created without the state knowing. */
import { TailscaleApi } from "../../components/tailnet/tailscale-api.ts";
import { removeAtCloudflare } from "../../components/edge/cloudflare-api.ts";
import { edgeKinds } from "../../components/edge/known.ts";
import type { Leftover, LeftoverKind } from "../../components/leftover.ts";
import { leftovers } from "../departure/leftovers.ts";
import type { Outside } from "../departure/outside.ts";
import { knownIds, stringInput, type PendingOperation, type StackState } from "../state.ts";

/** What a type's objects are called when people are told of them, and the input that names them. */
const types: Readonly<Record<string, readonly [kind: LeftoverKind, nameInput: string]>> = {
  ...Object.fromEntries(
    Object.entries(edgeKinds).map(([type, kind]) => [type, [kind, "name"] as const]),
  ),
  "tailscale:index/tailnetKey:TailnetKey": ["Tailscale auth key", "description"],
  "tailscale:index/oauthClient:OauthClient": ["Tailscale OAuth client", "description"],
};

/** Kind and name of the object that a pending operation creates; undefined when it creates none outside. */
function creation({ type, resource }: PendingOperation): string | undefined {
  const named = types[resource.type];
  if (type !== "creating" || named === undefined) return undefined;
  const [kind, nameInput] = named;
  return `${kind} ${stringInput(resource, nameInput) ?? ""}`;
}

/** Whether a pending operation may have left an object outside that nothing but its name tells. */
export const leavesStray = (operation: PendingOperation): boolean =>
  creation(operation) !== undefined;

/**
 * Those of the site's objects that a killed run was creating: named as a pending creation names its own, unknown to the
 * state, and not older than `since` (milliseconds; NaN when that is not known). An older one is somebody else's: the next
 * run then says that it is in the way.
 */
export function straysOf(
  { resources, pending }: Pick<StackState, "resources" | "pending">,
  objects: readonly Leftover[],
  since: number,
): Leftover[] {
  const known = knownIds({ resources });
  const wanted = new Set(pending.map(creation));
  return objects.filter(
    ({ kind, name, id, created = "" }) =>
      wanted.has(`${kind} ${name}`) && !known.has(id) && Date.parse(created) >= since,
  );
}

/**
 * Removes what a killed run may have created; the next run creates it. Nobody can use it: a secret is told once, to the
 * run that was killed, and a tunnel that is connected stays. When a service cannot be asked the run goes on: either
 * nothing is in its way, or it says what.
 */
export async function removeStrays(
  site: string,
  state: StackState,
  outside: Outside,
  since: number,
  say: (text: string) => void,
): Promise<void> {
  try {
    for (const stray of straysOf(state, await leftovers(site, outside), since)) {
      say(
        `repair: removing ${stray.kind} ${stray.name} (${stray.id}), created by a killed run and unknown to the state`,
      );
      await remove(stray, outside);
    }
  } catch (error) {
    say(
      `repair: what the killed run left outside could not be removed (${(error as Error).message}); ` +
        "npm run doctor names what is there",
    );
  }
}

async function remove(stray: Leftover, { cloudflare, tailnet }: Outside): Promise<void> {
  if (stray.kind.startsWith("Tailscale")) {
    if (tailnet !== undefined) await new TailscaleApi(tailnet.access).deleteKey(stray.id);
  } else if (cloudflare !== undefined) {
    await removeAtCloudflare(cloudflare, stray);
  }
}
