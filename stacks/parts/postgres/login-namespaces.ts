import type { NamespacePlan } from "../../../components/workload/namespace.ts";
import type { PostgresConfig } from "./schema.ts";

/** Namespaces that are made for the logins in them, but for those that are there for items of 1Password. */
export function loginNamespaces(
  { clusters }: PostgresConfig,
  others: readonly NamespacePlan[],
): readonly NamespacePlan[] {
  const wanted = Object.values(clusters).flatMap(({ databases }) =>
    Object.values(databases).flatMap(({ secretIn }) => secretIn),
  );
  return [...new Set(wanted)]
    .filter((name) => !others.some((other) => other.name === name))
    .map((name) => ({ name }));
}
