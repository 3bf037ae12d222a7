/** Whether the OAuth client that the stack works with may do all that it must: reading proves nothing of that. */
import { ok, problem, type Finding } from "../../../doctor/finding.ts";
import { lackingScopes, strangeScopes } from "../scopes.ts";

/** Judges what a client holds. */
export function judgeScopes(
  held: readonly string[] | undefined,
  needed: readonly string[],
): Finding {
  const subject = "tailnet, scopes to write";
  if (held === undefined) return ok(subject, "Tailscale does not tell what the client holds");
  const lacking = lackingScopes(held, needed);
  if (lacking === undefined)
    return ok(
      subject,
      `the client holds scopes of another form: ${strangeScopes(held).join(", ")}`,
    );
  if (lacking.length === 0) return ok(subject, "the client holds all that the stack needs");
  return problem(
    subject,
    `the OAuth client lacks ${lacking.join(", ")}`,
    "give it what docs/tailnet.md lists: admin console > Settings > Trust credentials",
  );
}
