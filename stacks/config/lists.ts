import type { Problem } from "../../components/problem.ts";

/** Values of a field that an earlier entry of the list has too. */
export function unique(
  list: string,
  field: string,
  values: readonly (string | number)[],
): readonly Problem[] {
  return values.flatMap((value, i) => {
    const first = values.indexOf(value);
    if (first === i) return [];
    return [
      {
        path: `${list}[${i}].${field}`,
        text: `${value} is already used by ${list}[${first}]; choose another`,
      },
    ];
  });
}

/** A name that is none of `list`, which has `names`. */
export function known(
  path: string,
  name: string,
  names: ReadonlySet<string>,
  list: string,
): readonly Problem[] {
  if (names.has(name)) return [];
  return [
    { path, text: `${name} is not in ${list}; known are ${[...names].join(", ") || "none"}` },
  ];
}

/** Names of a list that stand in it before. */
export function repeated(path: string, names: readonly string[]): readonly Problem[] {
  return names.flatMap((name, i) =>
    names.indexOf(name) === i
      ? []
      : [{ path: `${path}[${i}]`, text: `${name} is already in the list; remove the repetition` }],
  );
}
