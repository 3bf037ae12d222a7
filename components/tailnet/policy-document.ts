import { isDeepStrictEqual } from "node:util";
import { commentsOf, parseHuJson } from "./hujson.ts";

/** A policy file's sections by the names that Tailscale's documentation gives them. */
export type PolicyDocument = Readonly<Record<string, unknown>>;

/** Sections of a policy file (https://tailscale.com/kb/1337/policy-syntax). */
const sections = [
  ...["groups", "hosts", "ipsets", "postures", "defaultSrcPosture", "tagOwners", "autoApprovers"],
  ...["acls", "grants", "ssh", "nodeAttrs", "tests", "sshTests", "randomizeClientPort"],
  ...["derpMap", "disableIPv4", "OneCGNATRoute"],
];

/** What an approval is of. */
const approvals = ["routes", "exitNode", "services"];

/** Reads a policy file; Tailscale takes the names of its sections in any case. Throws when it is no object in HuJSON. */
export function readPolicy(text: string): PolicyDocument {
  const document = named(parse(text), sections);
  const { autoApprovers } = document;
  return isObject(autoApprovers)
    ? { ...document, autoApprovers: named(autoApprovers, approvals) }
    : document;
}

function parse(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = parseHuJson(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`homelab:tailnet: the tailnet's policy cannot be read as HuJSON: ${reason}`);
  }
  if (isObject(value)) return value;
  throw new Error("homelab:tailnet: the tailnet's policy is no object");
}

function named(
  given: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(given).map(([key, value]) => [
      names.find((name) => name.toLowerCase() === key.toLowerCase()) ?? key,
      value,
    ]),
  );
}

/**
 * Whether two policy files say the same, to Tailscale and to people: their comments count, their form does not.
 * Tailscale's server formats what is posted (tailscale issue 4304).
 */
export function samePolicy(a: string, b: string): boolean {
  return (
    a.trim() === b.trim() ||
    (isDeepStrictEqual(readPolicy(a), readPolicy(b)) &&
      isDeepStrictEqual(commentsOf(a), commentsOf(b)))
  );
}

/**
 * What only one of two policy files has, one entry a line and each with its place: `- ` before what is in `before` only,
 * `+ ` before what is in `after` only. Empty when they say the same.
 */
export function policyDifference(before: string, after: string): string {
  const comments = listDifference("", commentsOf(before), commentsOf(after), (text) => text);
  return [...difference("", readPolicy(before), readPolicy(after)), ...comments].join("\n");
}

function difference(place: string, before: unknown, after: unknown): readonly string[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (Array.isArray(before) && Array.isArray(after)) {
    return listDifference(`${place}: `, before, after, (item) => JSON.stringify(item));
  }
  if (!isObject(before) || !isObject(after)) {
    return [...entry("-", place, before), ...entry("+", place, after)];
  }
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.flatMap((key) =>
    difference(place === "" ? key : `${place}.${key}`, before[key], after[key]),
  );
}

/** Something that only one side has; of a section, each of its entries. */
function entry(mark: "-" | "+", place: string, value: unknown): readonly string[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.length > 0) {
    return value.map((item) => `${mark} ${place}: ${JSON.stringify(item)}`);
  }
  if (isObject(value) && Object.keys(value).length > 0) {
    return Object.entries(value).flatMap(([key, inner]) => entry(mark, `${place}.${key}`, inner));
  }
  return [`${mark} ${place}: ${JSON.stringify(value)}`];
}

function listDifference<T>(
  place: string,
  before: readonly T[],
  after: readonly T[],
  written: (item: T) => string,
): readonly string[] {
  const without = (items: readonly T[], others: readonly T[]): readonly T[] => {
    const rest = [...others];
    return items.filter((item) => {
      const at = rest.findIndex((other) => isDeepStrictEqual(item, other));
      if (at !== -1) rest.splice(at, 1);
      return at === -1;
    });
  };
  const [gone, come] = [without(before, after), without(after, before)];
  if (gone.length + come.length === 0 && !isDeepStrictEqual(before, after)) {
    return [`~ ${place}the same entries in another order`];
  }
  return [
    ...gone.map((item) => `- ${place}${written(item)}`),
    ...come.map((item) => `+ ${place}${written(item)}`),
  ];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
