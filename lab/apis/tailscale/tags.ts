import { ApiError } from "./api-error.ts";
import type { Policy } from "./policy-document.ts";

/**
 * Checks that tags may be given to a key, a client or a device: the policy must know them, and an
 * actor that has tags itself may only give all of those together, or such as they own
 * (https://tailscale.com/kb/1215/oauth-clients; tailscale/github-action: "all tags on the OAuth
 * client must match all tags specified here"; terraform-provider-tailscale issue 437).
 * @param actorTags empty for an actor that may give every tag.
 * @throws ApiError 400
 */
export function requireTags(
  policy: Policy,
  actorTags: readonly string[],
  requested: readonly string[],
): void {
  const known = requested.every((tag) => policy.tagOwners.has(tag));
  if (!known || !mayGive(policy, actorTags, requested)) throw invalidTags(requested);
}

/** Whether an actor's tags let it give others. */
export function mayGive(
  policy: Policy,
  actorTags: readonly string[],
  requested: readonly string[],
): boolean {
  if (actorTags.length === 0) return true;
  const all = [actorTags, requested].map((tags) => [...new Set(tags)].sort().join(" "));
  return (
    all[0] === all[1] ||
    requested.every((tag) =>
      policy.tagOwners
        .get(tag)
        ?.some((owner) => owner.kind === "tag" && actorTags.includes(owner.tag)),
    )
  );
}

/** What the API says of tags that may not be given. */
export const invalidTags = (requested: readonly string[]): ApiError =>
  new ApiError(400, `requested tags [${requested.join(" ")}] are invalid or not permitted`);
