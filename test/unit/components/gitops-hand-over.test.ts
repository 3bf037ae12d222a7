import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { stringify } from "yaml";
import { handOverScripts } from "../../../components/argocd/gitops/scripts.ts";
import { treeOf, type TreePlan } from "../../../components/argocd/gitops/tree.ts";
import { applicationObjects } from "../../../components/workload/application.ts";
import { reloaderRelease } from "../../../components/workload/reloader.ts";
import { ApiServer } from "./api-server.ts";
import { build, title, type LocalChart, type Manifest } from "./kustomize.ts";
import { serverRoot, runScript, type ScriptRun } from "./machine-script.ts";

const version = "2.2.16";
const chart: LocalChart = {
  folder: new URL("../../../lab/charts/reloader", import.meta.url).pathname,
  ...{ name: "reloader", version },
};
const reloader: TreePlan = {
  ...{ name: "reloader", namespace: "reloader" },
  brings: { release: reloaderRelease(version) },
};
const wiki = (environment: Readonly<Record<string, string>>): TreePlan => ({
  ...{ name: "wiki", namespace: "wiki" },
  brings: {
    objects: applicationObjects("wiki", {
      ...{ image: "ghcr.io/example/wiki", version: "v1.4.0", replicas: 2, environment },
    }),
  },
});

/** The kind of Applications, as far as the API server must know it. */
const kind = stringify({
  ...{ apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition" },
  metadata: { name: "applications.argoproj.io" },
  spec: {
    ...{ group: "argoproj.io", scope: "Namespaced" },
    names: { kind: "Application", plural: "applications", singular: "application" },
    versions: [
      {
        ...{ name: "v1alpha1", served: true, storage: true },
        schema: {
          openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
        },
      },
    ],
  },
});

type Live = Manifest & {
  readonly spec?: { readonly template?: unknown };
  readonly metadata: {
    readonly uid: string;
    readonly managedFields: readonly { readonly manager: string; readonly operation: string }[];
  };
};

describe("a hand-over, at a real API", function () {
  this.timeout(240_000);

  const api = new ApiServer();
  let root: string;
  before(async () => {
    await api.start();
    root = serverRoot(api.kubeconfig);
    await kubectl(["apply", "-f", "-"], kind);
    await api.until("kubectl", [
      "wait",
      "--for=condition=Established",
      "crd/applications.argoproj.io",
    ]);
    for (const namespace of ["argocd", "reloader", "wiki"])
      await kubectl(["create", "namespace", namespace]);
  });
  after(async () => {
    await api.stop();
    rmSync(root, { recursive: true });
  });

  async function kubectl(args: readonly string[], input = ""): Promise<string> {
    const { code, output } = await api.run("kubectl", args, input);
    assert.equal(code, 0, output);
    return output;
  }

  /** What the provider's Helm does with the release. */
  async function install(): Promise<void> {
    const values = join(root, "values.yaml");
    writeFileSync(values, stringify(reloaderRelease(version).values));
    const args = ["install", "reloader", chart.folder, "-n", "reloader", "-f", values];
    const { code, output } = await api.run("helm", args);
    assert.equal(code, 0, output);
  }

  const ref = ({ apiVersion, kind: of, metadata: { namespace = "", name } }: Manifest) => {
    const [group = "", served] = apiVersion.includes("/")
      ? apiVersion.split("/")
      : ["", apiVersion];
    return { group, version: served, kind: of, ...(namespace === "" ? {} : { namespace }), name };
  };
  const yaml = (all: readonly object[]) => all.map((one) => stringify(one)).join("---\n");
  async function live(all: readonly Manifest[]): Promise<readonly Live[]> {
    const args = ["get", "-f", "-", "--show-managed-fields", "-o", "json"];
    const { items } = JSON.parse(await kubectl(args, yaml(all))) as { items: readonly Live[] };
    return items;
  }
  /** What tells whether an object is the same, and its pods run on. */
  const identity = (all: readonly Live[]) =>
    all.map((one) => [title(one), one.metadata.uid, one.spec?.template]);
  const managers = (all: readonly Live[]) => [
    ...new Set(all.flatMap((one) => one.metadata.managedFields.map(({ manager }) => manager))),
  ];

  /** An Application as the program makes it. */
  async function application(name: string): Promise<void> {
    const spec = { source: { path: `gitops/home/${name}` }, syncPolicy: { automated: {} } };
    const metadata = { name, namespace: "argocd" };
    const app = { apiVersion: "argoproj.io/v1alpha1", kind: "Application", metadata, spec };
    await kubectl(["apply", "-f", "-"], stringify(app));
  }

  /** Argo CD's sync: server-side, with its own mark and all fields its own, and then it says what it has done. */
  async function sync(name: string, objects: readonly Manifest[]): Promise<void> {
    const marked = objects.map((one) => {
      const mark = `${name}:${ref(one).group}/${one.kind}:${one.metadata.namespace ?? ""}/${one.metadata.name}`;
      const annotations = { ...one.metadata.annotations, "argocd.argoproj.io/tracking-id": mark };
      return { ...one, metadata: { ...one.metadata, annotations } };
    });
    const args = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
    await kubectl([...args, "--field-manager=argocd-controller"], yaml(marked));
    const status = {
      sync: { status: "Synced", comparedTo: { source: { path: `gitops/home/${name}` } } },
      health: { status: "Healthy" },
      operationState: { phase: "Succeeded" },
      resources: objects.map(ref),
    };
    const app = ["-n", "argocd", "patch", "application.argoproj.io", name, "--type", "merge"];
    await kubectl([...app, "-p", JSON.stringify({ status })]);
  }

  /** A step, while a controller takes off the annotation by which it is asked to look again. */
  async function step(
    script: keyof typeof handOverScripts,
    parameters: Readonly<Record<string, string>>,
  ): Promise<ScriptRun> {
    let ended = false;
    const run = runScript(root, handOverScripts[script], { NAMESPACE: "argocd", ...parameters });
    const controller = (async () => {
      while (!ended) {
        const all = ["-n", "argocd", "annotate", "application.argoproj.io", "--all"];
        await kubectl([...all, "argocd.argoproj.io/refresh-"]);
        await delay(300);
      }
    })();
    const result = await run;
    ended = true;
    await controller;
    return result;
  }
  const done = async (...args: Parameters<typeof step>): Promise<void> => {
    const { code, stderr } = await step(...args);
    assert.equal(code, 0, stderr);
  };
  const records = () =>
    kubectl(["get", "secrets", "-n", "reloader", "-l", "owner=helm", "-o", "name"]);

  describe("of a release", () => {
    const take = { NAME: "reloader", FOLDER: "gitops/home/reloader", OBJECTS: "" };
    let objects: readonly Manifest[];
    let first: ReturnType<typeof identity>;

    it("is taken over by Argo CD as it stands", async () => {
      await install();
      objects = await build(treeOf(reloader), chart);
      first = identity(await live(objects));
      await application("reloader");
      await sync("reloader", objects);
      await done("take", take);
      assert.deepEqual(identity(await live(objects)), first);
    });

    it("leaves neither a record of Helm's nor the program's name on a field", async () => {
      assert.match(await records(), /sh\.helm\.release\.v1\.reloader\.v1/);
      await done("forget", { NAME: "reloader", RELEASE: "reloader reloader" });
      assert.equal(await records(), "");
      const now = await live(objects);
      assert.deepEqual(managers(now), ["argocd-controller"]);
      assert.deepEqual(identity(now), first);
    });

    it("is Argo CD's so far that what goes from the repository goes from the object", async () => {
      const [changed] = objects.filter(({ kind: of }) => of === "ServiceAccount");
      assert.ok(changed !== undefined);
      const { heritage, ...labels } = changed.metadata.labels ?? {};
      assert.equal(heritage, "Helm");
      await sync("reloader", [
        { ...changed, metadata: { ...changed.metadata, labels } },
        ...objects.filter((one) => one !== changed),
      ]);
      const account = (await live(objects)).find(({ kind: of }) => of === "ServiceAccount");
      assert.equal(account?.metadata.labels?.["heritage"], undefined);
      await sync("reloader", objects);
    });

    it("comes back by an install of Helm that finds everything there", async () => {
      await done("return", { NAME: "reloader", RELEASE: "reloader reloader" });
      const policy = ["-n", "argocd", "get", "application.argoproj.io", "reloader"];
      assert.equal(await kubectl([...policy, "-o", "jsonpath={.spec.syncPolicy}"]), "");
      await kubectl(["-n", "argocd", "delete", "application.argoproj.io", "reloader"]);
      await install();
      const now = await live(objects);
      assert.deepEqual(identity(now), first);
      for (const one of now) {
        const marks = one.metadata.annotations ?? {};
        assert.equal(marks["argocd.argoproj.io/tracking-id"], undefined, title(one));
        assert.equal(marks["meta.helm.sh/release-name"], "reloader", title(one));
      }
    });

    it("comes back as well where no Argo CD is left, and where Helm's record was forgotten", async () => {
      await done("return", { NAME: "reloader", RELEASE: "reloader reloader" });
      await install();
      assert.deepEqual(identity(await live(objects)), first);
    });
  });

  describe("of objects", () => {
    const OBJECTS = "Deployment wiki/wiki\nPodDisruptionBudget wiki/wiki";
    const take = { NAME: "wiki", FOLDER: "gitops/home/wiki", OBJECTS };
    let objects: readonly Manifest[];
    let first: ReturnType<typeof identity>;
    before(async () => {
      objects = await build(treeOf(wiki({ NODE_ENV: "production" })));
      // As the provider does: what is new is created, what changes is applied under a name of the object's own.
      await kubectl(["create", "--field-manager=pulumi-kubernetes", "-f", "-"], yaml(objects));
      const args = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
      const [deployment] = objects;
      await kubectl([...args, "--field-manager=pulumi-kubernetes-0a1b2c3d"], stringify(deployment));
      first = identity(await live(objects));
      await application("wiki");
    });

    it("ends only once Argo CD brings them all", async () => {
      await sync("wiki", objects.slice(0, 1));
      const { code, stderr } = await step("take", take);
      assert.equal(code, 1);
      assert.match(
        stderr,
        /^Argo CD brings wiki without PodDisruptionBudget wiki\/wiki\nwrite gitops\/home\/wiki anew/,
      );
      await sync("wiki", objects);
      await done("take", take);
      await done("forget", { NAME: "wiki", RELEASE: "" });
      const now = await live(objects);
      assert.deepEqual(managers(now), ["argocd-controller"]);
      assert.deepEqual(identity(now), first);
    });

    it("gives them back under the name that Pulumi's provider takes over", async () => {
      await done("return", { NAME: "wiki", RELEASE: "" });
      const now = await live(objects);
      assert.deepEqual(identity(now), first);
      assert.deepEqual(managers(now), ["before-first-apply"]);
      for (const { metadata } of now) {
        assert.equal(metadata.annotations?.["argocd.argoproj.io/tracking-id"], undefined);
        assert.ok(metadata.managedFields.every(({ operation }) => operation === "Update"));
      }
    });

    it("is not begun again with an Application that was stopped", async () => {
      const { code, stderr } = await step("take", take);
      assert.equal(code, 1);
      assert.match(
        stderr,
        /was to be taken back, and that was cut off\n.*npm run up with --refresh/,
      );
    });
  });
});
