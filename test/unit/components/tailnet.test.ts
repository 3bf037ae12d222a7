import assert from "node:assert/strict";
import { Provider as Kubernetes } from "@pulumi/kubernetes/provider.js";
import { Provider as Tailscale } from "@pulumi/tailscale/provider.js";
import { tailscaleOperator } from "../../../components/definitions/tailscale.ts";
import { connectorDevices } from "../../../components/tailnet/connector.ts";
import { operatorValues } from "../../../components/tailnet/operator-values.ts";
import { policySha256 } from "../../../components/tailnet/policy-guard.ts";
import { policyText } from "../../../components/tailnet/policy.ts";
import { Tailnet, type TailnetArgs } from "../../../components/tailnet/tailnet.ts";
import { record, type Recording } from "../../recorder.ts";
import { judge, type SeenObject } from "./definition-schema.ts";
import { violations } from "./json-schema.ts";
import { valuesSchema } from "./lab-schema.ts";
import { standingMachine } from "./standing-machine.ts";

interface ClassSpec {
  readonly statefulSet: {
    readonly pod: {
      readonly topologySpreadConstraints: readonly Readonly<Record<string, unknown>>[];
    };
  };
}

const access = { tailnet: "-", clientId: "client", clientSecret: "canary-secret" };

async function deploy(changes: Partial<TailnetArgs> = {}): Promise<Recording> {
  const recording = await record("home");
  const kubernetes = new Kubernetes("kubernetes");
  const args = {
    site: "home",
    access,
    policy: {
      plan: {
        admins: ["admin@example.net"],
        groups: {},
        sites: [{ name: "home", routes: ["10.43.0.0/16"], exitNode: true }],
        grants: [],
        ssh: [],
        tests: [],
      },
      inForce: { text: '{"before": 1}', isDefault: false },
    },
    machines: [standingMachine("stone"), standingMachine("tank")] as const,
    version: "1.102.3",
    operatorChart: "1.102.3",
    kinds: [new Tailscale("kinds")],
    connector: { name: "connector-0", replicas: 1, routes: ["10.43.0.0/16"], exitNode: true },
    dns: { domain: "home.arpa", nameservers: ["192.168.1.1"] },
    cluster: { ready: new Tailscale("cluster-ready"), kubernetes },
    ...changes,
  } satisfies TailnetArgs;
  new Tailnet("home", args, { providers: [new Tailscale("tailscale")] });
  return recording.settled();
}

describe("tailnet of a site", () => {
  let site: Recording;
  const follows = (name: string, other: string): boolean => site.waitsFor(name).has(other);
  before(async () => {
    site = await deploy();
  });

  it("remembers the policy before it writes its own, guarded both times and already in a preview", () => {
    const stash = site.get("home-policy-before");
    assert.equal(stash.shown["input"], '{"before": 1}');
    assert.deepEqual(stash.options.ignoreChanges, ["input"]);
    assert.deepEqual(stash.hooks.beforeCreate, ["home-policy-create-guard"]);
    const acl = site.get("home-policy");
    assert.deepEqual(acl.after, ["home-policy-before"]);
    assert.deepEqual(acl.hooks.beforeCreate, ["home-policy-create-guard"]);
    assert.deepEqual(acl.hooks.beforeUpdate, ["home-policy-update-guard"]);
    assert.deepEqual(acl.options.ignoreChanges, ["overwriteExistingContent"]);
    assert.ok(!("resetAclOnDestroy" in acl.inputs));
  });

  it("leaves the tailnet after keys, operator and Connector are gone, while the machine still runs", () => {
    for (const name of [
      "stone-tailnet-key",
      "tank-tailnet-key",
      "home-tailnet-operator-oauth",
      "tailscale-operator",
      "connector-0",
      "home-split-dns",
    ])
      assert.ok(follows(name, "home-departure-command"), name);
    const { after, options, shown } = site.get("home-departure-command");
    assert.deepEqual(after.toSorted(), ["home-policy", "home-policy-before", "stone-vm"]);
    assert.equal(options.deletedWith, undefined);
    assert.equal(shown["create"], "exec cat >/dev/null # departure stone");
    assert.match(String(shown["delete"]), /^exec timeout .* bash -s # departure stone$/);
  });

  it("joins each machine beside the cluster's bring-up, with a key of its own generation that works once", () => {
    const key = site.get("tank-tailnet-key");
    assert.equal(key.shown["reusable"], false);
    assert.equal(key.shown["preauthorized"], true);
    assert.equal(key.shown["description"], "gen-12345678 tank");
    assert.deepEqual(key.shown["tags"], ["tag:home-node"]);
    assert.deepEqual(key.hooks.beforeCreate, ["tank-tailnet-name"]);
    assert.ok(follows("tank-tailnet-key", "tank-vm"));
    assert.ok(follows("tank-tailnet-command", "tank-tailnet-key"));
    assert.ok(!follows("tank-tailnet-command", "cluster-ready"));
    assert.equal(site.get("tank-tailnet-command").options.deletedWith?.name, "tank-vm");
  });

  it("starts the operator once pods run and its OAuth client's Secret is there, then the Connector", () => {
    assert.ok(follows("tailscale-operator", "cluster-ready"));
    assert.ok(follows("tailscale-operator", "kinds"));
    assert.ok(follows("tailscale-operator", "home-tailnet-operator-operator-oauth"));
    assert.ok(follows("home-tailnet-operator-operator-oauth", "home-tailnet-operator-oauth"));
    const { hooks } = site.get("tailscale-operator");
    assert.deepEqual(hooks.beforeUpdate, ["connector-0-release-restarts"]);
    const connector = site.get("connector-0");
    assert.deepEqual(connector.after, ["connector-0-class"]);
    assert.ok(follows("connector-0-class", "tailscale-operator"));
    assert.deepEqual(connector.shown["spec"], {
      hostname: "connector-0",
      proxyClass: "connector-0",
      tags: ["tag:home-connector"],
      subnetRouter: { advertiseRoutes: ["10.43.0.0/16"] },
      exitNode: true,
    });
    assert.deepEqual((connector.shown["metadata"] as { annotations: unknown }).annotations, {
      "pulumi.com/waitFor":
        '["condition=ConnectorReady","jsonpath={.status.devices[0].tailnetIPs[0]}"]',
    });
    assert.ok(follows("home-split-dns", "connector-0"));
  });

  it("runs a nameserver of the operator's release, whatever the machines run, and sees its pods", async () => {
    const two = await deploy({ version: "1.104.0", nameserver: { address: "10.43.0.12" } });
    const { nameserver } = two.get("home-tailnet-operator-nameserver").shown["spec"] as {
      readonly nameserver: { readonly image: unknown };
    };
    assert.deepEqual(nameserver.image, { repo: "tailscale/k8s-nameserver", tag: "v1.102.3" });
    const proof = two.get("home-tailnet-operator-nameserver-runs-command");
    assert.ok(proof.after.includes("home-tailnet-operator-nameserver"));
    assert.ok(JSON.stringify(proof.inputs["stdin"]).includes("tailscale/k8s-nameserver:v1.102.3"));
  });

  it("switches certificates on where it is asked to, and leaves the other settings alone", async () => {
    assert.ok(!site.resources.some(({ name }) => name === "home-tailnet-settings"));
    const { shown } = (await deploy({ https: true })).get("home-tailnet-settings");
    assert.deepEqual(shown, { httpsEnabled: true });
  });

  it("spreads a Connector of two devices over hosts, and the first keeps its name", async () => {
    const routes = ["10.43.0.0/16"];
    const two = await deploy({
      connector: { name: "connector-0", replicas: 2, routes, exitNode: true },
    });
    const { shown, after, hooks } = two.get("connector-0");
    const spec = {
      ...{ hostnamePrefix: "connector", replicas: 2, proxyClass: "connector-0" },
      ...{ tags: ["tag:home-connector"], exitNode: true },
      subnetRouter: { advertiseRoutes: routes },
    };
    assert.deepEqual(shown["spec"], spec);
    assert.deepEqual(after, ["connector-0-class"]);
    // The operator's condition is True without a device.
    const { annotations } = shown["metadata"] as { annotations: Record<string, string> };
    assert.match(annotations["pulumi.com/waitFor"] ?? "", /devices\[1\]\.tailnetIPs\[0\]/);
    assert.deepEqual(hooks.beforeCreate, ["connector-0-name", "connector-1-name"]);
    assert.deepEqual(hooks.beforeUpdate, ["connector-0-further", "connector-0-restarts"]);
    const made = two.get("connector-0-class").shown;
    assert.deepEqual(made["metadata"], {
      name: "connector-0",
      annotations: { "pulumi.com/waitFor": "condition=ProxyClassReady" },
    });
    assert.ok(two.waitsFor("connector-0-class").has("tailscale-operator"));
    const problems = await judge([tailscaleOperator("1.102.3")]);
    for (const object of [shown, made])
      assert.deepEqual(problems(object as unknown as SeenObject), []);
    const [spread] = (made["spec"] as ClassSpec).statefulSet.pod.topologySpreadConstraints;
    assert.equal(spread?.["topologyKey"], "topology.kubernetes.io/zone");
    assert.equal(spread["whenUnsatisfiable"], "DoNotSchedule");
    // With "Honor" both would stand on the host that was first when the nodes of two restart one after the other.
    assert.equal(spread["nodeTaintsPolicy"], undefined);
    assert.deepEqual(connectorDevices({ name: "gate", replicas: 2 }), ["gate-0", "gate-1"]);
  });

  it("gives the operator another pod with another OAuth client, which it reads once", () => {
    const { operatorConfig } = site.get("tailscale-operator").shown["values"] as {
      operatorConfig: { podAnnotations: unknown };
    };
    assert.deepEqual(operatorConfig.podAnnotations, {
      "homelab/oauth-client": "home-tailnet-operator-oauth-id",
    });
  });

  it("hands no secret to the engine in the clear", () => {
    for (const { name, shown } of site.resources) {
      const text = JSON.stringify(shown);
      assert.ok(!text.includes("canary-secret"), `${name}: ${text}`);
    }
    assert.ok(site.get("stone-tailnet-key").options.secretOutputs.includes("key"));
  });

  it("removes devices of machines that left, when the list of machines changes", () => {
    const { hooks } = site.get("home-departure-command");
    assert.deepEqual(hooks.beforeUpdate, ["home-departure-ssh", "home-others", "home-strays"]);
  });

  it("looks whose its names and its domain are before it makes anything, and before it writes split DNS", () => {
    const { hooks } = site.get("home-departure-command");
    assert.ok(hooks.beforeCreate?.includes("home-others"));
    assert.deepEqual(site.get("home-split-dns").hooks.beforeCreate, ["home-others-dns"]);
  });
});

describe("tailnet of a site whose policy another stack owns", () => {
  it("writes no policy and remembers none", async () => {
    const site = await deploy({ policy: undefined });
    assert.equal(site.find("home-policy"), undefined);
    assert.equal(site.find("home-policy-before"), undefined);
    assert.deepEqual(site.get("home-departure-command").after, ["stone-vm"]);
  });
});

describe("policy that replaces another", () => {
  const overwrites = async (inForce: string, adopt?: string) => {
    const policy = {
      plan: { admins: [], groups: {}, sites: [], grants: [], ssh: [], tests: [] },
      inForce: { text: inForce, isDefault: inForce === "{}" },
      adopt,
    };
    return (await deploy({ policy })).get("home-policy").shown["overwriteExistingContent"];
  };

  it("overwrites only what was adopted; over the default the server checks too", async () => {
    assert.equal(await overwrites("{}"), false);
    assert.equal(await overwrites('{"x": 1}'), false);
    assert.equal(await overwrites('{"x": 1}', policySha256('{"x": 1}')), true);
  });
});

describe("policy that is in force already", () => {
  it("stays as Tailscale's server formatted it, and the departure's parameters do not change with its form", async () => {
    const plan = {
      ...{ admins: ["admin@example.net"], groups: {}, grants: [], ssh: [], tests: [] },
      sites: [{ name: "home", routes: ["10.43.0.0/16"], exitNode: true }],
    };
    const formatted = `${JSON.stringify(JSON.parse(policyText(plan)), undefined, "\t")}\n`;
    const of = async (text: string) => {
      const site = await deploy({ policy: { plan, inForce: { text, isDefault: false } } });
      const stdin = JSON.stringify(site.get("home-departure-command").inputs["stdin"]);
      return { acl: site.get("home-policy").shown["acl"], stdin };
    };
    const [first, later] = [await of("{}"), await of(formatted)];
    assert.equal(first.acl, policyText(plan));
    assert.equal(later.acl, formatted);
    assert.equal(
      later.stdin.replace(/POLICY_BEFORE='[^']*'/, ""),
      first.stdin.replace(/POLICY_BEFORE='[^']*'/, ""),
    );
  });
});

describe("values of the operator's chart", () => {
  it("are all known to the chart", () => {
    assert.deepEqual(
      violations(valuesSchema("tailscale-operator"), operatorValues("home", "k1")),
      [],
    );
  });

  it("carry this site's tags and no OAuth secret", () => {
    const values = operatorValues("home", "k1");
    assert.deepEqual(values["apiServerProxyConfig"], { mode: "true" });
    assert.deepEqual(values["operatorConfig"], {
      image: { pullPolicy: "IfNotPresent" },
      resources: { requests: { cpu: "20m", memory: "128Mi" }, limits: { memory: "1Gi" } },
      hostname: "home-operator",
      defaultTags: ["tag:home-operator"],
      podAnnotations: { "homelab/oauth-client": "k1" },
    });
    assert.deepEqual(values["proxyConfig"], { defaultTags: "tag:home-connector" });
    assert.ok(!("oauth" in values));
  });
});
