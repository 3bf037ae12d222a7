import assert from "node:assert/strict";
import { judgeItems, type ItemInForce } from "../../../stacks/parts/items/doctor.ts";
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
