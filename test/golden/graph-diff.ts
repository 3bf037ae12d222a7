/** What differs between two graphs of a site: pure calculation over golden files. */

/** One resource of a graph, as the golden files hold it. */
export interface Node {
  readonly type: string;
  readonly name: string;
  readonly [part: string]: unknown;
}

/** One value that differs; undefined on the side that does not have it. */
export interface ValueChange {
  /** Path inside the resource, for example `inputs.disks[0].size`. */
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

export interface GraphDiff {
  readonly added: readonly Node[];
  readonly removed: readonly Node[];
  readonly changed: readonly {
    readonly node: Node;
    readonly changes: readonly ValueChange[];
  }[];
}

const key = ({ type, name }: Node): string => `${type} ${name}`;

/** Compares by type and name, in the order of the graphs, which is sorted. */
export function diffGraphs(before: readonly Node[], after: readonly Node[]): GraphDiff {
  const old = new Map(before.map((node) => [key(node), node]));
  const now = new Map(after.map((node) => [key(node), node]));
  return {
    added: after.filter((node) => !old.has(key(node))),
    removed: before.filter((node) => !now.has(key(node))),
    changed: after.flatMap((node) => {
      const earlier = old.get(key(node));
      if (earlier === undefined) return [];
      const changes = diffValues("", earlier, node);
      return changes.length === 0 ? [] : [{ node, changes }];
    }),
  };
}

/**
 * Leaves that differ below two values. Lists of plain values are compared as sets, those of structures with names by these,
 * others by position.
 */
export function diffValues(path: string, before: unknown, after: unknown): readonly ValueChange[] {
  if (Object.is(before, after)) return [];
  if (Array.isArray(before) && Array.isArray(after)) return diffLists(path, before, after);
  if (!isRecord(before) || !isRecord(after)) return [{ path, before, after }];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name) =>
    diffValues(path === "" ? name : `${path}.${name}`, before[name], after[name]),
  );
}

function diffLists(
  path: string,
  before: readonly unknown[],
  after: readonly unknown[],
): readonly ValueChange[] {
  const plain = [...before, ...after].every((item) => typeof item !== "object" || item === null);
  const named = [byName(before), byName(after)] as const;
  if (!plain && named[0] !== undefined && named[1] !== undefined)
    return diffNamed(path, named[0], named[1]);
  if (!plain) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, index) => index).flatMap((index) =>
      diffValues(`${path}[${index}]`, before[index], after[index]),
    );
  }
  const gone = before.filter((item) => !after.includes(item));
  const come = after.filter((item) => !before.includes(item));
  if (gone.length === 0 && come.length === 0)
    return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ path, before, after }];
  return [
    ...gone.map((item) => ({ path: `${path}[]`, before: item, after: undefined })),
    ...come.map((item) => ({ path: `${path}[]`, before: undefined, after: item })),
  ];
}

function diffNamed(
  path: string,
  before: ReadonlyMap<string, unknown>,
  after: ReadonlyMap<string, unknown>,
): readonly ValueChange[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((name) =>
    diffValues(`${path}[${name}]`, before.get(name), after.get(name)),
  );
}

/** Structures by their names; undefined where one has none, or two have the same. */
function byName(list: readonly unknown[]): ReadonlyMap<string, unknown> | undefined {
  const named = new Map(
    list.flatMap((item) =>
      isRecord(item) && typeof item["name"] === "string" ? [[item["name"], item] as const] : [],
    ),
  );
  return named.size === list.length ? named : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
