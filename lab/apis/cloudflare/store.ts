import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
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

const empty = (): State => ({
  records: {},
  tunnels: {},
  policies: {},
  applications: {},
  serviceTokens: {},
  groups: {},
  identityProviders: {},
  settings: {},
});

/** An entry by its id; ids come from callers, so what every object inherits does not count. */
export function entry<T>(table: Readonly<Record<string, T>>, id: string): T | undefined {
  return Object.hasOwn(table, id) ? table[id] : undefined;
}

/** The account's memory: one JSON file, replaced as a whole so that a kill never leaves half of it. */
export class Store {
  readonly state: State;
  readonly #file: string;
  readonly #listeners = new Set<() => void>();

  /** Throws when the file exists and is not JSON. */
  constructor(file: string) {
    this.#file = file;
    mkdirSync(dirname(file), { recursive: true });
    this.state = existsSync(file)
      ? { ...empty(), ...(JSON.parse(readFileSync(file, "utf8")) as Partial<State>) }
      : empty();
  }

  /** Applies a change, writes it down before it returns, and tells who listens. */
  change<T>(apply: (state: State) => T): T {
    const result = this.note(apply);
    for (const listener of this.#listeners) listener();
    return result;
  }

  /** The same for what was only seen: nobody is told. */
  note<T>(apply: (state: State) => T): T {
    const result = apply(this.state);
    const draft = `${this.#file}.new`;
    // Tunnels' secrets are in it.
    writeFileSync(draft, JSON.stringify(this.state, null, 1), { mode: 0o600 });
    renameSync(draft, this.#file);
    return result;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
