import assert from "node:assert/strict";
import { siteValues } from "../../../scripts/site-file.ts";

describe("a site file that a script reads", () => {
  it("has its keys in the engine's order at each depth, and its lists in their own", () => {
    const text = `
config:
  homelab:apps:
    typeo:
      version: v1
      environment: { NODE_ENV: production, FIREBASE_ID: x }
      egress: [{ ports: [443, 80], names: [b, a] }]
`;
    assert.deepEqual(siteValues(text), {
      "homelab:apps":
        '{"typeo":{"egress":[{"names":["b","a"],"ports":[443,80]}],"environment":{"FIREBASE_ID":"x","NODE_ENV":"production"},"version":"v1"}}',
    });
  });
});
