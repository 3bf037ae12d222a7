import assert from "node:assert/strict";
import type { ClusterCommand } from "../../../stacks/doctor/examined.ts";
import {
  definitionChecks,
  judgeDefinitions,
  type DefinitionInForce,
} from "../../../stacks/parts/definitions/doctor.ts";
import { homeConfig } from "../stacks/sample.ts";
import { said } from "./said.ts";

const set = {
  title: "Gateway API v1.6.1",
  serves: { "gateways.x": ["v1"], "grants.x": ["v1", "v1beta1"] },
  files: ["x_gateways.yaml", "x_grants.yaml", "policy.yaml"].map((file) => ({
    ...{ url: `https://example.net/${file}`, sha256: "" },
  })),
};
const both = { established: true, serves: ["v1", "v1beta1"] };

describe("the doctor at the program's kinds", () => {
  const look = (found: Readonly<Record<string, DefinitionInForce>>): string =>
    said([judgeDefinitions(set, new Map(Object.entries(found)))]);

  it("is content where all are established and serve what their users ask for", () => {
    const text = "ok: kinds of Gateway API v1.6.1: all 2 are established and served";
    assert.equal(look({ "gateways.x": both, "grants.x": both }), text);
  });

  it("names each that is missing, not established, or served otherwise", () => {
    assert.match(look({ "gateways.x": both }), /^error: .*: grants\.x is not there$/);
    const none = { established: false, serves: [] };
    assert.match(look({ "gateways.x": none, "grants.x": both }), /gateways\.x is not established$/);
    const old = { established: true, serves: ["v1beta1"] };
    assert.match(
      look({ "gateways.x": old, "grants.x": old }),
      /: gateways\.x serves v1beta1, not v1; grants\.x serves v1beta1, not v1$/,
    );
  });

  it("says how those alone are applied anew, for no up does it by itself", () => {
    const { remedy } = judgeDefinitions(set, new Map([["gateways.x", both]]));
    assert.equal(
      remedy,
      "kubectl apply --server-side --force-conflicts --field-manager=homelab -f https://example.net/x_grants.yaml",
    );
  });

  it("asks once, for the kinds of the parts that the site has", async () => {
    const config = homeConfig({ gateway: { enabled: false } });
    const asked: (readonly string[])[] = [];
    const run: ClusterCommand = (_, args) => {
      asked.push(args);
      const stdout =
        "connectors.tailscale.com     True   v1alpha1\nonepassworditems.onepassword.com   True   v1\n";
      return Promise.resolve({ ok: true, stdout, stderr: "" });
    };
    const [check, ...others] = definitionChecks({ config, isUp: true }, run);
    assert.deepEqual(others, []);
    const text = said((await check?.run()) ?? []);
    assert.match(text, /^ok: kinds of 1Password's operator .*: all 1 are established and served$/m);
    assert.match(text, /^error: kinds of Tailscale.*: dnsconfigs\.tailscale\.com is not there/m);
    assert.equal(asked.length, 1);
    assert.ok(!asked[0]?.some((arg) => arg.includes("gateway")));
  });

  it("has none to look at where the site was not brought up", () => {
    const run: ClusterCommand = () => assert.fail("asked");
    assert.deepEqual(definitionChecks({ config: homeConfig(), isUp: false }, run), []);
  });
});
