/**
 * What 1Password's operator makes of an item: it takes labels for the Secret's keys, and leaves out in silence what it
 * cannot use. The same rules as its own builder, so that a site is told before `up`.
 * @see https://github.com/1Password/onepassword-operator/blob/v1.12.0/pkg/kubernetessecrets/kubernetes_secrets_builder.go
 */
import type { VaultItem } from "../security/item-field.ts";

/** What becomes of one field, website or file of an item. */
interface Part {
  readonly kind: "field" | "website" | "file";
  /** As it stands in 1Password: the label, or the name of the file. */
  readonly label: string;
  /** The key that it is to have; undefined when nothing usable is left of the label. */
  readonly key: string | undefined;
  readonly empty: boolean;
}

/** Most characters of a key (DNS1123SubdomainMaxLength). */
const longestKey = 253;

/** The key that the operator makes of a label; undefined when it leaves the part out. */
export function secretKey(label: string): string | undefined {
  // IsConfigMapKey: what is valid already stays as it is.
  const key = label
    .replaceAll(/^[^a-zA-Z0-9\-._]+|[^a-zA-Z0-9\-._]+$/g, "")
    .replaceAll(/[^a-zA-Z0-9\-._]+/g, "-")
    .slice(0, longestKey);
  return key === "" ? undefined : key;
}

function partsOf({ urls = [], fields = [], files = [] }: VaultItem): readonly Part[] {
  return [
    ...urls.map(({ label = "", href = "" }) => part("website", label, href === "")),
    ...fields.map(({ label = "", value = "" }) => part("field", label, value === "")),
    ...files.map(({ name = "", size = 1 }) => part("file", name, size === 0)),
  ];
}

const part = (kind: Part["kind"], label: string, empty: boolean): Part => ({
  ...{ kind, label, empty },
  key: secretKey(label),
});

/** Keys of the Secret that the operator makes of an item, in order. */
export function secretKeys(item: VaultItem): readonly string[] {
  const keys = partsOf(item).flatMap(({ key, empty }) => (key === undefined || empty ? [] : [key]));
  return [...new Set(keys)].sort();
}

/**
 * Why the Secret of an item would not have one of the expected keys, or would have it of the wrong one of several; with what
 * to do. None of the texts holds a value.
 */
export function keyProblems(item: VaultItem, expected: readonly string[]): readonly KeyProblem[] {
  const parts = partsOf(item);
  return expected.flatMap((key) => {
    const text = keyProblem(
      key,
      parts.filter((one) => one.key === key),
      secretKeys(item),
    );
    return text === undefined ? [] : [{ key, text }];
  });
}

export interface KeyProblem {
  readonly key: string;
  readonly text: string;
}

function keyProblem(
  key: string,
  named: readonly Part[],
  all: readonly string[],
): string | undefined {
  const full = named.filter(({ empty }) => !empty);
  const [first, second] = full;
  if (first === undefined) {
    const [empty] = named;
    if (empty !== undefined)
      return `${shown(empty)} is empty, and the operator leaves out what is empty; fill it in`;
    const known = all.length === 0 ? "none" : all.join(", ");
    return `has no field "${key}": a label is the key, and what is neither letter, digit, "-", "_" nor "." in it becomes "-"; its keys would be: ${known}`;
  }
  // Of several fields the last one counts, a field before a website, and both before a file.
  if (second !== undefined)
    return `${full.map(shown).join(" and ")} become the same key "${key}", and only one of them counts; rename the others (the operator does not look at sections)`;
  return undefined;
}

const shown = ({ kind, label }: Part): string => `${kind} "${label}"`;
