import assert from "node:assert/strict";
import { judgeItems, type ItemInForce } from "../../../stacks/parts/items/doctor.ts";

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

const said = (...args: Parameters<typeof judgeItems>): string =>
  judgeItems(...args)
    .map(({ severity, subject, text }) => `${severity}: ${subject}: ${text}`)
    .join("\n");

describe("the doctor at 1Password's items", () => {
  it("is content with a Secret that has all keys", () => {
    assert.match(
      said(expected, [ready], secret("password", "ssid")),
      /^ok: item household\/guest-wifi/,
    );
  });

  it("names the keys that the operator left out, though it says Ready", () => {
    assert.match(said(expected, [ready], secret("ssid")), /^error: .* lacks password$/);
  });

  it("repeats the operator's reason", () => {
    const conditions = [{ type: "Ready", status: "False", message: "no vaults found" }];
    const failed = { ...ready, status: { conditions } };
    assert.match(said(expected, [failed], []), /is no Secret: no vaults found/);
    assert.match(said(expected, [{ metadata, spec }], []), /has not looked at it/);
  });

  it("sees an item that is not there, and a Secret that somebody deleted", () => {
    assert.match(said(expected, [], []), /is not in the cluster/);
    assert.match(said(expected, [ready], []), /its Secret is gone/);
  });

  it("looks at items of others too, without a word on keys", () => {
    const other = { ...ready, metadata: { name: "x", namespace: "y" } };
    assert.match(said([], [other], [{ name: "x", namespace: "y", keys: ["a"] }]), /^ok: item y\/x/);
  });
});
