import assert from "node:assert/strict";
import { hostKeys } from "../../../policy/rules/host-keys.ts";
import { Hidden, unknown, type SeenMap } from "../../../policy/seen.ts";
import { resource, said } from "./resource.ts";

const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB";
const command = (connection: SeenMap, type = "command:remote:Command"): string =>
  said(hostKeys, resource(type, { connection, create: "true" }));

describe("policy: SSH pins host keys", () => {
  it("lets a connection with its host key through, secret or not", () => {
    assert.equal(command({ host: "192.0.2.1", hostKey: key }), "");
    const hidden = new Hidden({ host: "192.0.2.1", hostKey: new Hidden(key) });
    assert.equal(said(hostKeys, resource("command:remote:Command", { connection: hidden })), "");
  });

  it("lets one through whose machine is yet to be made", () => {
    assert.equal(command({ host: "192.0.2.1", hostKey: unknown }), "");
    assert.equal(said(hostKeys, resource("command:remote:Command", { connection: unknown })), "");
  });

  it("refuses a missing, an empty and a meaningless key, of every kind of connection", () => {
    assert.match(command({ host: "192.0.2.1" }), /^connection\.hostKey is missing; give/);
    assert.match(command({ hostKey: " " }), /is missing/);
    assert.match(command({ hostKey: "192.0.2.1" }), /is no public key/);
    for (const type of ["command:remote:CopyToRemote", "command:remote:CopyFile"])
      assert.match(command({ host: "192.0.2.1" }, type), /is missing/);
  });

  it("refuses a jump host without its own", () => {
    assert.match(
      command({ hostKey: key, proxy: { host: "192.0.2.2" } }),
      /^connection\.proxy\.hostKey is missing/,
    );
  });
});
