import assert from "node:assert/strict";
import { secret } from "@pulumi/pulumi";
import { Application, type ApplicationArgs } from "../../../components/workload/application.ts";
import { loginName } from "../../../components/workload/image-pull.ts";
import type { Recording } from "../../recorder.ts";
import { at } from "./at.ts";
import { register } from "./edge-world.ts";

const plan = {
  title: "Typeo",
  image: "ghcr.io/rajsinghtech/typeo",
  version: "v1.4.0",
  replicas: 2,
  settings: { SESSION_SECRET: secret("canary") },
  clusterDomain: "cluster.local",
} satisfies Partial<ApplicationArgs>;

async function deploy(
  changes: Partial<ApplicationArgs> = {},
): Promise<{ app: Application; made: Recording }> {
  let app: Application | undefined;
  const made = await register(({ cluster, kubernetes }) => {
    const opts = { providers: [kubernetes], dependsOn: [cluster] };
    app = new Application("typeo", { ...plan, ...changes }, opts);
  });
  assert.ok(app);
  return { app, made };
}

describe("an application", () => {
  it("says where it is inside the cluster, and when it is there", async () => {
    const { app, made } = await deploy();
    assert.equal(app.address, "http://typeo.typeo.svc.cluster.local:8080");
    assert.equal(app.ready.constructor.name, "Deployment");
    assert.ok(made.waitsFor("typeo-deployment").has("typeo-service"));
  });

  it("hands its settings over by a Secret alone, and rolls out when one changes", async () => {
    const { made } = await deploy();
    assert.equal(made.get("typeo-settings").shown["stringData"], "[secret]");
    assert.deepEqual(made.get("typeo-settings").plain["stringData"], { SESSION_SECRET: "canary" });
    const deployment = made.get("typeo-deployment");
    assert.deepEqual(at(deployment.shown, "spec.template.spec.containers[0].envFrom"), [
      { secretRef: { name: "typeo-settings" } },
    ]);
    assert.ok(made.waitsFor("typeo-deployment").has("typeo-settings"));
    const text = JSON.stringify(made.resources.map(({ shown }) => shown));
    assert.ok(!text.includes("canary"));
  });

  it("has a private image pulled by a login of its own", async () => {
    const pull = { username: "homelab", password: secret("canary-password") };
    const { made } = await deploy({ image: "registry.home.arpa:5000/typeo", pull });
    const login = made.get("typeo-pull");
    assert.equal(login.shown["type"], "kubernetes.io/dockerconfigjson");
    assert.equal(login.shown["stringData"], "[secret]");
    const files = login.plain["stringData"] as Readonly<Record<string, string>>;
    assert.deepEqual(Object.keys(files), [".dockerconfigjson"]);
    assert.deepEqual(JSON.parse(files[".dockerconfigjson"] ?? ""), {
      auths: {
        "registry.home.arpa:5000": {
          ...{ username: "homelab", password: "canary-password" },
          auth: Buffer.from("homelab:canary-password").toString("base64"),
        },
      },
    });
    const pods = at(made.get("typeo-deployment").shown, "spec.template.spec");
    assert.deepEqual(at(pods, "imagePullSecrets"), [{ name: at(login.shown, "metadata.name") }]);
    assert.ok(made.waitsFor("typeo-deployment").has("typeo-pull"));
    assert.ok(!JSON.stringify(made.resources.map(({ shown }) => shown)).includes("canary"));
  });

  it("names the registry as the kubelet looks for it", () => {
    const hub = "https://index.docker.io/v1/";
    const names = {
      ...{ wiki: hub, "example/wiki": hub, "docker.io/example/wiki": hub },
      ...{ "ghcr.io/example/wiki": "ghcr.io", "localhost/wiki": "localhost" },
      "registry:5000/wiki": "registry:5000",
    };
    for (const [image, name] of Object.entries(names)) assert.equal(loginName(image), name, image);
  });

  it("has the rest of its environment in the open", async () => {
    const { made } = await deploy({ environment: { NODE_ENV: "production" } });
    const container = at(made.get("typeo-deployment").shown, "spec.template.spec.containers[0]");
    assert.deepEqual(at(container, "env"), [{ name: "NODE_ENV", value: "production" }]);
    assert.deepEqual(at(container, "envFrom"), [{ secretRef: { name: "typeo-settings" } }]);
  });

  it("needs neither Secret nor mark without settings", async () => {
    const { made } = await deploy({ settings: {} });
    assert.ok(made.find("typeo-settings") === undefined);
    assert.equal(
      at(made.get("typeo-deployment").shown, "spec.template.metadata.annotations"),
      undefined,
    );
  });

  it("fits a namespace of the restricted profile and lets a node be drained", async () => {
    const { made } = await deploy({ replicas: 1 });
    assert.equal(at(made.get("typeo-namespace").shown, "metadata.labels")?.constructor, Object);
    const pod = at(made.get("typeo-deployment").shown, "spec.template.spec");
    assert.deepEqual(at(pod, "securityContext.seccompProfile"), { type: "RuntimeDefault" });
    assert.equal(at(pod, "containers[0].securityContext.allowPrivilegeEscalation"), false);
    assert.equal(at(made.get("typeo-budget").shown, "spec.maxUnavailable"), 1);
  });
});
