import ipaddr from "ipaddr.js";
import { invalidRequest } from "./collection.ts";
import { isDnsName } from "./dns-names.ts";
import { isObject, type JsonObject } from "./json.ts";
import type { State } from "./store.ts";
import type { AccessRule } from "./world.ts";

/** The lists of rules that policies and groups have. */
export const ruleLists = ["include", "exclude", "require"] as const;

/** What a selector's members must be; throws what is wrong. */
const selectors: Readonly<Record<string, (value: JsonObject, state: State) => string | undefined>> =
  {
    email: ({ email }) => (isEmail(email) ? undefined : "email.email must be an e-mail address"),
    email_domain: ({ domain }) =>
      typeof domain === "string" && isDnsName(domain)
        ? undefined
        : "email_domain.domain must be a domain",
    everyone: () => undefined,
    any_valid_service_token: () => undefined,
    ip: ({ ip }) => (isNetwork(ip) ? undefined : "ip.ip must be an address or a network"),
    service_token: ({ token_id: id }, { serviceTokens }) =>
      typeof id === "string" && Object.hasOwn(serviceTokens, id)
        ? undefined
        : "service_token.token_id names no service token",
    group: ({ id }, { groups }) =>
      typeof id === "string" && Object.hasOwn(groups, id) ? undefined : "group.id names no group",
  };

/**
 * Checks a list of rules in Cloudflare's form: each an object with one selector. Nothing is changed.
 * @throws 400 for selectors that the lab's edge cannot decide by, wrong values, and ids of nothing.
 */
export function checkRules(rules: readonly JsonObject[], where: string, state: State): void {
  for (const [index, rule] of rules.entries()) {
    const [selector = "", ...more] = Object.keys(rule);
    const at = `${where}.${index}`;
    if (more.length > 0) throw invalidRequest(`${at}: a rule has one selector`);
    const check = Object.hasOwn(selectors, selector) ? selectors[selector] : undefined;
    if (check === undefined)
      throw invalidRequest(
        `${at}: the lab's edge does not decide by '${selector}', only by ${Object.keys(selectors).join(", ")}`,
      );
    const value = rule[selector];
    const wrong = isObject(value) ? check(value, state) : `${selector} must be an object`;
    if (wrong !== undefined) throw invalidRequest(`${at}: ${wrong}`);
  }
}

/** The group that a rule names, if it names one. */
export function groupOf(rule: AccessRule): string | undefined {
  return (rule.group as { id?: string } | undefined)?.id;
}

/** The service token that a rule names, if it names one. */
export function serviceTokenOf(rule: AccessRule): string | undefined {
  return (rule.service_token as { token_id?: string } | undefined)?.token_id;
}

/** One of the lists of a policy or group; empty when it has none. */
export function rulesOf(
  value: JsonObject,
  list: (typeof ruleLists)[number],
): readonly AccessRule[] {
  return (value[list] ?? []) as readonly AccessRule[];
}

/** The rules with the include rules of each group in the group's place. */
export function withoutGroups(rules: readonly AccessRule[], { groups }: State): AccessRule[] {
  return rules.flatMap((rule) => {
    const id = groupOf(rule);
    if (id === undefined) return [rule];
    const group = groups[id];
    return group === undefined ? [] : rulesOf(group.value, "include");
  });
}

/**
 * Checks that a group stands for a plain list wherever it is named: the edge knows no groups.
 * @throws 400 for a group with conditions of its own, and for one of several rules that is required as a whole.
 */
export function checkGroupUse(
  policy: JsonObject,
  groups: Readonly<Record<string, JsonObject>>,
): void {
  for (const list of ruleLists)
    for (const rule of rulesOf(policy, list)) {
      const group = groups[groupOf(rule) ?? ""];
      if (group === undefined) continue;
      if (rulesOf(group, "exclude").length + rulesOf(group, "require").length > 0)
        throw invalidRequest(`${list}: the lab does not resolve groups that exclude or require`);
      if (list === "require" && rulesOf(group, "include").length > 1)
        throw invalidRequest(`${list}: the lab does not resolve a required group of several rules`);
    }
}

function isEmail(value: unknown): boolean {
  return typeof value === "string" && /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value);
}

function isNetwork(value: unknown): boolean {
  return typeof value === "string" && (ipaddr.isValidCIDR(value) || ipaddr.isValid(value));
}
