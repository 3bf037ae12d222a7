import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { secret } from "@pulumi/pulumi";
import { parse, stringify } from "yaml";
import { treeMark, treeOf, type TreePlan } from "../../../components/argocd/gitops/tree.ts";
import { applicationObjects } from "../../../components/workload/application.ts";
import type { PlainObject } from "../../../components/workload/objects.ts";
import type { ReleasePlan } from "../../../components/workload/release.ts";
import { reloaderRelease } from "../../../components/workload/reloader.ts";
import { build, documents, title, type LocalChart } from "./kustomize.ts";

const version = "2.2.16";
const reloader: LocalChart = {
  folder: new URL("../../../lab/charts/reloader", import.meta.url).pathname,
  ...{ name: "reloader", version },
};
const treeOfRelease = (release: ReleasePlan) =>
  treeOf({ name: release.name, namespace: release.namespace, brings: { release } });
const treeOfObjects = (...objects: readonly PlainObject[]) =>
  treeOf({ name: "wiki", namespace: "wiki", brings: { objects } });

/** What Helm makes of a release by itself. */
async function template(release: ReleasePlan, { folder }: LocalChart) {
  const scratch = mkdtempSync(join(tmpdir(), "homelab-values-"));
  try {
    const values = join(scratch, "values.yaml");
    writeFileSync(values, stringify(release.values));
    const args = ["template", release.name, folder, "--namespace", release.namespace];
    const options = ["--values", values, "--include-crds", "--kube-version", "v1.36.3"];
    return documents((await promisify(execFile)("helm", [...args, ...options])).stdout);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

describe("a tree of a release", () => {
  it("names the chart, its version and its values, and says who wrote it", () => {
    const tree = treeOfRelease(reloaderRelease(version));
    assert.ok(tree["kustomization.yaml"]?.startsWith(treeMark));
    const { helmCharts } = parse(tree["kustomization.yaml"] ?? "") as { helmCharts: unknown };
    assert.deepEqual(helmCharts, [
      {
        ...{ name: "reloader", repo: "https://stakater.github.io/stakater-charts", version },
        ...{ releaseName: "reloader", namespace: "reloader", valuesFile: "values.yaml" },
        ...{ includeCRDs: true, skipTests: true },
      },
    ]);
    assert.deepEqual(parse(tree["values.yaml"] ?? ""), reloaderRelease(version).values);
  });

  it("is built by the real Kustomize and Helm to the objects of the release, with Helm's marks", async () => {
    const release = reloaderRelease(version);
    const [built, rendered] = await Promise.all([
      build(treeOfRelease(release), reloader),
      template(release, reloader),
    ]);
    assert.ok(built.length > 5, "the chart makes too little to compare");
    const marked = rendered.map((object) => ({
      ...object,
      metadata: {
        ...object.metadata,
        labels: { ...object.metadata.labels, "app.kubernetes.io/managed-by": "Helm" },
        annotations: {
          ...object.metadata.annotations,
          "meta.helm.sh/release-name": "reloader",
          "meta.helm.sh/release-namespace": "reloader",
        },
      },
    }));
    assert.deepEqual(built, marked);
  });
});

describe("what a tree has otherwise than a release", () => {
  const folder = mkdtempSync(join(tmpdir(), "homelab-chart-"));
  const chart: LocalChart = { folder, name: "shop", version: "1.0.0" };
  const object = (name: string, ...lines: readonly string[]) =>
    ["apiVersion: v1", "kind: ConfigMap", "metadata:", `  name: ${name}`, ...lines].join("\n");
  const hook = (when: string) => `  annotations: { helm.sh/hook: ${when} }`;
  before(() => {
    mkdirSync(join(folder, "templates"));
    writeFileSync(
      join(folder, "Chart.yaml"),
      stringify({ apiVersion: "v2", name: "shop", version: "1.0.0" }),
    );
    const templates = {
      hook: object("hook", hook("pre-install")),
      test: object("test", hook("test")),
      gated: `{{ if .Capabilities.APIVersions.Has "example.net/v1" }}\n${object("gated")}\n{{ end }}`,
      found: object("found", `data: { found: '{{ len (lookup "v1" "Namespace" "" "") }}' }`),
    };
    for (const [name, text] of Object.entries(templates))
      writeFileSync(join(folder, "templates", `${name}.yaml`), text);
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  it("are hooks, which become objects; look-ups, which find nothing; and no tests", async () => {
    const release = { ...reloaderRelease("1.0.0"), chart: "shop", values: {} };
    const built = await build(treeOfRelease(release), chart);
    assert.deepEqual(built.map(title), ["ConfigMap /found", "ConfigMap /gated", "ConfigMap /hook"]);
    assert.equal(built[2]?.metadata.annotations?.["helm.sh/hook"], "pre-install");
    assert.deepEqual(built[0]?.["data"], { found: "0" });
  });
});

describe("a tree of an application", () => {
  const plan = { image: "ghcr.io/example/wiki", version: "v1.4.0", replicas: 2 };

  it("has a file for each object, as the program registers it", async () => {
    const objects = applicationObjects("wiki", { ...plan, environment: { NODE_ENV: "on" } });
    const tree = treeOfObjects(...objects);
    const files = ["kustomization.yaml", "deployment.yaml", "poddisruptionbudget.yaml"];
    assert.deepEqual(Object.keys(tree), files);
    assert.deepEqual(await build(tree), JSON.parse(JSON.stringify(objects)));
  });

  it("holds no value that may be secret", () => {
    const [deployment] = applicationObjects("wiki", plan);
    assert.ok(deployment !== undefined);
    const hidden = { ...deployment, spec: { env: [{ value: secret("canary") }] } };
    assert.throws(
      () => treeOfObjects(hidden),
      /^Error: Deployment wiki\/wiki: spec\.env\.0\.value is known to a run alone.*OnePasswordItem/,
    );
    const object = { apiVersion: "v1", kind: "Secret", metadata: deployment.metadata };
    assert.throws(() => treeOfObjects(object), /^Error: Secret wiki\/wiki is secret/);
    const brings = {
      release: { ...reloaderRelease(version), values: { token: secret("canary") } },
    };
    const release: TreePlan = { name: "reloader", namespace: "reloader", brings };
    assert.throws(() => treeOf(release), /^Error: the release reloader: values\.token is known to/);
  });
});
