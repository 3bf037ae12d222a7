/** Secrets of 1Password's items: what the operator says of them, and whether they have what their consumers read. */
import { connectCharts, onePasswordNamespace } from "../../../components/secrets/connect-values.ts";
import type { VaultItem } from "../../../components/security/item-field.ts";
import { SecretProblem, Unseen } from "../../../components/security/secret-problem.ts";
import type { Check } from "../../doctor/check.ts";
import { whyNot, type Condition } from "../../doctor/conditions.ts";
import type { ClusterCommand, Examined } from "../../doctor/examined.ts";
import { ok, problem, type Finding } from "../../doctor/finding.ts";
import { kubectl, objects, ofSecret } from "../../doctor/kubectl.ts";
import { chart, type Release } from "../../doctor/releases.ts";
import type { SiteConfig } from "../../schema.ts";
import { itemReader, pathOf, type ReadItem } from "./look.ts";
import type { Operator } from "./schema.ts";

/** The connect chart. */
export function itemReleases({ onePassword }: Pick<SiteConfig, "onePassword">): readonly Release[] {
  if (onePassword?.operator === undefined) return [];
  const version = onePassword.operator.chart;
  return [chart(connectCharts, "connect", version, "homelab:versions.onePasswordConnect")];
}

/** A OnePasswordItem, as far as the doctor looks. */
export interface ItemInForce {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec?: { readonly itemPath?: string };
  readonly status?: {
    readonly conditions?: readonly Condition[];
  };
}

/** A Secret by namespace and name, with the names of its keys. */
export interface KeysInForce {
  readonly namespace: string;
  readonly name: string;
  readonly keys: readonly string[];
}

/** None without an operator. */
export function itemChecks(
  { name, config }: Pick<Examined, "name" | "config">,
  run: ClusterCommand,
  read: ReadItem = itemReader(config.onePassword),
): readonly Check[] {
  const operator = config.onePassword?.operator;
  if (operator === undefined) return [];
  return [
    {
      subject: "1Password items",
      run: async () => {
        const [items, secrets] = await Promise.all([
          objects<ItemInForce>(run, "onepassworditems.onepassword.com"),
          secretKeys(run),
        ]);
        return judgeItems(name, operator.items, items, secrets);
      },
    },
    ...operator.items.map((item) => vaultCheck(item, run, read)),
  ];
}

type Item = Operator["items"][number];

/**
 * The operator is told the title, for a preview may see another vault of that name. Of several items of a title it takes the
 * oldest and says so in its log alone, and of equally old ones now this and now that.
 */
function vaultCheck(item: Item, run: ClusterCommand, read: ReadItem): Check {
  const subject = `item ${item.namespace}/${item.name} in 1Password`;
  return {
    subject,
    run: async () => {
      const [seen, held] = await Promise.all([seenIn(item, read), heldPath(item, run)]);
      return [judgeVault(subject, item, seen, held)];
    },
  };
}

/** The item, or why it cannot be read. */
async function seenIn({ vault, item }: Item, read: ReadItem): Promise<VaultItem | SecretProblem> {
  try {
    return await read(vault, item);
  } catch (error) {
    if (error instanceof SecretProblem) return error;
    throw error;
  }
}

/** Path by ids of the item that the Secret is of; empty without a Secret. */
function heldPath({ namespace, name }: Item, run: ClusterCommand): Promise<string> {
  const path = ".metadata.annotations.operator\\.1password\\.io/item-path";
  return ofSecret(run, namespace, name, path);
}

/** The vault has one item of the title, and the Secret is of that one. */
export function judgeVault(
  subject: string,
  { vault, item }: Pick<Item, "vault" | "item">,
  seen: VaultItem | SecretProblem,
  held: string,
): Finding {
  if (seen instanceof Unseen) return ok(subject, `is not looked at: ${seen.message}`);
  if (seen instanceof SecretProblem)
    return problem(subject, seen.message, "docs/secrets.md says more of it");
  const path = pathOf(seen);
  if (held === "" || path === undefined || held === path)
    return ok(subject, `is "${item}" of vault "${vault}"`);
  const remedy =
    "of several the operator takes the oldest, archived ones too: rename or delete it in 1Password (docs/secrets.md)";
  return problem(
    subject,
    `the Secret is of another item "${item}" of vault "${vault}": ${held}`,
    remedy,
  );
}

/** Values stay in the cluster: a template prints the keys alone. */
const keysTemplate =
  "{{range .items}}{{.metadata.namespace}} {{.metadata.name}}{{range $key, $value := .data}} {{$key}}{{end}}\n{{end}}";

async function secretKeys(run: ClusterCommand): Promise<readonly KeysInForce[]> {
  const lines = await kubectl(run, "get", "secrets", "-A", "-o", `go-template=${keysTemplate}`);
  return lines
    .split("\n")
    .filter(Boolean)
    .map((line) => {
      const [namespace = "", name = "", ...keys] = line.split(" ");
      return { namespace, name, keys };
    });
}

/** Every item of the cluster is Ready and has its Secret, and those of the config have the keys that are expected. */
export function judgeItems(
  site: string,
  expected: Operator["items"],
  items: readonly ItemInForce[],
  secrets: readonly KeysInForce[],
): readonly Finding[] {
  const missing = expected.filter(
    ({ name, namespace }) =>
      !items.some(({ metadata }) => metadata.name === name && metadata.namespace === namespace),
  );
  return [
    ...missing.map(({ name, namespace }) =>
      problem(
        `item ${namespace}/${name}`,
        "is not in the cluster",
        `npm run up -- --stack ${site} --refresh makes it, with its Secret`,
      ),
    ),
    ...items.map((item) => judgeItem(item, expected, secrets)),
  ];
}

function judgeItem(
  { metadata: { name, namespace }, spec, status }: ItemInForce,
  expected: Operator["items"],
  secrets: readonly KeysInForce[],
): Finding {
  const subject = `item ${namespace}/${name}`;
  const path = spec?.itemPath ?? "no item";
  const logs = `kubectl -n ${onePasswordNamespace.name} logs deploy/onepassword-connect-operator; docs/secrets.md`;
  const reason = whyNot(status?.conditions, "Ready", "the operator has not looked at it");
  if (reason !== undefined) return problem(subject, `${path} is no Secret: ${reason}`, logs);
  const secret = secrets.find((one) => one.name === name && one.namespace === namespace);
  // The operator makes a Secret anew only when its item is touched.
  if (secret === undefined) {
    const touch = `kubectl -n ${namespace} annotate onepassworditem ${name} touched=now, and once more touched-`;
    return problem(subject, `${path} is Ready, and its Secret is gone`, touch);
  }
  const wanted = expected.find((one) => one.name === name && one.namespace === namespace);
  const lacks = (wanted?.keys ?? []).filter((key) => !secret.keys.includes(key));
  if (lacks.length > 0) {
    const remedy = "fill in or rename these fields of the item in 1Password: docs/secrets.md";
    return problem(subject, `the Secret of ${path} lacks ${lacks.join(", ")}`, remedy);
  }
  return ok(subject, `${path} is a Secret with ${secret.keys.length} keys`);
}
