import assert from "node:assert/strict";
import { RunError } from "@pulumi/pulumi";
import { openSite } from "../../../stacks/open-site.ts";
import { findTailnet } from "../../../stacks/parts/tailnet/look.ts";
import { depsIn } from "../site-deps.ts";
import { homeConfig, type Changes } from "./sample.ts";

const reads = ["all:read", "auth_keys", "oauth_keys", "devices:core", "dns"];

/** Looks at the tailnet of home after changes, with a client that holds scopes, where a policy is in force. */
async function look(
  { scopes, preview = false }: { scopes?: readonly string[]; preview?: boolean },
  { changes = {}, policy = {} }: { changes?: Changes; policy?: object } = {},
) {
  const site = await openSite("home", homeConfig(changes), depsIn({}).readSecrets);
  const told = { text: JSON.stringify(policy), isDefault: false, scopes };
  return findTailnet(site, () => Promise.resolve(told), preview);
}

describe("the OAuth client of a tailnet", () => {
  it("is refused before an up when it may not do all that the up does", async () => {
    await assert.rejects(look({ scopes: reads }), (error) => {
      assert.ok(RunError.isInstance(error), String(error));
      assert.match(
        error.message,
        /^homelab:tailnet\.oauth: the OAuth client lacks the scopes policy_file, services; give it/,
      );
      return true;
    });
    await look({ scopes: ["all"] });
  });

  it("may read alone in a preview", async () => {
    await look({ scopes: ["all:read"], preview: true });
  });

  it("is not taken for lacking where Tailscale does not tell, or in another form", async () => {
    await look({});
    await look({ scopes: ["acl"] });
  });
});

describe("a policy that another stack owns", () => {
  const changes = {
    "tailnet.policy": undefined,
    "tailnet.proxies": { ingress: {} },
    "tailnet.egress": { nas: { fqdn: "nas.tail1234.ts.net", as: "tag:nas", ports: [445] } },
  };

  it("is refused with what to add for a site's Services and hosts, in both forms", async () => {
    await assert.rejects(look({ scopes: ["all"] }, { changes }), (error) => {
      assert.ok(RunError.isInstance(error), String(error));
      for (const part of [
        "autoApprovers.services does not approve Services with tag:home-connector",
        "grants do not let tag:home-connector reach tag:nas at tcp:445",
        '"tag:home-connector": [\n        "tag:home-connector"\n      ]',
        "192.168.1.0/24], services: true }",
        '- {"src":["tag:home-connector"],"dst":["tag:nas"],"ip":["tcp:445"]}',
      ])
        assert.ok(error.message.includes(part), `${part}\n${error.message}`);
      return true;
    });
  });
});
