import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Provider as Kubernetes } from "@pulumi/kubernetes/provider.js";
import { runtime } from "@pulumi/pulumi";
import { Provider as Tailscale } from "@pulumi/tailscale/provider.js";
import { operatorValues } from "../../../components/tailnet/operator-values.ts";
import { policySha256 } from "../../../components/tailnet/policy-guard.ts";
import { Tailnet, type TailnetArgs } from "../../../components/tailnet/tailnet.ts";
import { mockPulumi, settled } from "../mocks.ts";
import { violations } from "./json-schema.ts";

/** What the program asked the engine to register. */
interface Request {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Names of what it depends on. */
  readonly after: readonly string[];
  readonly beforeCreate: readonly string[];
  readonly beforeUpdate: readonly string[];
  readonly deletedWith: string;
  readonly ignoreChanges: readonly string[];
  readonly secretOutputs: readonly string[];
}

interface RawRequest {
  getType(): string;
  getName(): string;
  getObject(): { toJavaScript(): Record<string, unknown> } | undefined;
  getDependenciesList(): string[];
  getDeletedwith(): string;
  getIgnorechangesList(): string[];
  getAdditionalsecretoutputsList(): string[];
  getHooks(): { getBeforeCreateList(): string[]; getBeforeUpdateList(): string[] } | undefined;
}

const nameOf = (urn: string): string => urn.split("::").at(-1) ?? "";

function read(raw: RawRequest): Request {
  return {
    type: raw.getType(),
    name: raw.getName(),
    inputs: raw.getObject()?.toJavaScript() ?? {},
    after: raw.getDependenciesList().map(nameOf),
    beforeCreate: raw.getHooks()?.getBeforeCreateList() ?? [],
    beforeUpdate: raw.getHooks()?.getBeforeUpdateList() ?? [],
    deletedWith: nameOf(raw.getDeletedwith()),
    ignoreChanges: raw.getIgnorechangesList(),
    secretOutputs: raw.getAdditionalsecretoutputsList(),
  };
}

const access = { tailnet: "-", clientId: "client", clientSecret: "canary-secret" };

async function deploy(changes: Partial<TailnetArgs> = {}): Promise<ReadonlyMap<string, Request>> {
  await mockPulumi("home");
  const requests = new Map<string, Request>();
  const monitor = runtime.getMonitor() as unknown as {
    registerResource(request: RawRequest, callback: unknown): unknown;
  };
  const forward = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    requests.set(request.getName(), read(request));
    return forward(request, callback);
  };
  const machine = (name: string) => ({
    name,
    address: "192.168.1.21",
    privateKey: "key",
    hostKey: "ssh-ed25519 AAAA",
    host: "stone",
    role: "server" as const,
    generation: "gen-12345678",
    offline: false,
    vm: new Tailscale(`${name}-vm`),
  });
  new Tailnet("home", {
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
      inForce: { text: "{before}", isDefault: false },
    },
    machines: [machine("stone"), machine("tank")],
    version: "1.102.3",
    operatorChart: "1.102.3",
    connector: { name: "connector-0", routes: ["10.43.0.0/16"], exitNode: true },
    dns: { domain: "home.arpa", nameservers: ["192.168.1.1"] },
    clusterReady: new Tailscale("cluster-ready"),
    tailscale: new Tailscale("tailscale"),
    kubernetes: new Kubernetes("kubernetes"),
    ...changes,
  });
  await settled();
  return requests;
}

describe("tailnet of a site", () => {
  let requests: ReadonlyMap<string, Request>;
  const of = (name: string): Request => {
    const found = requests.get(name);
    assert.ok(found, `${name} was not registered`);
    return found;
  };
  /** Whether `name` comes after `other`, directly or through others. */
  const follows = (name: string, other: string): boolean => {
    const after = requests.get(name)?.after ?? [];
    return after.includes(other) || after.some((between) => follows(between, other));
  };
  before(async () => {
    requests = await deploy();
  });

  it("remembers the policy before it writes its own, guarded both times and already in a preview", () => {
    const stash = of("home-policy-before");
    assert.equal(stash.inputs["input"], "{before}");
    assert.deepEqual(stash.ignoreChanges, ["input"]);
    assert.deepEqual(stash.beforeCreate, ["home-policy-create-guard"]);
    const acl = of("home-policy");
    assert.deepEqual(acl.after, ["home-policy-before"]);
    assert.deepEqual(acl.beforeCreate, ["home-policy-create-guard"]);
    assert.deepEqual(acl.beforeUpdate, ["home-policy-update-guard"]);
    assert.deepEqual(acl.ignoreChanges, ["overwriteExistingContent"]);
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
    const { after, deletedWith, inputs } = of("home-departure-command");
    assert.deepEqual(after.toSorted(), ["home-policy", "home-policy-before", "stone-vm"]);
    assert.equal(deletedWith, "");
    assert.equal(inputs["create"], "exec cat >/dev/null # departure stone");
    assert.match(String(inputs["delete"]), /^exec timeout .* bash -s # departure stone$/);
  });

  it("joins each machine beside the cluster's bring-up, with a key of its own generation that works once", () => {
    const key = of("tank-tailnet-key");
    assert.equal(key.inputs["reusable"], false);
    assert.equal(key.inputs["preauthorized"], true);
    assert.equal(key.inputs["description"], "gen-12345678 tank");
    assert.deepEqual(key.inputs["tags"], ["tag:home-node"]);
    assert.deepEqual(key.beforeCreate, ["tank-tailnet-name"]);
    assert.ok(follows("tank-tailnet-key", "tank-vm"));
    assert.ok(follows("tank-tailnet-command", "tank-tailnet-key"));
    assert.ok(!follows("tank-tailnet-command", "cluster-ready"));
    assert.equal(of("tank-tailnet-command").deletedWith, "tank-vm");
  });

  it("starts the operator once pods run and its OAuth client's Secret is there, then the Connector", () => {
    assert.ok(follows("tailscale-operator", "cluster-ready"));
    assert.ok(follows("tailscale-operator", "home-tailnet-operator-operator-oauth"));
    assert.ok(follows("home-tailnet-operator-operator-oauth", "home-tailnet-operator-oauth"));
    const connector = of("connector-0");
    assert.deepEqual(connector.after, ["tailscale-operator"]);
    assert.deepEqual(connector.inputs["spec"], {
      hostname: "connector-0",
      tags: ["tag:home-connector"],
      subnetRouter: { advertiseRoutes: ["10.43.0.0/16"] },
      exitNode: true,
    });
    assert.deepEqual((connector.inputs["metadata"] as { annotations: unknown }).annotations, {
      "pulumi.com/waitFor": "condition=ConnectorReady",
    });
    assert.ok(follows("home-split-dns", "connector-0"));
  });

  it("hands no secret to the engine in the clear", () => {
    for (const { name, inputs } of requests.values()) {
      const text = JSON.stringify(inputs, (_key, value: unknown) =>
        (value as Record<string, unknown> | null)?.["4dabf18193072939515e22adb298388d"] ===
        undefined
          ? value
          : "[secret]",
      );
      assert.ok(!text.includes("canary-secret"), `${name}: ${text}`);
    }
    assert.ok(of("stone-tailnet-key").secretOutputs.includes("key"));
  });

  it("removes devices of machines that left, when the list of machines changes", () => {
    const { beforeUpdate } = of("home-departure-command");
    assert.deepEqual(beforeUpdate, ["home-departure-ssh", "home-strays"]);
  });
});

describe("tailnet of a site whose policy another stack owns", () => {
  it("writes no policy and remembers none", async () => {
    const requests = await deploy({ policy: undefined });
    assert.equal(requests.get("home-policy"), undefined);
    assert.equal(requests.get("home-policy-before"), undefined);
    assert.deepEqual(requests.get("home-departure-command")?.after, ["stone-vm"]);
  });
});

describe("policy that replaces another", () => {
  const overwrites = async (inForce: string, adopt?: string) => {
    const policy = {
      plan: { admins: [], groups: {}, sites: [], grants: [], ssh: [], tests: [] },
      inForce: { text: inForce, isDefault: inForce === "" },
      adopt,
    };
    return (await deploy({ policy })).get("home-policy")?.inputs["overwriteExistingContent"];
  };

  it("overwrites only what was adopted; over the default the server checks too", async () => {
    assert.equal(await overwrites(""), false);
    assert.equal(await overwrites("{x}"), false);
    assert.equal(await overwrites("{x}", policySha256("{x}")), true);
  });
});

describe("values of the operator's chart", () => {
  it("are all known to the chart", () => {
    const file = new URL(
      "../../../lab/charts/tailscale-operator/values.schema.json",
      import.meta.url,
    );
    const schema = JSON.parse(readFileSync(file, "utf8")) as object;
    assert.deepEqual(violations(schema, operatorValues("home")), []);
  });

  it("carry this site's tags and no OAuth secret", () => {
    const values = operatorValues("home");
    assert.deepEqual(values["apiServerProxyConfig"], { mode: "true" });
    assert.deepEqual(values["operatorConfig"], {
      hostname: "home-operator",
      defaultTags: ["tag:home-operator"],
    });
    assert.deepEqual(values["proxyConfig"], { defaultTags: "tag:home-connector" });
    assert.ok(!("oauth" in values));
  });
});
