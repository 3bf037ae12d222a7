import assert from "node:assert/strict";
import { cloudflaredPods } from "../../../components/edge/cloudflared.ts";
import { fingerprint } from "../../../components/workload/fingerprint.ts";
import { deploymentSpec } from "../../../components/workload/pods.ts";
import { webPods } from "../../../components/workload/web.ts";
import { at } from "./at.ts";

const web = deploymentSpec({
  app: "wiki",
  replicas: 3,
  ...webPods({ image: "docker.io/example/wiki:2.4.1", settings: "wiki-settings" }),
  fingerprint: "0123",
});
const container = (spec: unknown): unknown => at(spec, "template.spec.containers[0]");

describe("pods of a workload", () => {
  it("fit the restricted profile, spread over nodes, and do not speak with the cluster's API", () => {
    const pod = at(web, "template.spec");
    assert.equal(at(pod, "automountServiceAccountToken"), false);
    assert.deepEqual(at(pod, "securityContext.seccompProfile"), { type: "RuntimeDefault" });
    assert.equal(at(pod, "securityContext.runAsNonRoot"), true);
    assert.equal(at(pod, "containers[0].securityContext.allowPrivilegeEscalation"), false);
    assert.equal(at(pod, "topologySpreadConstraints[0].whenUnsatisfiable"), "DoNotSchedule");
  });

  it("are selected by their name alone, so that other labels may change", () => {
    assert.deepEqual(at(web, "selector"), { matchLabels: { "app.kubernetes.io/name": "wiki" } });
    assert.equal(at(web, "template.metadata.labels")?.constructor, Object);
  });

  it("are replaced when the values of their Secret change, and carry no mark without one", () => {
    const mark = { "homelab/secret-fingerprint": "0123" };
    assert.deepEqual(at(web, "template.metadata.annotations"), mark);
    const plain = deploymentSpec({ app: "wiki", replicas: 1, ...webPods({ image: "a:1" }) });
    assert.equal(at(plain, "template.metadata.annotations"), undefined);
    assert.equal(at(container(plain), "envFrom"), undefined);
  });

  it("of a web application are probed where it answers, at the port that it listens on", () => {
    const pods = webPods({ image: "a:1", port: 3000, path: "/healthz", cpu: "50m" });
    const spec = deploymentSpec({ app: "wiki", replicas: 1, ...pods });
    assert.deepEqual(at(container(spec), "ports"), [{ name: "http", containerPort: 3000 }]);
    for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"]) {
      assert.deepEqual(at(container(spec), `${probe}.httpGet`), { path: "/healthz", port: "http" });
    }
    assert.equal(at(container(spec), "resources.requests.cpu"), "50m");
    assert.equal(at(container(spec), "resources.limits.memory"), "256Mi");
  });

  it("of cloudflared take longer to leave than their open requests may last", () => {
    const pods = cloudflaredPods("2025.11.1");
    const spec = deploymentSpec({ app: "cloudflared", replicas: 2, ...pods });
    assert.ok(Number(at(spec, "template.spec.terminationGracePeriodSeconds")) > 30);
    assert.equal(at(container(spec), "image"), "docker.io/cloudflare/cloudflared:2025.11.1");
  });
});

describe("a secret's fingerprint", () => {
  it("changes with a value and not with the order of the names", () => {
    assert.notEqual(fingerprint("k", { A: "1" }), fingerprint("k", { A: "2" }));
    assert.equal(fingerprint("k", { A: "1", B: "2" }), fingerprint("k", { B: "2", A: "1" }));
  });
});
