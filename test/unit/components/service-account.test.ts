import assert from "node:assert/strict";
import type { FileAttributes, Item, ItemOverview, VaultOverview } from "@1password/sdk";
import { readSecrets } from "../../../components/security/secrets.ts";
import {
  ServiceAccount,
  type AccountClient,
} from "../../../components/security/service-account.ts";
import { openVaults } from "../../../components/security/vaults.ts";
import { canary, config, refusal, uses } from "./secret-trial.ts";

const token = "ops_canary-token";
const made = { createdAt: new Date(0), updatedAt: new Date(0) };
const privateKey = "-----BEGIN PRIVATE KEY-----\nMFMcanary\n-----END PRIVATE KEY-----\n";
const otp = "otpauth://totp/Router:admin?secret=CANARY234567&issuer=Router";

type Shown = Partial<Omit<Item, "title">> & { readonly title: string };

const field = (title: string, value: string, more: object = {}) =>
  ({ id: `f-${title}`, title, value, fieldType: "Concealed", ...more }) as Item["fields"][number];

const shown: readonly Shown[] = [
  {
    title: "Café (Küche) [NAS] & Büro #1 + 50 %",
    fields: [
      field("Zugang: größer".normalize("NFD"), canary),
      field("code", "of api", { sectionId: "s1" }),
      field("empty", ""),
    ],
    sections: [{ id: "s1", title: "api" }],
    notes: "line\nline\n",
  },
  {
    title: "Key",
    fields: [
      field("private key", privateKey, {
        fieldType: "SshKey",
        details: {
          type: "SshKey",
          content: { publicKey: "ssh-ed25519 AAAA", fingerprint: "SHA256:x", keyType: "Ed25519" },
        },
      }),
    ],
  },
  {
    title: "Router",
    fields: [
      field("one-time password", otp, {
        fieldType: "Totp",
        details: { type: "Otp", content: { code: "123456" } },
      }),
    ],
  },
  {
    title: "Document",
    document: { id: "d1", name: "1password-credentials.json", size: 12 },
    files: [
      {
        attributes: { id: "d2", name: "logo.png", size: 2 },
        ...{ sectionId: "", fieldId: "" },
      },
    ],
  },
  { title: "Twice" },
  { title: "Twice" },
];

const items = shown.map((one, i): Item => ({
  ...{ id: String(i).padStart(26, "i"), vaultId: "v".repeat(26), category: "Login" as never },
  ...{ fields: [], sections: [], notes: "", tags: [], websites: [], files: [], version: 1 },
  ...made,
  ...one,
}));
const vaults = ["Homelab", "Doubled", "Doubled"].map(
  (title, i) => ({ id: "vwx".charAt(i).repeat(26), title }) as VaultOverview,
);
const contents: Readonly<Record<string, Buffer>> = {
  d1: Buffer.from('{"größer":1}'),
  d2: Buffer.from([0x89, 0xff]),
};

/** A client as the library's, with a fault at will. */
class Account implements AccountClient {
  asked: string[] = [];
  fault: (() => Promise<never>) | undefined;

  readonly vaults = { list: () => this.#answer("vaults", vaults) };
  readonly items = {
    list: (vault: string) => this.#answer(`items of ${vault}`, items as unknown as ItemOverview[]),
    get: (_: string, id: string) =>
      this.#answer(`item ${id}`, items.find((one) => one.id === id) ?? assert.fail()),
    files: {
      read: (_vault: string, _item: string, { id }: FileAttributes) =>
        this.#answer(`file ${id}`, contents[id] ?? assert.fail()),
    },
  };

  #answer<T>(what: string, value: T): Promise<T> {
    this.asked.push(what);
    return this.fault?.() ?? Promise.resolve(value);
  }
}

describe("secrets by a service account", () => {
  let account = new Account();
  const sources = { serviceAccount: true, token, config, patience: 300 };
  const read = (refs: readonly string[], signIn = () => Promise.resolve<AccountClient>(account)) =>
    readSecrets(uses(...refs), sources, (given) =>
      Promise.resolve(new ServiceAccount(given, signIn)),
    );
  const revealed = async (...refs: string[]): Promise<readonly string[]> => {
    const secrets = await read(refs);
    return refs.map((ref) => secrets.reveal(ref));
  };
  const refused = (ref: string) => refusal(read([ref]));
  beforeEach(() => {
    account = new Account();
  });

  it("are found by titles and labels of any spelling and by id, each list and item asked for once", async () => {
    const cafe = "op://Homelab/Café (Küche) [NAS] & Büro #1 + 50 %";
    const values = await revealed(
      ...[`${cafe}/Zugang: größer`, `${cafe}/api/code`, `${cafe}/notesPlain`, "config:kept"],
      `op://${"v".repeat(26)}/${items[0]?.id ?? ""}/f-code`,
    );
    assert.deepEqual(values, [canary, "of api", "line\nline\n", `${canary}\n`, "of api"]);
    // The item by its id is another question.
    assert.equal(account.asked.length, 5, account.asked.join("\n"));
  });

  it("are private keys, what codes are made of and documents as they are kept", async () => {
    const values = await revealed(
      ...["op://Homelab/Key/private key", "op://Homelab/Key/public key"],
      ...["op://Homelab/Router/one-time password"],
      ...["op://Homelab/Document/1password-credentials.json"],
    );
    assert.deepEqual(values, [privateKey, "ssh-ed25519 AAAA", otp, '{"größer":1}']);
  });

  const refusals: readonly [string, string, RegExp][] = [
    [
      "an unknown vault",
      "op://Attic/A/b",
      /sees no vault "Attic"; .*service-account create homelab --vault "Attic:read_items"/,
    ],
    [
      "a vault title used twice",
      "op://Doubled/A/b",
      /several vaults "Doubled"; use the vault's id/,
    ],
    ["a missing item", "op://Homelab/Attic/b", /vault "Homelab" has no item "Attic"; create it/],
    ["several items of a title", "op://Homelab/Twice/b", /several items "Twice"; .* the item's id/],
    [
      "a missing field",
      "op://Homelab/Key/b",
      /item "Key" of vault "Homelab" has no field "b"; it has private key, public key/,
    ],
    ["a missing section", "op://Homelab/Key/x/b", /no section "x"; it has none/],
    ["an item without notes", "op://Homelab/Key/notesPlain", /field "notesPlain" .* is empty/],
    ["a file that is no text", "op://Homelab/Document/logo.png", /"logo\.png" .* is no text/],
  ];
  for (const [what, ref, text] of refusals)
    it(`refuse ${what}`, async () => {
      assert.match(await refused(ref), text);
    });

  it("refuse a missing token, a broken one and one of Connect, and never repeat it", async () => {
    const open = (given: string | undefined) =>
      refusal(readSecrets(uses("op://Homelab/Key/a"), { ...sources, token: given }));
    assert.match(await open(undefined), /OP_SERVICE_ACCOUNT_TOKEN is not set; export the token/);
    assert.match(await open("ops_canary\n"), /OP_SERVICE_ACCOUNT_TOKEN holds spaces, line breaks/);
    assert.match(await open("eyJhbGci.canary.x"), /begins with ops_; .* OP_CONNECT_TOKEN/);
  });

  // Texts of the library's core 0.5.0.
  const answers: readonly [string, unknown, RegExp][] = [
    [
      "a reached limit",
      new Error("rate limit exceeded"),
      /limit .* `op service-account ratelimit`/,
    ],
    [
      "a deleted account",
      new Error("authentication error: you are not authenticated"),
      /does not accept the token in OP_SERVICE_ACCOUNT_TOKEN/,
    ],
    [
      "no way to 1Password",
      "authentication error: request library compatibility issue, check that the your environment uses compatible versions: reqwest library: error sending request",
      /1Password cannot be reached .*1password\.com/,
    ],
    [
      "an item that it may not read",
      new Error("you do not have the right permissions to perform this action: "),
      /may not read vaults; make one that may/,
    ],
    [
      "whatever else, without the token",
      new Error(`something with ${token}\nand more`),
      /1Password does not give vaults: something with \(the token\)$/,
    ],
  ];
  for (const [what, error, text] of answers)
    it(`tell of ${what}`, async () => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      account.fault = () => Promise.reject(error);
      assert.match(await refused("op://Homelab/Key/a"), text);
    });

  it("do not wait for ever", async () => {
    account.fault = () => new Promise(() => undefined);
    assert.match(
      await refused("op://Homelab/Key/a"),
      /cannot be reached \(no answer within 0\.3 s\)/,
    );
  });

  it("are told of once where nobody can sign in, with every path", async () => {
    const signIn = () => Promise.reject<AccountClient>(new Error("rate limit exceeded"));
    const message = await refusal(read(["op://Homelab/Key/a", "op://Homelab/Router/b"], signIn));
    assert.match(message, /\n {2}path0, path1: 1Password's limit/);
  });

  it("are read by the library, which says what is no token", async () => {
    const given = { ...sources, token: "ops_canary", patience: 10_000 };
    const message = await refusal(readSecrets(uses("op://Homelab/Key/a"), given, openVaults));
    assert.match(message, /OP_SERVICE_ACCOUNT_TOKEN holds no whole token of a service account/);
  });
});
