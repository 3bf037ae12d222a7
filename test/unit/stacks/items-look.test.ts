import assert from "node:assert/strict";
import { RunError } from "@pulumi/pulumi";
import { SecretProblem, Unseen } from "../../../components/security/secret-problem.ts";
import type { VaultItem } from "../../../components/security/item-field.ts";
import { findItems } from "../../../stacks/parts/items/look.ts";
import { record } from "../../recorder.ts";
import { homeConfig } from "./sample.ts";

describe("a look at the items before they are made", () => {
  const operator = {
    ...{ chart: "2.4.1", pollSeconds: 60, everywhere: true },
    ...{ credentials: "op://Homelab/Connect/file", token: "op://Homelab/Connect/token" },
    items: [
      {
        ...{ name: "guest-wifi", namespace: "household", vault: "Homelab", item: "Guest Wi-Fi" },
        keys: ["ssid", "password"],
      },
    ],
  };
  const site = {
    name: "home",
    config: {
      ...homeConfig(),
      onePassword: { connect: "https://connect.home.arpa", serviceAccount: false, operator },
    },
  };
  const wifi: VaultItem = {
    id: "i".repeat(26),
    vault: { id: "v".repeat(26) },
    fields: [
      { label: "ssid", value: "guests" },
      { label: "password", value: "canary" },
    ],
  };
  before(() => record("home"));

  it("gives their ids, which the Secret names too", async () => {
    const asked: string[] = [];
    const found = await findItems(site, (vault, item) => {
      asked.push(`${vault}/${item}`);
      return Promise.resolve(wifi);
    });
    assert.deepEqual(asked, ["Homelab/Guest Wi-Fi"]);
    assert.deepEqual(found, [`vaults/${"v".repeat(26)}/items/${"i".repeat(26)}`]);
  });

  it("names vault, item and field that the operator would leave out, and no value", async () => {
    const fields = [{ label: "ssid", value: "canary" }, { label: "password" }];
    await assert.rejects(
      findItems(site, () => Promise.resolve({ ...wifi, fields })),
      (error: Error) => {
        assert.ok(error instanceof RunError);
        assert.match(
          error.message,
          /homelab:onePassword\.operator\.items\[0\]\.keys\[1\]: item "Guest Wi-Fi" of vault "Homelab": field "password" is empty/,
        );
        assert.doesNotMatch(error.message, /canary/);
        return true;
      },
    );
  });

  it("refuses an item that is not there", async () => {
    await assert.rejects(
      findItems(site, () => Promise.reject(new SecretProblem("vault has no such item"))),
      /items\[0\]\.item: vault has no such item/,
    );
  });

  it("leaves alone what the program's own login does not reach", async () => {
    const found = await findItems(site, () => Promise.reject(new Unseen("sees no vault")));
    assert.deepEqual(found, [undefined]);
  });
});
