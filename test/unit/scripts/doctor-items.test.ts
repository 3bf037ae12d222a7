import assert from "node:assert/strict";
import type { VaultItem } from "../../../components/security/item-field.ts";
import { SecretProblem, Unseen } from "../../../components/security/secret-problem.ts";
import { runChecks } from "../../../stacks/doctor/check.ts";
import { itemChecks, judgeItems, type ItemInForce } from "../../../stacks/parts/items/doctor.ts";
import { homeConfig } from "../stacks/sample.ts";
import { said } from "./said.ts";

const metadata = { name: "guest-wifi", namespace: "household" };
const spec = { itemPath: "vaults/Homelab/items/Guest Wi-Fi" };
const ready: ItemInForce = {
  metadata,
  spec,
  status: { conditions: [{ type: "Ready", status: "True" }] },
};
const expected = [
  { ...metadata, vault: "Homelab", item: "Guest Wi-Fi", keys: ["ssid", "password"] },
];
const secret = (...keys: string[]) => [{ ...metadata, keys }];

type After<T extends readonly unknown[]> = T extends readonly [unknown, ...infer R] ? R : never;

const judge = (...args: After<Parameters<typeof judgeItems>>): string =>
  said(judgeItems("home", ...args));

describe("the doctor at 1Password's items", () => {
  it("is content with a Secret that has all keys", () => {
    assert.match(
      judge(expected, [ready], secret("password", "ssid")),
      /^ok: item household\/guest-wifi/,
    );
  });

  it("names the keys that the operator left out, though it says Ready", () => {
    assert.match(judge(expected, [ready], secret("ssid")), /^error: .* lacks password$/);
  });

  it("repeats the operator's reason", () => {
    const conditions = [{ type: "Ready", status: "False", message: "no vaults found" }];
    const failed = { ...ready, status: { conditions } };
    assert.match(judge(expected, [failed], []), /is no Secret: no vaults found/);
    assert.match(judge(expected, [{ metadata, spec }], []), /has not looked at it/);
  });

  it("sees an item that is not there, and a Secret that somebody deleted", () => {
    const [missing] = judgeItems("home", expected, [], []);
    assert.match(missing?.text ?? "", /is not in the cluster/);
    // Without a look at what really exists the engine believes its state, which has the item.
    assert.match(missing?.remedy ?? "", /^npm run up -- --stack home --refresh/);
    assert.match(judge(expected, [ready], []), /its Secret is gone/);
  });

  it("looks at items of others too, without a word on keys", () => {
    const other = { ...ready, metadata: { name: "x", namespace: "y" } };
    assert.match(
      judge([], [other], [{ name: "x", namespace: "y", keys: ["a"] }]),
      /^ok: item y\/x/,
    );
  });
});

describe("the doctor at 1Password's items in their vault", () => {
  const wifi: VaultItem = { id: "i", vault: { id: "v" } };
  const operator = {
    ...{ chart: "2.4.1", pollSeconds: 60, everywhere: true, items: expected },
    ...{ credentials: "op://Homelab/Connect/file", token: "op://Homelab/Connect/token" },
  };
  const config = { ...homeConfig(), onePassword: { serviceAccount: true, operator } };

  /** What is said of the one item, whose Secret is of the item at this path. */
  async function look(held: string, read: () => Promise<VaultItem>): Promise<string> {
    const asked = (_: string, args: readonly string[]) => {
      const stdout = args.some((one) => one.includes("item-path")) ? held : '{ "items": [] }';
      return Promise.resolve({ ok: true, stdout, stderr: "" });
    };
    const findings = await runChecks(itemChecks({ name: "home", config }, asked, read));
    return said(findings.filter(({ subject }) => subject.endsWith("in 1Password")));
  }

  it("is content with the item that the title names", async () => {
    const text = await look("vaults/v/items/i", () => Promise.resolve(wifi));
    assert.equal(
      text,
      'ok: item household/guest-wifi in 1Password: is "Guest Wi-Fi" of vault "Homelab"',
    );
  });

  it("names vault and title of which there are several", async () => {
    const several = new SecretProblem('vault "Homelab" has several items "Guest Wi-Fi"');
    assert.match(
      await look("vaults/v/items/i", () => Promise.reject(several)),
      /^error: .* vault "Homelab" has several items "Guest Wi-Fi"$/,
    );
  });

  it("sees a Secret of another item of the title, which the operator takes and the program does not count", async () => {
    const text = await look("vaults/v/items/archived", () => Promise.resolve(wifi));
    assert.match(
      text,
      /^error: .* is of another item "Guest Wi-Fi" of vault "Homelab": vaults\/v\/items\/archived$/,
    );
  });

  it("leaves alone a vault that the program's login does not see, and a Secret that is not there", async () => {
    assert.match(await look("x", () => Promise.reject(new Unseen("sees no vault"))), /^ok: /);
    assert.match(await look("", () => Promise.resolve(wifi)), /^ok: /);
  });
});
