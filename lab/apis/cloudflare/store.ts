import { JsonStore } from "../store.ts";
import type { JsonObject } from "./json.ts";

/** A DNS record as it is answered. */
export interface StoredRecord extends JsonObject {
  readonly id: string;
  /** In full, without a closing dot. */
  readonly name: string;
  readonly type: string;
  readonly content: string;
  readonly proxied: boolean;
  readonly ttl: number;
}

/** A tunnel; deleted ones stay for the list. */
export interface StoredTunnel {
  readonly id: string;
  readonly name: string;
  readonly configSource: "local" | "cloudflare";
  /** Base64 of at least 32 bytes. */
  readonly secret: string;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly deletedAt?: string;
  /** It had a connection before: without one now it is down, not inactive. */
  readonly wasConnected?: boolean;
  readonly configuration?: StoredConfiguration;
}

/** A remotely managed tunnel's configuration, as sent. */
export interface StoredConfiguration {
  readonly config: JsonObject;
  readonly source?: string;
  readonly version: number;
  readonly createdAt: string;
}

/** An object of Access. */
export interface StoredObject {
  /** `accounts/ID` or `zones/ID`. */
  readonly scope: string;
  /** As it is answered. */
  readonly value: JsonObject & { readonly id: string };
  /** Never answered: hashes of secrets. */
  readonly hidden?: JsonObject;
}

export interface State {
  records: Record<string, StoredRecord>;
  tunnels: Record<string, StoredTunnel>;
  policies: Record<string, StoredObject>;
  applications: Record<string, StoredObject>;
  serviceTokens: Record<string, StoredObject>;
  groups: Record<string, StoredObject>;
  identityProviders: Record<string, StoredObject>;
  /** Values by setting, where they differ from a new zone's. */
  settings: Record<string, unknown>;
}

/** An entry by its id; ids come from callers, so what every object inherits does not count. */
export function entry<T>(table: Readonly<Record<string, T>>, id: string): T | undefined {
  return Object.hasOwn(table, id) ? table[id] : undefined;
}

/** The account's memory. */
export type Store = JsonStore<State>;

/** Opens the memory; without a file it lasts as long as the process. */
export function openStore(file: string | undefined): Store {
  return new JsonStore<State>(file, {
    records: {},
    tunnels: {},
    policies: {},
    applications: {},
    serviceTokens: {},
    groups: {},
    identityProviders: {},
    settings: {},
  });
}
