import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { Provider as Kubernetes } from "@pulumi/kubernetes/provider.js";
import { Provider as Tailscale } from "@pulumi/tailscale/provider.js";
import { tailscaleOperator } from "../../../components/definitions/tailscale.ts";
import { connectorClass, connectorSpec } from "../../../components/tailnet/connector.ts";
import { operatorValues } from "../../../components/tailnet/operator-values.ts";
import { TailnetProxies, type ProxiesArgs } from "../../../components/tailnet/proxies.ts";
import { proxyClassSpec } from "../../../components/tailnet/proxy-plan.ts";
import { tailnetScripts } from "../../../components/tailnet/scripts.ts";
import { missingHost } from "../../../components/tailnet/taken.ts";
import { record, type Recording } from "../../recorder.ts";
import { judge, type SeenObject } from "./definition-schema.ts";
import { recordedHome } from "./home-recording.ts";
import { violations } from "./json-schema.ts";
import { valuesSchema } from "./lab-schema.ts";
import { machineRoot, runScript } from "./machine-script.ts";
import { standingMachine } from "./standing-machine.ts";

const common = { cpu: "25m", memory: "64Mi", metrics: true };

async function deploy(changes: Partial<ProxiesArgs> = {}): Promise<Recording> {
  const recording = await record("home");
  const args = {
    ...{ site: "home", operator: "1.102.3", class: common },
    groups: [
      { type: "ingress", replicas: 2 },
      { type: "egress", replicas: 2 },
      { type: "kube-apiserver", replicas: 2, hostname: "home-api" },
    ],
    egress: [
      {
        ...{ name: "nas", device: true, to: { fqdn: "nas.tail1234.ts.net" } },
        ports: [
          { port: 445, protocol: "TCP" },
          { port: 2049, protocol: "TCP" },
        ],
      },
      {
        ...{ name: "clock", device: true, to: { ip: "100.101.102.103" } },
        ports: [{ port: 123, protocol: "UDP" }],
      },
    ],
    machine: standingMachine("stone"),
    api: {
      devices: () => Promise.resolve([]),
      deleteDevice: () => Promise.resolve(),
      services: () => Promise.resolve([]),
      deleteService: () => Promise.resolve(),
    },
    ...changes,
  } satisfies ProxiesArgs;
  new TailnetProxies("home-proxies", args, {
    providers: [new Kubernetes("kubernetes")],
    dependsOn: [new Tailscale("operator-runs")],
  });
  return recording.settled();
}

/** The metadata of what was registered. */
const metadata = (site: Recording, name: string) =>
  site.get(name).shown["metadata"] as {
    readonly name: string;
    readonly namespace?: string;
    readonly annotations: Readonly<Record<string, string>>;
  };

describe("the operator's further proxies", () => {
  let site: Recording;
  before(async () => {
    site = await deploy();
  });
  const custom = () =>
    site.resources.filter(({ type }) => type.startsWith("kubernetes:tailscale.com/"));

  it("are as the operator's kinds have them", async () => {
    const problems = await judge([tailscaleOperator("1.102.3")]);
    const objects = custom().map(({ shown }) => shown as unknown as SeenObject);
    assert.equal(objects.length, 7);
    for (const object of objects) assert.deepEqual(problems(object), [], object.kind);
    const own = { apiVersion: "tailscale.com/v1alpha1", kind: "ProxyClass" };
    for (const spec of [
      connectorClass({ name: "connector-0", replicas: 1 }, common),
      connectorClass({ name: "connector-0", replicas: 2 }, undefined),
      proxyClassSpec({ ...common, metrics: false }),
    ])
      assert.deepEqual(problems({ ...own, spec }), []);
  });

  it("are waited for by the condition of their kind, and made once the operator runs", () => {
    const conditions = { ProxyClass: "ProxyClassReady", ProxyGroup: "ProxyGroupReady" };
    for (const { name, shown } of custom()) {
      const wanted = conditions[shown["kind"] as keyof typeof conditions];
      const { annotations } = metadata(site, name);
      assert.equal(annotations["pulumi.com/waitFor"], `condition=${wanted}`, name);
      assert.ok(site.waitsFor(name).has("operator-runs"), name);
    }
  });

  it("come after their class, and go before it", () => {
    for (const group of ["ingress", "egress", "api-server"])
      assert.ok(site.waitsFor(`home-proxies-${group}`).has(`home-proxies-${group}-class`), group);
  });

  it("carry the tag that the operator may give and names of the site", () => {
    assert.deepEqual(site.get("home-proxies-ingress").shown["spec"], {
      ...{ type: "ingress", replicas: 2, tags: ["tag:home-connector"] },
      ...{ hostnamePrefix: "home-ingress", proxyClass: "ingress" },
    });
    assert.deepEqual(site.get("home-proxies-api-server").shown["spec"], {
      ...{ type: "kube-apiserver", replicas: 2, tags: ["tag:home-connector"] },
      ...{ hostnamePrefix: "home-api-server", proxyClass: "api-server" },
      kubeAPIServer: { mode: "auth", hostname: "home-api" },
    });
    const { hooks } = site.get("home-proxies-egress");
    assert.deepEqual(hooks.beforeCreate, ["home-egress-0-name", "home-egress-1-name"]);
    assert.deepEqual(hooks.beforeUpdate, ["home-proxies-egress-further"]);
    assert.deepEqual(site.get("home-proxies-api-server").hooks.beforeCreate?.slice(-2), [
      "home-proxies-api-server-name-others",
      "home-proxies-api-server-name",
    ]);
  });

  it("ask for what they need, tell of themselves, and stand on hosts apart", () => {
    const spec = site.get("home-proxies-egress-class").shown["spec"] as {
      readonly statefulSet: { readonly pod: Readonly<Record<string, unknown>> };
      readonly metrics: unknown;
    };
    assert.deepEqual(spec.metrics, { enable: true, serviceMonitor: { enable: true } });
    const { topologySpreadConstraints: spread, tailscaleContainer } = spec.statefulSet.pod;
    assert.deepEqual(tailscaleContainer, {
      imagePullPolicy: "IfNotPresent",
      resources: { requests: { cpu: "25m", memory: "64Mi" } },
      debug: { enable: false },
    });
    const [apart] = spread as readonly { readonly labelSelector: unknown }[];
    assert.deepEqual(apart?.labelSelector, {
      matchLabels: {
        "tailscale.com/parent-resource-type": "proxygroup",
        "tailscale.com/parent-resource": "egress",
      },
    });
    const bare = proxyClassSpec({ ...common, metrics: false });
    assert.ok(!("metrics" in bare));
  });

  it("do not open tailscaled's debug server with their metrics, which the operator would", () => {
    const container = (spec: Record<string, unknown>) =>
      (
        spec["statefulSet"] as {
          readonly pod: { readonly tailscaleContainer: Readonly<Record<string, unknown>> };
        }
      ).pod.tailscaleContainer;
    const told = container(proxyClassSpec(common));
    assert.deepEqual(told["debug"], { enable: false });
    const connector = container(connectorClass({ name: "connector-0", replicas: 1 }, common));
    assert.deepEqual(connector["debug"], { enable: false });
    assert.ok(!("debug" in container(proxyClassSpec({ ...common, metrics: false }))));
  });

  it("run a pinned image where the operator would take one whose tag moves, and no init container there", () => {
    const pod = (of: string) =>
      (
        site.get(`home-proxies-${of}-class`).shown["spec"] as {
          readonly statefulSet: { readonly pod: Readonly<Record<string, unknown>> };
        }
      ).statefulSet.pod;
    const { image } = pod("api-server")["tailscaleContainer"] as { readonly image?: string };
    assert.equal(image, "tailscale/k8s-proxy:v1.102.3");
    assert.ok(!("tailscaleInitContainer" in pod("api-server")));
    assert.ok(!("image" in (pod("ingress")["tailscaleContainer"] as object)));
  });

  it("lead to hosts of the tailnet by Services, after the group and before it goes", () => {
    const { shown, options, hooks } = site.get("home-proxies-egress-nas");
    assert.deepEqual(metadata(site, "home-proxies-egress-nas"), {
      ...{ name: "nas", namespace: "tailscale" },
      annotations: {
        "tailscale.com/proxy-group": "egress",
        "tailscale.com/tailnet-fqdn": "nas.tail1234.ts.net",
        "pulumi.com/waitFor": "condition=TailscaleEgressSvcReady",
      },
    });
    const { type, ports } = shown["spec"] as { readonly type: string; readonly ports: unknown };
    assert.equal(type, "ExternalName");
    assert.deepEqual(ports, [
      { name: "tcp-445", port: 445, protocol: "TCP" },
      { name: "tcp-2049", port: 2049, protocol: "TCP" },
    ]);
    assert.ok(site.waitsFor("home-proxies-egress-nas").has("home-proxies-egress"));
    assert.ok(!site.waitsFor("home-proxies-egress-nas").has("home-proxies-api-server"));
    // The operator's from then on: without this each later change would take it away again.
    assert.deepEqual(options.ignoreChanges, ["spec.externalName"]);
    assert.deepEqual(hooks.beforeCreate, ["home-proxies-nas-host"]);
    // Addresses are not looked for.
    const { after } = site.get("home-proxies-found-command");
    assert.ok(after.includes("home-proxies-egress-nas"));
    const stdin = JSON.stringify(site.get("home-proxies-found-command").inputs["stdin"]);
    assert.ok(
      stdin.includes("nas nas.tail1234.ts.net") &&
        stdin.includes("REPLICAS='2'") &&
        !stdin.includes("clock"),
    );
    const { annotations } = metadata(site, "home-proxies-egress-clock");
    assert.equal(annotations["tailscale.com/tailnet-ip"], "100.101.102.103");
    assert.equal(annotations["tailscale.com/tailnet-fqdn"], undefined);
  });
});

describe("the proof of hosts that proxies lead to by name", () => {
  let root: string;
  beforeEach(() => {
    root = machineRoot();
    const kubectl = String.raw`#!/bin/bash
while [[ $1 == --* ]]; do if [[ $1 == --kubeconfig ]]; then shift; fi; shift; done
case "$*" in
  *"get secrets"*"parent-resource=egress,"*) cat ROOT/states ;;
  *"delete pod/egress-"*) cp ROOT/later ROOT/states; echo "$3 $4" >>ROOT/said ;;
  *"wait pod/egress-"*) echo "$3 $4" >>ROOT/said ;;
  *"logs egress-"*) echo 'error fetching backend addresses for "nas.tail1234.ts.net": could not find' ;;
  *) echo "not expected: $*" >&2; exit 64 ;;
esac
`;
    const tool = join(root, "usr/local/bin/kubectl");
    writeFileSync(tool, kubectl.replaceAll("ROOT", root), { mode: 0o755 });
    writeFileSync(join(root, "said"), "");
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  /** As a proxy writes it. */
  const state = (addresses: string, fqdn = "nas.tail1234.ts.net"): string =>
    `{"podIPv4":"10.42.0.9","services":{"tailscale-nas":{"ports":[{"protocol":"TCP","matchPort":10445,"targetPort":445}],"tailnetTargetIPs":${addresses},"tailnetTarget":{"ip":"","fqdn":"${fqdn}"}}}}\n`;
  const found = state('["100.64.0.9"]');
  const lost = state("null");
  type Both = readonly [string, string];
  const look = async (states: Both, later: Both) => {
    const text = ([first, second]: Both) => `egress-0 ${first}egress-1 ${second}`;
    writeFileSync(join(root, "states"), text(states));
    writeFileSync(join(root, "later"), text(later));
    const once = tailnetScripts.found.replace("patience=90", "patience=0");
    const { code, stderr } = await runScript(root, once, {
      HOSTS: "nas nas.tail1234.ts.net",
      GROUP: "egress",
      REPLICAS: "2",
    });
    return { code, stderr, restarts: readFileSync(join(root, "said"), "utf8") };
  };

  it("ends once each of the proxies has found it, and leaves them alone", async () => {
    const { code, stderr, restarts } = await look([found, found], [lost, lost]);
    assert.equal(code, 0, stderr);
    assert.equal(restarts, "");
  });

  it("starts the one anew that alone has missed it, which connections are sent to all the same", async () => {
    const { code, stderr, restarts } = await look([found, lost], [found, found]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(restarts.trim().split("\n"), ["delete pod/egress-1", "wait pod/egress-1"]);
  });

  it("waits for a proxy that tells nothing yet", async () => {
    const { code, stderr } = await look([found, "\n"], [found, "\n"]);
    assert.notEqual(code, 0);
    assert.match(stderr, /egress-1 of ProxyGroup egress has not found nas/);
  });

  it("starts proxies anew that looked before the policy let them see it", async () => {
    const { code, stderr, restarts } = await look([lost, lost], [found, found]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(restarts.trim().split("\n"), [
      ...["delete pod/egress-0", "wait pod/egress-0"],
      ...["delete pod/egress-1", "wait pod/egress-1"],
    ]);
  });

  it("does not take the host that it led to before for the one that it leads to now", async () => {
    const before = state('["100.64.0.7"]', "old.tail1234.ts.net");
    const { code, stderr, restarts } = await look([before, before], [found, found]);
    assert.equal(code, 0, stderr);
    assert.notEqual(restarts, "", "it was content with what was found before");
  });

  it("names the host that they do not find, with what they say of it", async () => {
    const { code, stderr } = await look([lost, lost], [lost, lost]);
    assert.notEqual(code, 0);
    assert.match(
      stderr,
      /egress-0 of ProxyGroup egress has not found nas\.tail1234\.ts\.net, where nas is to lead: the tailnet's policy/,
    );
    assert.match(stderr, /error fetching backend addresses/);
  });
});

describe("a host of the tailnet that pods are to reach", () => {
  const device = { id: "1", hostname: "nas", tags: ["tag:nas"], user: "tagged-devices" };

  it("is looked for by its whole name", () => {
    const found = (name: string, fqdn: string) => missingHost([{ ...device, name }], "nas", fqdn);
    assert.equal(found("nas.tail1234.ts.net", "nas.tail1234.ts.net"), undefined);
    assert.match(
      found("nas.tail99.ts.net", "nas.tail1234.ts.net") ?? "",
      /^homelab:tailnet\.egress\.nas: .*no device nas\.tail1234\.ts\.net; there is nas\.tail99\.ts\.net\. Use/,
    );
  });
});

describe("a Connector", () => {
  const plan = { name: "connector-0", replicas: 1, routes: ["10.43.0.0/16"], exitNode: true };
  it("has a class of its own, which the operator's default is not for", () => {
    assert.equal(connectorSpec("home", plan)["proxyClass"], "connector-0");
    const spec = connectorClass(plan, common) as {
      readonly statefulSet: { readonly pod: Readonly<Record<string, unknown>> };
    };
    assert.ok(!("topologySpreadConstraints" in spec.statefulSet.pod));
  });

  it("comes back from a reboot without a registry, also where proxies have nothing in common", () => {
    const tailscaleContainer = { imagePullPolicy: "IfNotPresent" };
    assert.deepEqual(connectorClass(plan, undefined), {
      statefulSet: { pod: { tailscaleContainer } },
    });
  });

  it("leaves the default to proxies of Services and Ingresses, by a value that the chart knows", () => {
    const values = operatorValues("home", "k1", true);
    assert.deepEqual(values["proxyConfig"], {
      defaultTags: "tag:home-connector",
      defaultProxyClass: "proxies",
    });
    assert.deepEqual(violations(valuesSchema("tailscale-operator"), values), []);
  });
});

describe("a site with groups of proxies", () => {
  let site: Recording;
  before(async () => {
    site = await recordedHome({
      "tailnet.https": true,
      "tailnet.proxies": { ingress: {}, apiServer: {} },
      "tailnet.policy.tags": ["ci", "nas"],
      "tailnet.egress": { nas: { fqdn: "nas.tail1234.ts.net", as: "tag:nas", ports: [445] } },
    });
  });
  const follows = (name: string, other: string): boolean => site.waitsFor(name).has(other);

  it("makes them after the operator, and hosts after the policy that lets them be seen", () => {
    for (const name of ["proxies-class", "ingress", "egress", "api-server", "egress-nas"])
      assert.ok(follows(`home-tailnet-proxies-${name}`, "tailscale-operator"), name);
    assert.ok(follows("home-tailnet-proxies-egress-nas", "home-policy"));
    assert.ok(follows("home-tailnet-proxies-found-command", "home-tailnet-proxies-egress-nas"));
  });

  it("makes the API servers' once the tailnet gives certificates", () => {
    assert.ok(follows("home-tailnet-proxies-api-server", "home-tailnet-settings"));
    const { kubeAPIServer } = site.get("home-tailnet-proxies-api-server").shown["spec"] as {
      readonly kubeAPIServer: unknown;
    };
    assert.deepEqual(kubeAPIServer, { mode: "auth", hostname: "home-api" });
  });

  it("has two devices of each on its four hosts, and makes the group that a host needs", () => {
    for (const name of ["ingress", "egress", "api-server"]) {
      const { replicas } = site.get(`home-tailnet-proxies-${name}`).shown["spec"] as {
        readonly replicas: number;
      };
      assert.equal(replicas, 2, name);
    }
  });

  it("writes a policy that approves its Services and lets its proxies reach the host", () => {
    const policy = JSON.parse(String(site.get("home-policy").shown["acl"])) as {
      readonly autoApprovers: { readonly services: unknown };
      readonly grants: readonly unknown[];
    };
    assert.deepEqual(policy.autoApprovers.services, {
      "tag:home-connector": ["tag:home-connector"],
    });
    const grant = { src: ["tag:home-connector"], dst: ["tag:nas"], ip: ["tcp:445"] };
    assert.ok(policy.grants.some((one) => isDeepStrictEqual(one, grant)));
  });

  it("gives its Connector what all proxies have", () => {
    const { proxyClass } = site.get("robbinsdale-connector-0").shown["spec"] as {
      readonly proxyClass: string;
    };
    assert.equal(proxyClass, "robbinsdale-connector-0");
    const { metrics } = site.get("robbinsdale-connector-0-class").shown["spec"] as {
      readonly metrics?: unknown;
    };
    assert.deepEqual(metrics, { enable: true, serviceMonitor: { enable: true } });
  });
});
