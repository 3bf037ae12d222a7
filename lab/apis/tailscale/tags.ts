import { ApiError } from "./api-error.ts";
import type { Policy } from "./policy-document.ts";

/**
 * Checks that tags may be given to a key, a client or a device: the policy must know them, and an
 * actor that has tags itself may only give those and the ones that they own
 * (https://tailscale.com/kb/1215/oauth-clients).
 * @param actorTags empty for an actor that may give every tag.
 * @throws ApiError 400
 */
export function requireTags(
  policy: Policy,
  actorTags: readonly string[],
  requested: readonly string[],
): void {
  const permitted = (tag: string): boolean => {
    const owners = policy.tagOwners.get(tag);
    if (owners === undefined) return false;
    if (actorTags.length === 0 || actorTags.includes(tag)) return true;
    return owners.some((owner) => owner.kind === "tag" && actorTags.includes(owner.tag));
  };
  if (!requested.every(permitted)) throw invalidTags(requested);
}

/** What the API says of tags that may not be given. */
export const invalidTags = (requested: readonly string[]): ApiError =>
  new ApiError(400, `requested tags [${requested.join(" ")}] are invalid or not permitted`);
