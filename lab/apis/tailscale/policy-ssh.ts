import { ApiError } from "./api-error.ts";
import type { PolicyForm } from "./policy-form.ts";
import { allowedAt, readSelector, type Selector } from "./selector.ts";

/**
 * Checks the `ssh` section (https://tailscale.com/kb/1193/tailscale-ssh#configure-tailscale-ssh).
 * The lab's devices run no Tailscale SSH: rules and their tests are kept, not enforced.
 * @throws ApiError 400
 */
export function checkSsh(form: PolicyForm): void {
  for (const [index, rule] of form.ssh.entries()) {
    const at = `ssh[${index}]`;
    const sources = rule.src.map((text, item) =>
      readSelector(text, `${at}.src[${item}]`, allowedAt.sshSource, form),
    );
    const destinations = rule.dst.map((text, item) =>
      readSelector(text, `${at}.dst[${item}]`, allowedAt.sshDestination, form),
    );
    checkDirections(sources, destinations, at);
    if (rule.action === "check" && sources.some(isTagged))
      throw new ApiError(400, `${at}: action check needs people as src; a tag cannot log in again`);
    if (rule.checkPeriod !== undefined) checkPeriod(rule.checkPeriod, rule.action, at);
    for (const user of rule.users) checkUser(user, at);
  }
  for (const [index, test] of form.sshTests.entries()) {
    const at = `sshTests[${index}]`;
    readSelector(test.src, `${at}.src`, allowedAt.sshSource, form);
    for (const [item, text] of test.dst.entries())
      readSelector(text, `${at}.dst[${item}]`, allowedAt.sshTestDestination, form);
  }
}

const isTagged = (selector: Selector): boolean =>
  selector.kind === "tag" || (selector.kind === "autogroup" && selector.name === "tagged");

function checkDirections(
  sources: readonly Selector[],
  destinations: readonly Selector[],
  at: string,
): void {
  const personal = destinations.some((selector) => !isTagged(selector));
  if (personal && sources.some(isTagged))
    throw new ApiError(400, `${at}: a tag as src reaches tags only, not people's devices`);
  for (const destination of destinations)
    if (
      destination.kind === "user" &&
      !sources.every((source) => source.kind === "user" && source.email === destination.email)
    )
      throw new ApiError(400, `${at}: a user as dst needs the same user as the only src`);
}

function checkPeriod(period: string, action: string, at: string): void {
  if (action !== "check") throw new ApiError(400, `${at}: checkPeriod is for action check only`);
  const [, amount = "", unit = ""] = /^([0-9]+)(m|h)$/.exec(period) ?? [];
  const minutes = Number(amount) * (unit === "h" ? 60 : 1);
  if (period !== "always" && (amount === "" || minutes < 1 || minutes > 168 * 60))
    throw new ApiError(400, `${at}: invalid checkPeriod "${period}"; use always, or 1m to 168h`);
}

function checkUser(user: string, at: string): void {
  const known = /^autogroup:nonroot$|^localpart:\*@[^\s@]+$|^[a-z_][a-z0-9_.-]*\$?$/i;
  if (!known.test(user)) throw new ApiError(400, `${at}: invalid SSH user "${user}"`);
}
