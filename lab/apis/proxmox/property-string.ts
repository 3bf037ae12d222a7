import { parameterError } from "./api-error.ts";

/**
 * Reads a property string of Proxmox: `key=value,key=value`, where the first part may be the value
 * of the default key alone. Empty parts (a trailing comma) are dropped.
 */
export function parseProperties(text: string, defaultKey?: string): Map<string, string> {
  const properties = new Map<string, string>();
  for (const piece of text.split(",")) {
    if (piece === "") continue;
    const at = piece.indexOf("=");
    if (at > 0) properties.set(piece.slice(0, at), piece.slice(at + 1));
    else if (defaultKey !== undefined && !properties.has(defaultKey))
      properties.set(defaultKey, piece);
    else
      throw parameterError({ [defaultKey ?? "value"]: `invalid format - '${piece}' has no key` });
  }
  return properties;
}

/** Writes it back as Proxmox stores it: the default key's value first, the rest by name. */
export function printProperties(properties: ReadonlyMap<string, string>, first?: string): string {
  const rest = [...properties]
    .filter(([key]) => key !== first)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`);
  const head = first === undefined ? undefined : properties.get(first);
  return (head === undefined ? rest : [head, ...rest]).join(",");
}

const units = { K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 } as const;

/** Bytes as Proxmox prints them: the largest unit that divides evenly, `64G`, `20500M`, `1234`. */
export function printSize(bytes: number): string {
  for (const unit of ["T", "G", "M", "K"] as const) {
    if (bytes > 0 && bytes % units[unit] === 0) return `${bytes / units[unit]}${unit}`;
  }
  return String(bytes);
}

/** Bytes of `64G`, `20.5G` or a plain number; undefined for anything else. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([KMGT])?$/.exec(text);
  if (match === null) return undefined;
  const factor = match[2] === undefined ? 1 : units[match[2] as keyof typeof units];
  return Math.round(Number(match[1]) * factor);
}
