import { log, RunError } from "@pulumi/pulumi";
import type { Problem } from "../../../components/problem.ts";
import { keyProblems } from "../../../components/secrets/secret-keys.ts";
import type { VaultItem } from "../../../components/security/item-field.ts";
import { SecretProblem, Unseen } from "../../../components/security/secret-problem.ts";
import { openVaults, type Vaults } from "../../../components/security/vaults.ts";
import { describeProblems } from "../../config/problem.ts";
import { secretSources } from "../../config/secret-sources.ts";
import type { SiteFile } from "../../open-site.ts";
import type { Operator } from "./schema.ts";

/** Reads an item through the program's own login. Throws a SecretProblem. */
export type ReadItem = (vault: string, item: string) => Promise<VaultItem>;

/** Paths of items by their ids, in the config's order; undefined where the program may not look. */
export type FoundItems = readonly (string | undefined)[];

/**
 * Looks at the items that the operator is to make Secrets of, as far as the program's own login goes: what the operator
 * would leave out in silence is told before anything is changed. Throws one RunError that names every field.
 */
export async function findItems(
  { name, config }: SiteFile,
  read: ReadItem = itemReader(config.onePassword),
): Promise<FoundItems> {
  const items = config.onePassword?.operator?.items ?? [];
  const looked = await Promise.all(items.map((item, i) => look(item, i, read)));
  const problems = looked.flatMap(({ problems: some }) => some);
  if (problems.length > 0) throw new RunError(describeProblems(name, problems));
  return looked.map(({ found }) => found);
}

interface Looked {
  readonly problems: readonly Problem[];
  readonly found?: string;
}

async function look(
  { vault, item, keys }: Operator["items"][number],
  i: number,
  read: ReadItem,
): Promise<Looked> {
  const path = `homelab:onePassword.operator.items[${i}]`;
  try {
    const seen = await read(vault, item);
    const problems = keyProblems(seen, keys).map(({ key, text }) => ({
      path: `${path}.keys[${keys.indexOf(key)}]`,
      text: `item "${item}" of vault "${vault}": ${text}`,
    }));
    const found = pathOf(seen);
    return found === undefined ? { problems } : { problems, found };
  } catch (error) {
    if (error instanceof Unseen) {
      void log.info(`${path}: cannot be looked at before it is made: ${error.message}`);
      return { problems: [] };
    }
    if (!(error instanceof SecretProblem)) throw error;
    return { problems: [{ path: `${path}.item`, text: error.message }] };
  }
}

/** Path of an item by its ids, as the operator writes it on the Secret; undefined where it has none. */
export function pathOf({ id, vault }: VaultItem): string | undefined {
  return id === undefined || vault?.id === undefined ? undefined : `vaults/${vault.id}/items/${id}`;
}

/** Opened by the first item: a site without items has nothing to open. */
export function itemReader(onePassword: Parameters<typeof secretSources>[0]): ReadItem {
  let opened: Promise<Vaults> | undefined;
  return async (vault, item) => {
    opened ??= openVaults(secretSources(onePassword));
    return (await opened).item(vault, item);
  };
}
