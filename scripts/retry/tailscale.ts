/** Failures of Tailscale's API that pass: its provider repeats no call. */
import type { Failure } from "./failures.ts";
import type { Cure } from "./retry.ts";

/** Resources that make something new, with a secret that only the lost answer held. */
const makers =
  /^tailscale:index\/(tailnetKey|oauthClient|federatedIdentity|webhook|service|logstreamConfiguration|awsExternalId):/;

/** Operations that may be repeated on any resource. */
const repeatable = new Set(["delete", "delete-replaced", "read", "refresh", "update", "same"]);

/**
 * 429 is always worth another run: nothing was done. After a 5xx it may have been done: a run may follow where doing it
 * twice changes nothing, which holds for policy, DNS, devices and settings, but not where each call makes a new key.
 */
export function tailscaleRemedy({ type, name, op, text }: Failure): Cure | undefined {
  if (!type.startsWith("tailscale:")) return undefined;
  // The provider ends its errors with the HTTP status: `... injected 429 (429)`.
  const status = [...text.matchAll(/\((\d{3})\)\s*$/gm)].map((found) => Number(found[1])).at(-1);
  if (status === 429) {
    return { kind: "again", why: `Tailscale asks for fewer calls (429, ${name})` };
  }
  if (status === undefined || status < 500) return undefined;
  if (makers.test(type) && !repeatable.has(op ?? "create")) {
    return {
      kind: "advice",
      text:
        `${name}: Tailscale failed (${status}) after it was asked to make a key or client, which may exist now though ` +
        "this stack does not know it. This is not tried again by itself: npm run doctor names what is there without " +
        "belonging to the stack; remove that, then run this again",
    };
  }
  return { kind: "again", why: `Tailscale fails for now (${status}, ${name})` };
}
