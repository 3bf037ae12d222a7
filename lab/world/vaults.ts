/** What 1Password holds for the lab's sites: a value for every reference that stands in a site file, and for every key of an item. */
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { apiTokenId, credentialsFile, type Credentials } from "./credentials.ts";
import { alertsChannel, heartbeatCheck } from "./inventory.ts";

/** A vault as 1Password shows it: items by title, fields by label; a label in a section is `SECTION/LABEL`. */
export interface Vault {
  readonly title: string;
  readonly items: readonly {
    readonly title: string;
    readonly fields: Readonly<Record<string, string>>;
  }[];
}

/** A secret reference, `op://vault/item/[section/]field` (https://developer.1password.com/docs/cli/secret-reference-syntax/). */
const reference = /^op:\/\/([^/?]+)\/([^/?]+)\/([^?]+)/;

const kept = z.record(z.string(), z.string());

/**
 * The vaults as the site files below `sites` ask for them now. References to the lab's services hold what these accept;
 * any other gets a value of 48 random characters at its first sight, which `state` keeps until the lab is reset.
 * @throws when a site file is no YAML.
 */
export function vaults(credentials: Credentials, sites: string, state: string): readonly Vault[] {
  const known = serviceSecrets(credentials);
  const generated = generatedSecrets(state);
  const fresh = [...referencesIn(sites)].filter((ref) => !(ref in known) && !(ref in generated));
  if (fresh.length > 0) {
    for (const ref of fresh) generated[ref] = randomBytes(24).toString("hex");
    write(generatedFile(state), generated);
  }
  return grouped({ ...known, ...generated });
}

/** A token of 1Password Connect that a person made, and what the vaults hold that it was given, by reference. */
const readers = z.array(
  z.strictObject({
    token: z.string().min(1),
    secrets: z.record(z.string().regex(reference), z.string()),
  }),
);

export type Reader = z.infer<typeof readers>[number];

/** Where a person writes down such tokens, as `op connect token create` and a vault of one's own make them. */
export const readersFile = (state: string): string => join(state, "connect-readers.json");

/** The tokens that people have made, each with its vaults. */
export function readerVaults(
  state: string,
): readonly { readonly token: string; readonly vaults: readonly Vault[] }[] {
  let text: string;
  try {
    text = readFileSync(readersFile(state), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  const made = readers.parse(JSON.parse(text));
  return made.map(({ token, secrets }) => ({ token, vaults: grouped(secrets) }));
}

/** The values that the lab made up, by reference. */
export function generatedSecrets(state: string): Record<string, string> {
  try {
    return kept.parse(JSON.parse(readFileSync(generatedFile(state), "utf8")));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
}

/** Puts values into the vaults, by reference, as a person does with a key that somebody else has made. */
export function putSecrets(state: string, secrets: Readonly<Record<string, string>>): void {
  write(generatedFile(state), { ...generatedSecrets(state), ...secrets });
}

const generatedFile = (state: string): string => join(state, "vault.json");

/** The secrets of the services that the lab plays, where both of its sites look for them. */
function serviceSecrets(credentials: Credentials): Record<string, string> {
  const { id, token } = alertsChannel.webhook;
  return {
    "op://Homelab/Connect/credentials": credentialsFile(credentials),
    "op://Homelab/Connect/operator-token": credentials.connectServer.token,
    "op://Homelab/Proxmox/api-token": `${apiTokenId}=${credentials.apiTokenSecret}`,
    "op://Homelab/Proxmox/ssh-private-key": credentials.ssh.privateKey,
    "op://Homelab/Tailscale/client-id": credentials.tailscale.clientId,
    "op://Homelab/Tailscale/client-secret": credentials.tailscale.clientSecret,
    "op://Homelab/Cloudflare/api-token": credentials.cloudflareToken,
    "op://Homelab/NAS/access-key": credentials.objectStore.accessKey,
    "op://Homelab/NAS/secret-key": credentials.objectStore.secretKey,
    "op://Homelab/Git/token": credentials.gitToken,
    "op://Homelab/Heartbeat/url": `https://hc-ping.com/${heartbeatCheck.check}`,
    "op://Homelab/Discord/webhook": `https://discord.com/api/webhooks/${id}/${token}`,
  };
}

/** An item that is named as a whole, `op://vault/item`, with the keys that are expected of it. */
const wholeItem = z.looseObject({
  item: z.string().regex(/^op:\/\/[^/?]+\/[^/?]+$/),
  keys: z.array(z.string()),
});

/** Every reference in the site files of a directory, without what a query asks of it. */
function referencesIn(sites: string): Set<string> {
  const found = new Set<string>();
  const walk = (value: unknown): void => {
    if (typeof value === "string") {
      const [ref] = reference.exec(value) ?? [];
      if (ref !== undefined) found.add(ref);
    } else if (typeof value === "object" && value !== null) {
      const { data: whole } = wholeItem.safeParse(value);
      for (const key of whole?.keys ?? []) found.add(`${whole?.item}/${key}`);
      Object.values(value).forEach(walk);
    }
  };
  for (const file of readdirSync(sites).filter((name) => /^Pulumi\.[^.]+\.yaml$/.test(name))) {
    try {
      walk(parse(readFileSync(join(sites, file), "utf8")));
    } catch (error) {
      throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  }
  return found;
}

function grouped(secrets: Readonly<Record<string, string>>): readonly Vault[] {
  const byVault = new Map<string, Map<string, Record<string, string>>>();
  for (const [ref, value] of Object.entries(secrets)) {
    const [, vault = "", item = "", field = ""] = reference.exec(ref) ?? [];
    const items = byVault.get(vault) ?? new Map<string, Record<string, string>>();
    byVault.set(vault, items.set(item, { ...items.get(item), [field]: value }));
  }
  return [...byVault].map(([title, items]) => ({
    title,
    items: [...items].map(([item, fields]) => ({ title: item, fields })),
  }));
}

/** Readable by the owner alone, and whole at any time. */
function write(file: string, secrets: Readonly<Record<string, string>>): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(secrets, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
