/** A class of the site, as far as it counts which one a volume gets. */
export interface ClassChoice {
  readonly name: string;
  readonly kind: "block" | "file" | "bucket";
  readonly default: boolean;
}

/** The class that a volume gets: the one that it names, else Kubernetes' default, and of file classes a single one. */
export function classInForce<Class extends ClassChoice>(
  classes: readonly Class[],
  named: string | undefined,
  kind: "block" | "file" = "block",
): Class | undefined {
  if (named !== undefined) return classes.find(({ name }) => name === named);
  if (kind === "block") return classes.find((one) => one.default);
  const [first, ...others] = classes.filter((one) => one.kind === kind);
  return others.length === 0 ? first : undefined;
}
