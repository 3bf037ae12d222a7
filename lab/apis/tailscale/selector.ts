import { ApiError } from "./api-error.ts";
import { parseIpNetwork, type IpNetwork } from "./ip-network.ts";
import type { PolicyForm } from "./policy-form.ts";

/** Who or what a rule speaks of. */
export type Selector =
  | { readonly kind: "any" }
  | { readonly kind: "user"; readonly email: string }
  | { readonly kind: "domain"; readonly domain: string }
  | { readonly kind: "group"; readonly members: readonly string[] }
  | { readonly kind: "tag"; readonly tag: string }
  | { readonly kind: "autogroup"; readonly name: string }
  | { readonly kind: "network"; readonly network: IpNetwork }
  | {
      readonly kind: "ipset";
      readonly added: readonly IpNetwork[];
      readonly removed: readonly IpNetwork[];
    };

/** Kinds and autogroups that are allowed at a place of the policy. */
export interface Allowed {
  readonly kinds: readonly Selector["kind"][];
  readonly autogroups: readonly string[];
}

const roles = [
  ...["admin", "owner", "member", "it-admin", "network-admin", "billing-admin", "auditor"],
];
const people: Selector["kind"][] = ["user", "domain", "group", "autogroup"];

/** What each place of a policy may name. */
export const allowedAt = {
  source: {
    kinds: ["any", ...people, "tag", "network", "ipset"],
    autogroups: [...roles, "tagged", "shared", "danger-all"],
  },
  destination: {
    kinds: ["any", ...people, "tag", "network", "ipset"],
    autogroups: [...roles, "tagged", "self", "internet"],
  },
  owner: { kinds: [...people, "tag"], autogroups: roles },
  sshSource: { kinds: [...people, "tag"], autogroups: [...roles, "tagged"] },
  sshDestination: { kinds: ["user", "tag", "autogroup"], autogroups: ["self", "tagged", "member"] },
  sshTestDestination: { kinds: ["user", "tag", "network"], autogroups: [] },
  testSource: { kinds: ["user", "group", "tag", "network"], autogroups: [] },
  testDestination: { kinds: ["user", "group", "tag", "network"], autogroups: [] },
} as const satisfies Record<string, Allowed>;

type Names = Pick<PolicyForm, "groups" | "hosts" | "ipsets" | "tagOwners">;

/**
 * Reads a selector and looks its names up.
 * @param place where it stands, for the error: `grants[0].src[1]`.
 * @throws ApiError 400 when it is malformed, names what the policy lacks, or is not allowed there.
 */
export function readSelector(
  text: string,
  place: string,
  allowed: Allowed,
  policy: Names,
): Selector {
  const selector = resolve(text, place, policy);
  const fits =
    selector.kind === "autogroup"
      ? allowed.kinds.includes("autogroup") && allowed.autogroups.includes(selector.name)
      : allowed.kinds.includes(selector.kind);
  if (!fits) throw new ApiError(400, `${place}: "${text}" is not allowed here`);
  return selector;
}

function resolve(text: string, place: string, names: Names): Selector {
  const { groups, hosts, ipsets, tagOwners } = names;
  if (text === "*") return { kind: "any" };
  if (text.startsWith("autogroup:"))
    return { kind: "autogroup", name: text.slice("autogroup:".length) };
  if (text.startsWith("group:")) {
    // An identity provider syncs a group of this form; nobody known to the lab is in it.
    const members = groups[text] ?? (/^group:[^\s@]+@[^\s@]+$/.test(text) ? [] : undefined);
    if (members === undefined) throw new ApiError(400, `${place}: group not found: "${text}"`);
    return { kind: "group", members };
  }
  if (text.startsWith("tag:")) {
    if (tagOwners[text] === undefined)
      throw new ApiError(400, `${place}: tag not found: "${text}"`);
    return { kind: "tag", tag: text };
  }
  if (text.startsWith("svc:"))
    throw new ApiError(501, `${place}: the lab has none of Tailscale's Services, as "${text}"`);
  if (text.startsWith("ipset:")) {
    const entries = ipsets[text];
    if (entries === undefined) throw new ApiError(400, `${place}: ipset not found: "${text}"`);
    return readIpset(entries, text, names);
  }
  if (text.startsWith("user:*@")) return { kind: "domain", domain: text.slice("user:*@".length) };
  if (isEmail(text)) return { kind: "user", email: text };
  const network = readNetwork(hosts[text] ?? text, place);
  if (network === undefined)
    throw new ApiError(
      400,
      `${place}: "${text}" is no user, group, tag, autogroup, host of this policy, or address`,
    );
  return { kind: "network", network };
}

/**
 * An IP set (https://tailscale.com/kb/1387/ipsets): addresses, prefixes and hosts, each with `add` or `remove` before it.
 * @throws ApiError 400; 501 for ranges and sets inside sets.
 */
export function readIpset(
  entries: readonly string[],
  name: string,
  { hosts }: Pick<Names, "hosts">,
): Selector & { kind: "ipset" } {
  const read = entries.map((entry) => {
    const [, action = "add", target = ""] = /^(?:(add|remove) +)?(\S+)$/.exec(entry) ?? [];
    if (/^ipset:|-/.test(target))
      throw new ApiError(501, `ipsets.${name}: the lab does not support "${entry}"`);
    const network = readNetwork(hosts[target.replace(/^host:/, "")] ?? target, `ipsets.${name}`);
    if (network === undefined)
      throw new ApiError(400, `ipsets.${name}: "${entry}" is no address, prefix or host`);
    return { action, network };
  });
  const of = (wanted: string): IpNetwork[] =>
    read.filter(({ action }) => action === wanted).map(({ network }) => network);
  return { kind: "ipset", added: of("add"), removed: of("remove") };
}

/** Whether a text is a user's login name. */
export const isEmail = (text: string): boolean => /^[^\s@:*]+@[^\s@:*]+$/.test(text);

/** `parseIpNetwork` with its error as the API's. */
export function readNetwork(text: string, place: string): IpNetwork | undefined {
  try {
    return parseIpNetwork(text);
  } catch (error) {
    throw new ApiError(400, `${place}: ${(error as Error).message}`);
  }
}
