/** 1Password by a service account, which asks 1password.com itself: https://developer.1password.com/docs/service-accounts/ */
import { setTimeout as wait } from "node:timers/promises";
import type {
  FileAttributes,
  Item,
  ItemField,
  ItemListFilter,
  ItemOverview,
  VaultOverview,
} from "@1password/sdk";
import type { VaultFile, VaultItem } from "./item-field.ts";
import { SecretProblem, Unseen } from "./secret-problem.ts";
import type { SecretSources } from "./secret-ref.ts";
import { once, usableToken, type TokenPlace, type Vaults } from "./vaults.ts";

/** What is used of the official library's client. */
export interface AccountClient {
  readonly vaults: { list(): Promise<VaultOverview[]> };
  readonly items: {
    list(vaultId: string, ...filters: ItemListFilter[]): Promise<ItemOverview[]>;
    get(vaultId: string, itemId: string): Promise<Item>;
    readonly files: {
      read(vaultId: string, itemId: string, file: FileAttributes): Promise<Uint8Array>;
    };
  };
}

/** Signs in to 1Password. */
export type SignIn = (token: string) => Promise<AccountClient>;

const accountToken: TokenPlace = {
  variable: "OP_SERVICE_ACCOUNT_TOKEN",
  what: "the token of a service account (op service-account create)",
  otherwise: (token) =>
    token.startsWith("ops_")
      ? undefined
      : "holds no token of a service account, which begins with ops_; a Connect server's goes into OP_CONNECT_TOKEN, " +
        "with homelab:onePassword.connect in place of serviceAccount",
};

/**
 * Reads items by a service account: the list of vaults, each vault's list and each item once, for reads are counted. The
 * library's own look-up of references knows no titles but of letters, digits, `_`, `.` and `-`; so its lists are looked
 * through here.
 * @see https://github.com/1Password/onepassword-sdk-js
 */
export class ServiceAccount implements Vaults {
  readonly #token: string;
  readonly #signIn: SignIn;
  readonly #patience: number;
  readonly #lists = new Map<string, Promise<readonly Titled[]>>();
  readonly #items = new Map<string, Promise<VaultItem>>();
  #client: Promise<AccountClient> | undefined;

  /** Throws a SecretProblem without a token of a service account. */
  constructor(
    { token, patience = 30_000 }: Pick<SecretSources, "token" | "patience">,
    signIn: SignIn = signInByLibrary,
  ) {
    this.#token = usableToken(token, accountToken);
    this.#signIn = signIn;
    this.#patience = patience;
  }

  item(vault: string, item: string): Promise<VaultItem> {
    return once(this.#items, `${vault}/${item}`, async () => {
      const vaultId = await this.#vault(vault);
      const listed = await this.#list(`items of vault "${vault}"`, ({ items }) =>
        items.list(vaultId, active),
      );
      const [found, second] = called(listed, item);
      if (found === undefined) {
        throw new SecretProblem(
          `vault "${vault}" has no item "${item}"; create it, or correct the reference (archived items do not count)`,
        );
      }
      if (second !== undefined) {
        throw new SecretProblem(
          `vault "${vault}" has several items "${item}"; rename or delete all but one, or use the item's id`,
        );
      }
      const what = `item "${item}" of vault "${vault}"`;
      return itemOf(await this.#ask(what, ({ items }) => items.get(vaultId, found.id)));
    });
  }

  async file({ id = "", vault }: VaultItem, file: VaultFile, where: string): Promise<string> {
    const { id: fileId = "", name = "", size = 0 } = file;
    const content = await this.#ask(where, ({ items }) =>
      items.files.read(vault?.id ?? "", id, { id: fileId, name, size }),
    );
    return Buffer.from(content).toString("utf8");
  }

  async #vault(vault: string): Promise<string> {
    const [found, second] = called(
      await this.#list("vaults", ({ vaults }) => vaults.list()),
      vault,
    );
    if (found === undefined) {
      throw new Unseen(
        `the service account sees no vault "${vault}"; correct the reference, or make one that does: what it sees is ` +
          `settled when it is made (op service-account create homelab --vault "${vault}:read_items")`,
      );
    }
    if (second !== undefined)
      throw new SecretProblem(
        `the service account sees several vaults "${vault}"; use the vault's id`,
      );
    return found.id;
  }

  #list(
    what: string,
    ask: (client: AccountClient) => Promise<readonly Titled[]>,
  ): Promise<readonly Titled[]> {
    return once(this.#lists, what, () => this.#ask(what, ask));
  }

  async #ask<T>(what: string, ask: (client: AccountClient) => Promise<T>): Promise<T> {
    try {
      this.#client ??= within(this.#patience, this.#signIn(this.#token));
      return await within(this.#patience, ask(await this.#client));
    } catch (error) {
      throw this.#problem(what, error);
    }
  }

  #problem(what: string, error: unknown): SecretProblem {
    if (error instanceof NoAnswer)
      return unreachable(`no answer within ${this.#patience / 1000} s`);
    // The core throws texts, the library Errors; none of them holds more than a message.
    const message = error instanceof Error ? error.message : String(error);
    const known = reasons.find(([form]) => form.test(message))?.[1];
    if (known !== undefined) return known(what);
    const [line = ""] = message.replaceAll(this.#token, "(the token)").split("\n");
    return new SecretProblem(`1Password does not give ${what}: ${line.slice(0, 300)}`);
  }
}

/** Archived items cannot be read. */
const active: ItemListFilter = { type: "ByState", content: { active: true, archived: false } };

interface Titled {
  readonly id: string;
  readonly title: string;
}

/** By title, however its accents are written, or by id. */
const called = (all: readonly Titled[], name: string): readonly Titled[] =>
  all.filter(({ id, title }) => id === name || title.normalize("NFC") === name.normalize("NFC"));

/** What the library's messages mean, the first that fits: those of its core 0.5.0, which knows no codes. */
const reasons: readonly (readonly [RegExp, (what: string) => SecretProblem])[] = [
  [
    /rate limit|too many requests/i,
    () =>
      new SecretProblem(
        "1Password's limit for service accounts is reached, by the hour for this token or by the day for all of the account; " +
          "`op service-account ratelimit` says which and until when. Wait for it, or read through Connect, which has none (homelab:onePassword.connect)",
      ),
  ],
  [/error sending request|request timeout/i, () => unreachable("the request could not be sent")],
  [
    /service account token (had|base64|is invalid)|service account deserialization|invalid service account token/i,
    () =>
      new SecretProblem(
        "OP_SERVICE_ACCOUNT_TOKEN holds no whole token of a service account; export it again",
      ),
  ],
  [
    /not authenticated|authentication error|bad service account token|bad credentials|session expired|\b401\b/i,
    () =>
      new SecretProblem(
        "1Password does not accept the token in OP_SERVICE_ACCOUNT_TOKEN; the service account was deleted, or its token has expired or was rotated: make a new one (op service-account create)",
      ),
  ],
  [
    /right permissions|\b403\b/i,
    (what) => new Unseen(`the service account may not read ${what}; make one that may`),
  ],
];

const unreachable = (why: string): SecretProblem =>
  new SecretProblem(
    `1Password cannot be reached (${why}); a service account asks 1password.com (or .eu, .ca): mend the way there and run again`,
  );

class NoAnswer extends Error {}

/** The library waits for ever for an answer that has begun. */
async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  const over = new AbortController();
  const late = async (): Promise<never> => {
    await wait(milliseconds, undefined, { signal: over.signal });
    throw new NoAnswer();
  };
  try {
    return await Promise.race([work, late()]);
  } finally {
    over.abort();
  }
}

async function signInByLibrary(token: string): Promise<AccountClient> {
  const { createClient } = await import("@1password/sdk");
  return createClient({ auth: token, integrationName: "homelab", integrationVersion: "1.0.0" });
}

/** An item as Connect gives it, so that a reference reads the same of both. */
function itemOf({ notes, sections, files, document, ...item }: Item): VaultItem {
  return {
    id: item.id,
    vault: { id: item.vaultId },
    sections: sections.map(({ id, title }) => ({ id, label: title })),
    fields: [
      ...item.fields.flatMap(fieldsOf),
      { id: "notesPlain", label: "notesPlain", value: notes },
    ],
    urls: item.websites.map(({ label, url }) => ({ label, href: url })),
    files: [
      ...files.map(({ attributes, sectionId }) => ({ ...attributes, ...inSection(sectionId) })),
      ...(document === undefined ? [] : [document]),
    ],
  };
}

/** A field; with a private key its public parts, which Connect has as fields of their own. */
function fieldsOf({ id, title, value, sectionId, details }: ItemField) {
  const field = { id, label: title, value, ...inSection(sectionId) };
  if (details?.type !== "SshKey" || details.content === undefined) return [field];
  const { publicKey, fingerprint, keyType } = details.content;
  return [
    field,
    { id: "public_key", label: "public key", value: publicKey },
    { id: "fingerprint", label: "fingerprint", value: fingerprint },
    { id: "key_type", label: "key type", value: keyType },
  ];
}

const inSection = (sectionId: string | undefined) =>
  sectionId === undefined || sectionId === "" ? {} : { section: { id: sectionId } };
