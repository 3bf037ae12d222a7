import { ApiError } from "./api-error.ts";

const label = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i;

/** A DNS name without a closing dot: labels of at most 63, 253 in all; `*` may be the first label. */
export function isDnsName(name: string): boolean {
  const [first = "", ...rest] = name.split(".");
  if (name.length > 253) return false;
  return (first === "*" && rest.length > 0 ? rest : [first, ...rest]).every((one) =>
    label.test(one),
  );
}

/**
 * The name in full: `@` is the zone, and what does not end in the zone's name is taken as relative to it.
 * @throws 400 when it is no DNS name.
 */
export function qualifiedName(name: string, zone: string): string {
  const bare = name.replace(/\.$/, "");
  const full = bare === "@" ? zone : inside(bare, zone) ? bare : `${bare}.${zone}`;
  if (!isDnsName(full)) throw new ApiError(400, 9000, "DNS name is invalid.");
  return full;
}

function inside(name: string, zone: string): boolean {
  const lower = name.toLowerCase();
  return lower === zone || lower.endsWith(`.${zone}`);
}

/** Whether two names, closing dots and case aside, are one. */
export function sameName(one: string, other: string): boolean {
  const plain = (name: string): string => name.replace(/\.$/, "").toLowerCase();
  return plain(one) === plain(other);
}
