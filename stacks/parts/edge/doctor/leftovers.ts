/** What a create left behind whose answer was lost: objects that carry the site's name and are not the stack's. */
import type { Leftover, LeftoverKind } from "../../../../components/leftover.ts";
import { ok, warning, type Finding } from "../../../doctor/finding.ts";
import { tokensPlace } from "./service-tokens.ts";

/** Objects at Cloudflare that the state lacks, with how to remove each. */
export function judgeCloudflareLeftovers(
  objects: readonly Leftover[],
  known: ReadonlySet<string>,
): readonly Finding[] {
  const subject = "Cloudflare, leftovers";
  const strays = objects.filter(({ id }) => !known.has(id));
  if (strays.length === 0) return [ok(subject, `all ${objects.length} objects are the stack's`)];
  return strays.map(({ kind, name, id }) => {
    const twin = objects.find(
      (other) => other.kind === kind && other.name === name && known.has(other.id),
    );
    return warning(
      `${kind} ${name}`,
      twin === undefined
        ? `${id} carries this site's name and is not in its state`
        : `exists twice: ${twin.id} is the stack's, ${id} is not; the answer to its creation was lost, or somebody made it`,
      `${places[kind] ?? "remove it in the dashboard"}: ${id}`,
    );
  });
}

/**
 * Where each is deleted in the dashboard.
 * @see https://developers.cloudflare.com/tunnel/advanced/tunnel-tokens/ and
 * https://developers.cloudflare.com/cloudflare-one/access-controls/policies/policy-management/
 */
export const places: Readonly<Partial<Record<LeftoverKind, string>>> = {
  tunnel: "delete it under Networking > Tunnels",
  "DNS record": "delete it under the zone's DNS > Records",
  "Access application": "delete it under Zero Trust > Access controls > Applications",
  "Access policy": "delete it under Zero Trust > Access controls > Policies",
  "Access service token": `delete it under ${tokensPlace}`,
};
