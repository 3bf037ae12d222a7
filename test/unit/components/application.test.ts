import assert from "node:assert/strict";
import { secret } from "@pulumi/pulumi";
import { Application, type ApplicationArgs } from "../../../components/workload/application.ts";
import { at } from "./at.ts";
import { register, waitsFor, type Made } from "./edge-world.ts";

const plan = {
  title: "Typeo",
  image: "ghcr.io/rajsinghtech/typeo",
  version: "v1.4.0",
  replicas: 2,
  settings: { SESSION_SECRET: secret("canary") },
  hostname: "typeo.example.net",
  access: ["family"],
  clusterDomain: "cluster.local",
} satisfies Partial<ApplicationArgs>;

async function deploy(
  changes: Partial<ApplicationArgs> = {},
): Promise<{ app: Application; made: ReadonlyMap<string, Made> }> {
  let app: Application | undefined;
  const made = await register(({ cluster, kubernetes }) => {
    const args = { ...plan, ...changes, cluster };
    app = new Application("typeo", args, { providers: [kubernetes] });
  });
  assert.ok(app);
  return { app, made };
}

describe("an application", () => {
  it("says what to publish: its name, its address inside the cluster, and who may pass", async () => {
    const { app } = await deploy();
    assert.equal(app.published.length, 1);
    const { after, ...published } = app.published[0] ?? {};
    assert.ok(after);
    assert.deepEqual(published, {
      name: "typeo",
      hostname: "typeo.example.net",
      service: "http://typeo.typeo.svc.cluster.local:8080",
      access: ["family"],
    });
  });

  it("is reached by the cluster alone without a public name", async () => {
    const { app } = await deploy({ hostname: undefined });
    assert.deepEqual(app.published, []);
  });

  it("hands its settings over by a Secret alone, and rolls out when one changes", async () => {
    const { made } = await deploy();
    assert.equal(made.get("typeo-settings")?.inputs["stringData"], "[secret]");
    assert.deepEqual(made.get("typeo-settings")?.plain["stringData"], { SESSION_SECRET: "canary" });
    const deployment = made.get("typeo-deployment");
    assert.deepEqual(at(deployment?.inputs, "spec.template.spec.containers[0].envFrom"), [
      { secretRef: { name: "typeo-settings" } },
    ]);
    assert.ok(waitsFor(made, "typeo-deployment").has("typeo-settings"));
    const shown = JSON.stringify([...made.values()].map(({ inputs }) => inputs));
    assert.ok(!shown.includes("canary"));
  });

  it("needs neither Secret nor mark without settings", async () => {
    const { made } = await deploy({ settings: {} });
    assert.ok(!made.has("typeo-settings"));
    assert.equal(
      at(made.get("typeo-deployment")?.inputs, "spec.template.metadata.annotations"),
      undefined,
    );
  });

  it("fits a namespace of the restricted profile and lets a node be drained", async () => {
    const { made } = await deploy({ replicas: 1 });
    assert.equal(at(made.get("typeo-namespace")?.inputs, "metadata.labels")?.constructor, Object);
    const pod = at(made.get("typeo-deployment")?.inputs, "spec.template.spec");
    assert.deepEqual(at(pod, "securityContext.seccompProfile"), { type: "RuntimeDefault" });
    assert.equal(at(pod, "containers[0].securityContext.allowPrivilegeEscalation"), false);
    assert.equal(at(made.get("typeo-budget")?.inputs, "spec.maxUnavailable"), 1);
  });
});
