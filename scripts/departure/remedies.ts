/** Failures of a destroy at Cloudflare that can be put right from here. */
import type { Failure } from "../retry/failures.ts";
import type { Cure, Remedy } from "../retry/retry.ts";

/** How they are put right. */
export interface CloudflareHands {
  /** Drops what cloudflared still holds of the site's tunnel. */
  readonly dropConnections: () => Promise<void>;
  /** Asks again whether a resource exists, and forgets it when not. */
  readonly lookAgain: (urn: string) => Promise<void>;
}

/**
 * A tunnel that still counts connections (1022) is freed of them; an object that is gone already, by hand or because the
 * answer to its deletion was lost, is looked for again.
 */
export function cloudflareRemedy({ dropConnections, lookAgain }: CloudflareHands): Remedy {
  return ({ urn, type, name, op, text }: Failure): Cure | undefined => {
    if (urn === undefined || op !== "delete" || !type.startsWith("cloudflare:")) return undefined;
    if (/"code":\s*1022\b/.test(text)) {
      return {
        kind: "again",
        why: `Cloudflare still counts connections of ${name}; they are dropped first`,
        before: dropConnections,
      };
    }
    if (/\b404 Not Found\b/.test(text)) {
      return {
        kind: "again",
        why: `${name} is gone from Cloudflare already`,
        before: () => lookAgain(urn),
      };
    }
    return undefined;
  };
}
