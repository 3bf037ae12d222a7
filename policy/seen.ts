import { Secret, UnknownValueError } from "@pulumi/policy";

/** A value that only the deployment itself will know: an output of something that a preview does not make. */
export const unknown: unique symbol = Symbol("unknown");

/** A value that the engine treats as secret: encrypted in the state, hidden in what it prints. */
export class Hidden {
  readonly value: Seen;

  constructor(value: Seen) {
    this.value = value;
  }
}

/** An input of a resource as a rule sees it. */
export type Seen =
  string | number | boolean | null | typeof unknown | Hidden | readonly Seen[] | SeenMap;

export interface SeenMap {
  readonly [key: string]: Seen;
}

/** Inputs that the engine handed to a policy, which are proxies that throw at unknown values. */
export function seenInputs(props: object): SeenMap {
  return Object.fromEntries(Object.keys(props).map((key) => [key, look(props, key)]));
}

/** The value below its mark of secrecy. */
export function bare(value: Seen | undefined): Exclude<Seen, Hidden> | undefined {
  return value instanceof Hidden ? bare(value.value) : value;
}

/** The value at a path, whether secret or not; undefined where there is nothing, unknown below what is unknown. */
export function at(
  value: Seen | undefined,
  ...path: readonly string[]
): Exclude<Seen, Hidden> | undefined {
  const here = bare(value);
  const [key, ...rest] = path;
  if (key === undefined || here === unknown) return here;
  return isMap(here) ? at(here[key], ...rest) : undefined;
}

export function isMap(value: Seen | undefined): value is SeenMap {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Hidden)
  );
}

/** The elements of a list, whether secret or not; none where there is no list. */
export function elements(value: Seen | undefined): readonly Seen[] {
  const here = bare(value);
  return Array.isArray(here) ? (here as readonly Seen[]) : [];
}

/** The fields of a map, whether secret or not; none where there is no map. */
export function fields(value: Seen | undefined): readonly (readonly [string, Seen])[] {
  const here = bare(value);
  return isMap(here) ? Object.entries(here) : [];
}

/** A text, whether secret or not; undefined for anything else. */
export function text(value: Seen | undefined): string | undefined {
  const here = bare(value);
  return typeof here === "string" ? here : undefined;
}

function look(holder: object, key: string): Seen {
  // Reading takes secrecy away; the property's own descriptor still has it.
  const own: unknown = Object.getOwnPropertyDescriptor(holder, key)?.value;
  const value = read(holder, key);
  return own instanceof Secret ? new Hidden(value) : value;
}

function read(holder: object, key: string): Seen {
  let value: unknown;
  try {
    value = (holder as Readonly<Record<string, unknown>>)[key];
  } catch (error) {
    if (error instanceof UnknownValueError) return unknown;
    throw error;
  }
  if (Array.isArray(value)) {
    const list: readonly unknown[] = value;
    // The methods of a list fail on the proxy of one.
    return Array.from({ length: list.length }, (_, i) => look(list, String(i)));
  }
  if (typeof value === "object" && value !== null) return seenInputs(value);
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
    return value;
  }
  return null;
}
