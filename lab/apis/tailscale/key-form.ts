import { z } from "zod";
import type { StoredAuthKey, StoredClient } from "./store.ts";

/** Default and longest life of an auth key, seconds: 90 days. */
export const longestLife = 90 * 24 * 3600;

// Go clients send null for an empty list.
const texts = z
  .array(z.string())
  .nullish()
  .transform((list) => list ?? []);

const description = z
  .string()
  .max(50, "at most 50 characters")
  .regex(/^[A-Za-z0-9 -]*$/, "letters, digits, hyphens and spaces only")
  .default("");

/** Body that makes an auth key. */
export const authKeyForm = z.strictObject({
  keyType: z.literal("auth").default("auth"),
  description,
  expirySeconds: z.int().min(0).max(longestLife).default(0),
  capabilities: z.strictObject({
    devices: z.strictObject({
      create: z.strictObject({
        reusable: z.boolean().default(false),
        ephemeral: z.boolean().default(false),
        preauthorized: z.boolean().default(false),
        tags: texts,
      }),
    }),
  }),
});

/** Body that makes or changes an OAuth client. */
export const clientForm = z.strictObject({
  keyType: z.literal("client").default("client"),
  description,
  scopes: z.array(z.string()).min(1, "needs a scope"),
  tags: texts,
});

/** What a body says that it is about; the rest is the forms'. */
export const keyKind = z.looseObject({ keyType: z.string().default("auth") });

/** An auth key as the API shows it; the secret is not among it. */
export function authKeyView(key: StoredAuthKey, now: number): Record<string, unknown> {
  const { id, description: text, created, expires, expirySeconds, tags, revoked } = key;
  const { reusable, ephemeral, preauthorized } = key;
  const view = {
    ...{ id, keyType: "auth", description: text, created, expires, expirySeconds, tags },
    capabilities: { devices: { create: { reusable, ephemeral, preauthorized, tags } } },
  };
  return isValid(key, now)
    ? view
    : { ...view, invalid: true, ...(revoked === undefined ? {} : { revoked }) };
}

/** An OAuth client as the API shows it. */
export function clientView(client: StoredClient): Record<string, unknown> {
  const { id, description: text, created, updated, scopes, tags } = client;
  return { id, keyType: "client", description: text, created, updated, scopes, tags };
}

/** Whether a device may still register with a key. */
export function isValid(key: StoredAuthKey, now: number): boolean {
  if (key.revoked !== undefined || Date.parse(key.expires) <= now) return false;
  return key.reusable || key.used !== true;
}
