import assert from "node:assert/strict";
import type { SeenResource } from "../../../policy/rule.ts";
import { budgets, namespaces, workloads } from "../../../policy/rules/workloads.ts";
import { unknown, type SeenMap } from "../../../policy/seen.ts";
import { resource, said } from "./resource.ts";

const probe = { httpGet: { path: "/", port: 80 } };

const container: SeenMap = {
  name: "app",
  image: "x/a:1.2",
  resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "64Mi" } },
  ...{ readinessProbe: probe, livenessProbe: probe },
  securityContext: {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  },
};

const pod: SeenMap = {
  automountServiceAccountToken: false,
  securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
  topologySpreadConstraints: [{ topologyKey: "kubernetes.io/hostname" }],
  containers: [container],
};

const labels = { "app.kubernetes.io/name": "app" };

const deployment = (spec: SeenMap, replicas = 2): SeenResource =>
  resource("kubernetes:apps/v1:Deployment", {
    metadata: { name: "app", namespace: "app" },
    spec: { replicas, template: { metadata: { labels }, spec: { ...pod, ...spec } } },
  });

const withContainer = (changes: SeenMap): string =>
  said(workloads, deployment({ containers: [{ ...container, ...changes }] }));

describe("policy: workloads are contained", () => {
  it("lets one through that is", () => {
    assert.equal(said(workloads, deployment({})), "");
    assert.equal(said(workloads, resource("kubernetes:core/v1:Service", { spec: {} })), "");
  });

  it("misses requests and the limit of memory, also of init containers", () => {
    assert.match(
      withContainer({ resources: { requests: { cpu: "1" } } }),
      /^spec\.template\.spec\.containers\[0\]\.resources\.requests\.memory.*\n.*limits\.memory is missing/,
    );
    const first = said(workloads, deployment({ initContainers: [{ name: "init" }] }));
    assert.match(first, /initContainers\[0\]\.resources\.requests\.cpu is missing/);
    assert.doesNotMatch(first, /Probe/);
    assert.equal(withContainer({ resources: { requests: unknown, limits: unknown } }), "");
  });

  it("misses each probe of what runs on, and none of a job", () => {
    const bare = Object.fromEntries(
      Object.entries(container).filter(([key]) => !key.endsWith("Probe")),
    );
    const found = said(workloads, deployment({ containers: [bare] }));
    assert.match(
      found,
      /containers\[0\]\.readinessProbe is missing[\s\S]*livenessProbe is missing/,
    );
    const template = { spec: { ...pod, containers: [bare] } };
    assert.equal(said(workloads, resource("kubernetes:batch/v1:Job", { spec: { template } })), "");
    const cron = { spec: { jobTemplate: { spec: { template: { spec: { containers: [{}] } } } } } };
    assert.match(
      said(workloads, resource("kubernetes:batch/v1:CronJob", cron)),
      /^spec\.jobTemplate\.spec\.template\.spec\.containers\[0\]\.resources/,
    );
  });

  it("misses what keeps a container from its node", () => {
    assert.equal(
      withContainer({ securityContext: {} }),
      [
        "readOnlyRootFilesystem: true",
        "allowPrivilegeEscalation: false",
        "capabilities.drop: [ALL]",
      ]
        .map((wanted) => `spec.template.spec.containers[0].securityContext lacks ${wanted}`)
        .join("\n"),
    );
    assert.match(
      said(workloads, deployment({ securityContext: {} })),
      /runAsNonRoot[\s\S]*seccomp/,
    );
    const root = { ...(container["securityContext"] as SeenMap), runAsNonRoot: false };
    assert.match(withContainer({ securityContext: root }), /lacks runAsNonRoot: true/);
  });

  it("lets through what the workload itself says with a reason, container by container", () => {
    const security = { ...(container["securityContext"] as SeenMap) };
    const root = { ...security, runAsNonRoot: false, readOnlyRootFilesystem: false };
    const routes = { ...root, capabilities: { drop: ["ALL"], add: ["NET_ADMIN"] } };
    const vpn = { ...container, name: "vpn", securityContext: routes };
    const plain = deployment({ containers: [container, vpn] });
    const said3 = (text: string, name = "vpn"): string => {
      const metadata = { annotations: { [`homelab/exceptions.${name}`]: text } };
      const inputs = { ...plain.inputs, metadata };
      return said(workloads, { ...plain, inputs });
    };
    const lines = [
      "root: it makes its own routes",
      "writableRoot: it writes its list there",
      "capabilities: NET_ADMIN: routes are the network's",
    ].join("\n");
    assert.equal(said3(lines), "");
    assert.match(said3(lines, "app"), /containers\[1\]\.securityContext lacks runAsNonRoot/);
    assert.match(said3("root: because"), /lacks runAsNonRoot/);
    assert.match(
      said3("root: it makes its own routes"),
      /lacks readOnlyRootFilesystem.*\n.*capabilities\.add: \[\]/,
    );
    const binds = { ...security, capabilities: { drop: ["ALL"], add: ["NET_BIND_SERVICE"] } };
    assert.equal(withContainer({ securityContext: binds }), "");
  });

  it("misses the spread of two pods, not of one", () => {
    const alone = { topologySpreadConstraints: [] };
    assert.match(said(workloads, deployment(alone)), /may carry all 2 pods/);
    assert.equal(said(workloads, deployment(alone, 1)), "");
    assert.equal(said(workloads, deployment({ ...alone, affinity: { podAntiAffinity: {} } })), "");
  });

  it("lets a token to those alone that have an account of their own", () => {
    const given = { automountServiceAccountToken: true };
    assert.match(said(workloads, deployment(given)), /have no account of their own/);
    assert.equal(said(workloads, deployment({ ...given, serviceAccountName: "app" })), "");
    assert.match(
      said(workloads, deployment({ ...given, serviceAccountName: "default" })),
      /token/i,
    );
  });
});

describe("policy: workloads have a budget", () => {
  const budget = (namespace: string, matchLabels: SeenMap): SeenResource =>
    resource("kubernetes:policy/v1:PodDisruptionBudget", {
      metadata: { name: "app", namespace },
      spec: { selector: { matchLabels }, maxUnavailable: 1 },
    });
  const found = (...others: readonly SeenResource[]): string =>
    budgets
      .judge([deployment({}), ...others])
      .map(({ finding }) => finding)
      .join("\n");

  it("is one of the namespace that selects the pods", () => {
    assert.equal(found(budget("app", labels)), "");
    assert.match(found(), /no PodDisruptionBudget of app selects its pods/);
    assert.match(found(budget("other", labels)), /no PodDisruptionBudget/);
    assert.match(found(budget("app", { "app.kubernetes.io/name": "other" })), /no PodDisruption/);
    assert.match(found(budget("app", {})), /no PodDisruptionBudget/);
  });

  it("says nothing of what a preview does not know, as long as there is no cluster", () => {
    const nothingYet = resource("kubernetes:apps/v1:Deployment", {});
    assert.deepEqual(budgets.judge([nothingYet]), []);
    assert.deepEqual(
      budgets.judge([resource("kubernetes:apps/v1:Deployment", { metadata: unknown })]),
      [],
    );
  });
});

describe("policy: namespaces have a level", () => {
  const namespace = (name: string, level: string | undefined, annotations: SeenMap = {}): string =>
    said(
      namespaces,
      resource("kubernetes:core/v1:Namespace", {
        metadata: {
          ...{ name, annotations },
          labels:
            level === undefined
              ? {}
              : Object.fromEntries(
                  ["enforce", "audit", "warn"].map((mode) => [
                    `pod-security.kubernetes.io/${mode}`,
                    level,
                  ]),
                ),
        },
      }),
    );

  it("is restricted in all modes, but where it is declared why not", () => {
    assert.equal(namespace("app", "restricted"), "");
    assert.equal(namespace("tailscale", "privileged"), "");
    assert.match(namespace("app", "privileged"), /enforce is privileged; use restricted/);
    assert.match(namespace("app", undefined), /lack pod-security\.kubernetes\.io\/enforce/);
    assert.match(namespace("tailscale", undefined), /lack pod-security/);
    const why = { "homelab/exceptions.vpn": "root: it makes its own routes" };
    assert.equal(namespace("media", "privileged", why), "");
    assert.match(namespace("media", undefined, why), /lack pod-security/);
    assert.match(namespace("media", "privileged", { "homelab/exceptions.vpn": "" }), /use restr/);
  });
});
