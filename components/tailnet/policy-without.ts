import type { PolicyPlan } from "./policy-plan.ts";
import { tailnetPolicy } from "./policy.ts";
import { policyTags } from "./tags.ts";

/**
 * The policy's text without one of its sites: what stays in force when that site leaves the tailnet and others do not. What
 * names the site's tags goes too, since a policy may not name a tag that it does not own.
 */
export function policyTextWithout(plan: PolicyPlan, site: string): string {
  const sites = plan.sites.filter(({ name }) => name !== site);
  const gone = policyTags(site);
  return JSON.stringify(without(tailnetPolicy({ ...plan, sites }), gone), undefined, 2);
}

/** Lists of which an entry needs something; one that loses every router of its `via` would hold by any. */
const needed = ["src", "dst", "target", "via"];
const tested = ["accept", "check", "deny"];

function without(value: unknown, gone: readonly string[]): unknown {
  if (Array.isArray(value)) return value.flatMap((item) => kept(item, gone));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !isGone(key, gone))
      .map(([key, inner]): [string, unknown] => [key, without(inner, gone)]),
  );
}

/** An item of a list, or nothing. */
function kept(item: unknown, gone: readonly string[]): readonly unknown[] {
  if (typeof item === "string") return isGone(item, gone) ? [] : [item];
  if (typeof item !== "object" || item === null || Array.isArray(item)) return [item];
  const old = item as Readonly<Record<string, unknown>>;
  const next = without(old, gone) as Readonly<Record<string, unknown>>;
  const lost = needed.some(
    (key) =>
      (typeof old[key] === "string" && isGone(old[key], gone)) ||
      (isEmpty(next[key]) && !isEmpty(old[key])),
  );
  const tests = tested.filter((key) => old[key] !== undefined);
  return lost || (tests.length > 0 && tests.every((key) => isEmpty(next[key]))) ? [] : [next];
}

const isEmpty = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

/** Whether a text names a tag that is gone, also with a port behind it as tests have them. */
const isGone = (text: string, gone: readonly string[]): boolean =>
  gone.some((tag) => text === tag || text.startsWith(`${tag}:`));
