import assert from "node:assert/strict";
import { inspect } from "node:util";
import fc from "fast-check";
import { fieldOrFile } from "../../../components/security/item-field.ts";
import { parseSecretRef } from "../../../components/security/secret-ref.ts";
import { readSecrets } from "../../../components/security/secrets.ts";
import { idOf } from "../../../lab/apis/connect/vaults.ts";
import { answers, canary, ConnectTrial, key, refusal, uses } from "./secret-trial.ts";

describe("secrets from 1Password Connect", () => {
  const connect = new ConnectTrial();
  before(() => connect.start());
  beforeEach(() => {
    connect.reset();
  });
  after(() => connect.stop());

  it("are read byte by byte, each vault and item once", async () => {
    const refs = [
      ...["op://Homelab/Proxmox VE/token", "op://Homelab/Proxmox VE/key"],
      ...["op://Homelab/Proxmox VE/api/token", "config:kept", "op://Homelab/Proxmox VE/token"],
    ];
    const secrets = await readSecrets(uses(...refs), connect.sources);
    const values = refs.map((ref) => secrets.reveal(ref));
    assert.deepEqual(values, [canary, key, "of api", `${canary}\n`, canary]);
    assert.equal(connect.calls.length, 3, connect.calls.join("\n"));
  });

  it("are found by title with characters that queries treat specially, and by id", async () => {
    const vault = idOf("vault", "Homelab");
    const item = idOf("item", `${vault}/Proxmox VE`);
    const refs = [
      "op://Homelab/A+B @c/a field",
      "op://Homelab/Café (Küche) [NAS] & Büro #1/Zugang: größer, 100 %",
      `op://${vault}/${item}/${idOf("field", `${item}/token`)}`,
      `op://${vault}/Proxmox VE/${idOf("section", `${item}/api`)}/token`,
    ];
    const secrets = await readSecrets(uses(...refs), connect.sources);
    assert.deepEqual(
      refs.map((ref) => secrets.reveal(ref)),
      ["  padded\t", "of the café", canary, "of api"],
    );
  });

  it("are a file of an item too, whole, where no field has its name", async () => {
    const item = "op://Homelab/homelab Credentials File";
    const refs = [`${item}/1password-credentials.json`, `${item}/note.txt`];
    const secrets = await readSecrets(uses(...refs), connect.sources);
    assert.deepEqual(
      refs.map((ref) => secrets.reveal(ref)),
      ['{"canary": "größer"}\n', "a field of a file's name"],
    );
  });

  it("are secret outputs, and hidden when the whole is printed", async () => {
    const secrets = await readSecrets(uses("config:kept"), connect.sources);
    const output = secrets.get("config:kept") as unknown as { isSecret: Promise<boolean> };
    assert.equal(await output.isSecret, true);
    assert.ok(!/canary/.test(inspect(secrets, { showHidden: true }) + JSON.stringify(secrets)));
    assert.throws(() => secrets.reveal("canary-mistake"), /^Error: a secret was asked for that/);
  });

  const refusals: readonly [string, string, RegExp][] = [
    ["an unknown vault", "op://Attic/A/b", /sees no vault "Attic"; give it read access/],
    [
      "a vault title used twice",
      "op://Doubled/A/b",
      /several vaults "Doubled"; use the vault's id/,
    ],
    ["an unknown vault id", `op://${"a".repeat(26)}/A/b`, /sees no vault "a+"/],
    ["a missing item", "op://Homelab/Attic/b", /has no item "Attic" .*create it/],
    ["an unknown item id", `op://Homelab/${"b".repeat(26)}/b`, /has no item "b+"/],
    [
      "several items of a title",
      "op://Homelab/Twice/b",
      /several items "Twice"; .* use the item's id/,
    ],
    ["a missing field", "op://Homelab/Proxmox VE/b", /has no field "b"; it has token, key, /],
    [
      "a field in several sections",
      "op://Homelab/Proxmox VE/code",
      /several fields "code"; name the section/,
    ],
    [
      "a missing section",
      "op://Homelab/Proxmox VE/x/token",
      /no section "x"; it has api, old, new/,
    ],
    ["an empty field", "op://Homelab/Proxmox VE/empty", /field "empty" .* is empty; fill it in/],
    [
      "a file that is no text",
      "op://Homelab/homelab Credentials File/logo.png",
      /file "logo\.png" of item "homelab Credentials File" of vault "Homelab" is no text; .* base64/,
    ],
    [
      "an empty file",
      "op://Homelab/homelab Credentials File/void.txt",
      /file "void\.txt" of item .* is empty; attach it anew/,
    ],
    [
      "a missing file",
      "op://Homelab/homelab Credentials File/b.json",
      /has no field "b\.json"; it has note, note\.txt, 1password-credentials\.json, note\.txt, void/,
    ],
    [
      "an absent value",
      "config:none",
      /no secrets:none; run `pulumi config set --secret secrets:none`/,
    ],
    [
      "a value in plain text",
      "config:plain",
      /plain text .* `pulumi config set --secret secrets:plain`/,
    ],
    ["an empty value", "config:void", /secrets:void is empty/],
    ["a secret in place of a reference", "canary", /is no reference; use op:/],
  ];
  for (const [what, ref, text] of refusals) {
    it(`refuse ${what}`, async () => {
      const message = await refusal(readSecrets(uses(ref), connect.sources));
      assert.match(message, /^1 secret cannot be read; nothing was changed:\n {2}path0: /);
      assert.match(message, text);
    });
  }

  it("refuse all that is wrong at once, each reason once with every path", async () => {
    const refs = ["op://Homelab/Attic/a", "op://Homelab/Attic/b", "config:none", "config:kept"];
    const lines = (await refusal(readSecrets(uses(...refs), connect.sources))).split("\n");
    assert.equal(lines[0], "3 secrets cannot be read; nothing was changed:");
    assert.equal(lines.length, 3);
    assert.match(lines[1] ?? "", /^ {2}path0, path1: vault /);
    assert.match(lines[2] ?? "", /^ {2}path2: /);
  });

  it("refuse a value of the wrong form without showing it", async () => {
    const form = { pattern: /^\d+$/, text: "is no number; keep digits" };
    const reading = readSecrets([{ path: "p", ref: "config:kept", form }], connect.sources);
    assert.match(await refusal(reading), /p: is no number; keep digits$/);
  });

  const ref = "op://Homelab/Proxmox VE/token";
  it("refuse a wrong, a missing and a broken token, and never repeat it", async () => {
    const all = uses(ref, "op://Homelab/A/b", "op://Attic/A/b");
    const wrong = await refusal(readSecrets(all, { ...connect.sources, token: "canary-wrong" }));
    assert.match(
      wrong,
      /path0, path1, path2: .* does not accept the token in OP_CONNECT_TOKEN; use one/,
    );
    const unset = await refusal(readSecrets(all, { ...connect.sources, token: undefined }));
    assert.match(unset, /path0, path1, path2: OP_CONNECT_TOKEN is not set; export/);
    const broken = await refusal(readSecrets(all, { ...connect.sources, token: "canary\nline" }));
    assert.match(broken, /OP_CONNECT_TOKEN holds spaces, line breaks/);
    const nowhere = await refusal(readSecrets(all, { ...connect.sources, connect: undefined }));
    assert.match(nowhere, /set homelab:onePassword\.connect/);
  });

  it("refuse a vault that the token may not read", async () => {
    connect.faults = answers(403);
    assert.match(
      await refusal(readSecrets(uses(ref), connect.sources)),
      /may not read vault "Homelab"; issue/,
    );
  });
});

describe("secret references", () => {
  const part = fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
    .filter((text) => !/[/?"\\\x00-\x1f\x7f]/.test(text));
  it("keep vault, item, section and field apart", () => {
    fc.assert(
      fc.property(
        part,
        part,
        fc.option(part, { nil: undefined }),
        part,
        (vault, item, section, field) => {
          const path = [vault, item, ...(section === undefined ? [] : [section]), field].join("/");
          assert.deepEqual(parseSecretRef(`op://${path}`), {
            ...{ kind: "1password", vault, item, field },
            ...(section === undefined ? {} : { section }),
          });
        },
      ),
    );
  });

  it("read of a one-time password what its codes are made of, and never a code", () => {
    const field = { id: "TOTP_1", type: "OTP", label: "one-time password", totp: "123456" };
    const value = "otpauth://totp/Router:admin?secret=JBSWY3DPEHPK3PXP&issuer=Router";
    const query = { vault: "v", item: "i", field: "one-time password" };
    assert.equal(fieldOrFile({ fields: [{ ...field, value }] }, query), value);
    assert.throws(() => fieldOrFile({ fields: [field] }, query), /is empty; fill it in/);
  });

  it("take a field outside all sections before one inside", () => {
    const fields = [
      { id: "1", label: "token", value: "inside", section: { id: "s" } },
      { id: "2", label: "token", value: "outside" },
    ];
    assert.equal(fieldOrFile({ fields }, { vault: "v", item: "i", field: "token" }), "outside");
  });
});
