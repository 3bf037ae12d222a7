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
  | { readonly kind: "network"; readonly network: IpNetwork };

/** Kinds and autogroups that are allowed at a place of the policy. */
export interface Allowed {
  readonly kinds: readonly Selector["kind"][];
  readonly autogroups: readonly string[];
}

const roles = ["admin", "owner", "member"];
const people: Selector["kind"][] = ["user", "domain", "group", "autogroup"];

/** What each place of a policy may name. */
export const allowedAt = {
  source: {
    kinds: ["any", ...people, "tag", "network"],
    autogroups: [...roles, "tagged"],
  },
  destination: {
    kinds: ["any", ...people, "tag", "network"],
    autogroups: [...roles, "tagged", "self", "internet"],
  },
  owner: { kinds: [...people, "tag"], autogroups: roles },
  sshSource: { kinds: [...people, "tag"], autogroups: [...roles, "tagged"] },
  sshDestination: { kinds: ["user", "tag", "autogroup"], autogroups: ["self", "tagged", "member"] },
  testSource: { kinds: ["user", "group", "tag", "network"], autogroups: [] },
  testDestination: { kinds: ["user", "group", "tag", "network"], autogroups: [] },
} as const satisfies Record<string, Allowed>;

type Names = Pick<PolicyForm, "groups" | "hosts" | "tagOwners">;

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

function resolve(text: string, place: string, { groups, hosts, tagOwners }: Names): Selector {
  if (text === "*") return { kind: "any" };
  if (text.startsWith("autogroup:"))
    return { kind: "autogroup", name: text.slice("autogroup:".length) };
  if (text.startsWith("group:")) {
    const members = groups[text];
    if (members === undefined) throw new ApiError(400, `${place}: group not found: "${text}"`);
    return { kind: "group", members };
  }
  if (text.startsWith("tag:")) {
    if (tagOwners[text] === undefined)
      throw new ApiError(400, `${place}: tag not found: "${text}"`);
    return { kind: "tag", tag: text };
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
