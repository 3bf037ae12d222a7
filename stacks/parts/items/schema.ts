import { z } from "zod";
import { connectVersions } from "../../../components/definitions/one-password.ts";
import { titlePattern } from "../../../components/security/secret-ref.ts";
import type { NamespacePlan } from "../../../components/workload/namespace.ts";
import type { Derivation } from "../../config/derivation.ts";
import { label } from "../../config/forms.ts";
import { secretRef, type SecretForm } from "../../config/secret-ref.ts";
import { pinned } from "../definitions/pinned.ts";
import type { Versions } from "../versions/schema.ts";

/** The file that `op connect server create` writes; its second version is the one that Connect reads. */
const credentialsFile: SecretForm = {
  pattern: /^\s*\{(?=[\s\S]*"encCredentials")(?=[\s\S]*"uniqueKey")[\s\S]*\}\s*$/,
  text:
    "is read, but is no 1password-credentials.json; keep the file as it is, from `{` to `}`, and not its base64 " +
    "(`op connect server create` writes it)",
};

/**
 * A service account's token would not do: the operator asks for each item at each look, which is more in a day than an
 * account of a family or a team may ask (https://developer.1password.com/docs/service-accounts/rate-limits/).
 */
const connectToken: SecretForm = {
  pattern: /^(?!ops_)[\x21-\x7e]+$/,
  text:
    "is read, but is no access token of a Connect server (`op connect token create`); a service account's, ops_..., is for " +
    "homelab:onePassword.serviceAccount",
};

const itemForm = new RegExp(`^op://(${titlePattern})/(${titlePattern})$`);

const item = z.strictObject({
  name: label.meta({ description: "Name of the Secret", examples: ["guest-wifi"] }),
  namespace: label.meta({
    description: "Its namespace, which is made for the items in it",
    examples: ["household"],
  }),
  item: z
    .string()
    .regex(itemForm, "use vault and item, by title or id, such as op://Homelab/Guest Wi-Fi")
    .meta({ description: "The item, whole", examples: ["op://Homelab/Guest Wi-Fi"] }),
  keys: z
    .array(
      z
        .string()
        .regex(/^(?!\.\.)[A-Za-z0-9._-]{1,253}$/, 'use a key of letters, digits, "-", "_" and "."'),
    )
    .min(1, "name the keys that the Secret's consumers read")
    .meta({
      description:
        "Keys that the Secret must have: labels of the item's fields, names of its files",
      examples: [["ssid", "password"]],
    }),
  type: z
    .string()
    .regex(/^[a-z0-9.-]+\/[a-z0-9.-]+$/, "use a type such as kubernetes.io/basic-auth")
    .optional()
    .meta({
      description: "Type of the Secret; `Opaque` when left out",
      examples: ["kubernetes.io/basic-auth"],
    }),
});

/** Connect and its operator in the cluster. */
export const operator = z
  .strictObject({
    credentials: secretRef(
      "The file 1password-credentials.json of a Connect server, in a field of an item or in the encrypted config",
      "op://Homelab/Connect/credentials",
      credentialsFile,
    ),
    token: secretRef(
      "Access token of that server for the operator",
      "op://Homelab/Connect/operator-token",
      connectToken,
    ),
    pollSeconds: z
      .int()
      .min(10)
      .max(86_400)
      .default(60)
      .describe("Seconds between two looks for changed items"),
    everywhere: z
      .boolean()
      .default(true)
      .describe(
        "Whether the operator serves every namespace, and may read and change all Secrets; otherwise only those of `items`",
      ),
    items: z
      .array(item)
      .default([])
      .describe("Items as Secrets, for what is deployed by others in namespaces of their own"),
  })
  .describe("1Password's operator, which keeps Secrets of the cluster as items are");

/** The operator with its version, and its items with vault and title apart. */
export function deriveOperator(
  { items, ...rest }: z.infer<typeof operator>,
  { onePasswordConnect }: Versions,
  derivation: Derivation,
) {
  return {
    ...rest,
    chart: pinned(
      {
        key: "onePasswordConnect",
        version: onePasswordConnect,
        known: connectVersions,
        unknown: "the checksum of its operator's kind is",
      },
      derivation,
    ),
    items: items.map(({ item: reference, ...plan }) => {
      const [, vault = "", title = ""] = itemForm.exec(reference) ?? [];
      return { ...plan, vault, item: title };
    }),
  };
}

/** The operator of a site. */
export type Operator = ReturnType<typeof deriveOperator>;

/** Namespaces that are made for the items in them. */
export function itemNamespaces({ items }: Operator): readonly NamespacePlan[] {
  return [...new Set(items.map(({ namespace }) => namespace))].map((name) => ({ name }));
}
