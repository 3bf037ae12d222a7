import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diffReleases } from "../../golden/charts/diff.ts";
import { parseObjects } from "../../golden/charts/objects.ts";
import { findChart } from "../../golden/charts/source.ts";
import type { Node } from "../../golden/graph-diff.ts";

/** Renders what lies in the chart, pulls nothing, and makes a new password each time. */
const helm = `#!/bin/sh
[ "$1" = template ] || { echo "Error: no such host" >&2; exit 1; }
[ -e "$3/refuses" ] && { echo "Error: values don't meet the specifications of the schema(s)" >&2; exit 1; }
sed "s/RANDOM/$$/" "$3/manifest.yaml"
`;

const deployment = (image: string): string => `---
apiVersion: apps/v1
kind: Deployment
metadata: { name: one, namespace: shop, labels: { helm.sh/chart: "one-${image}" } }
spec: { template: { spec: { containers: [{ name: side, image: side }, { name: main, image: "${image}" }] } } }
---
apiVersion: v1
kind: Secret
metadata: { name: made-up, namespace: shop }
type: Opaque
data: { password: RANDOM }
`;

const definition = `---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: things.example.com }
`;

const release = (version: string, values: unknown = {}): Node => ({
  type: "kubernetes:helm.sh/v3:Release",
  name: "one",
  inputs: {
    ...{ name: "one", namespace: "shop", chart: "one", version, values },
    repositoryOpts: { repo: "https://charts.example.com" },
  },
});

describe("the difference of a release's objects", () => {
  let clone: string;
  let commit: string;
  before(async () => {
    clone = await mkdtemp(join(tmpdir(), "homelab-chart-diff-"));
    const git = (...args: string[]): string =>
      execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...args], {
        cwd: clone,
        encoding: "utf8",
      }).trim();
    await writeFile(join(clone, "helm"), helm, { mode: 0o755 });
    await chart("1.0.0", deployment("1.0.0"));
    git("init", "-q");
    git("add", "-A");
    git("commit", "-qm", "one");
    commit = git("rev-parse", "HEAD");
    await chart("2.0.0", deployment("2.0.0") + definition);
  });
  after(() => rm(clone, { recursive: true }));

  async function chart(version: string, manifest: string): Promise<void> {
    const folder = join(clone, "lab", "charts", "one");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "Chart.yaml"), `name: one\nversion: ${version}\n`);
    await writeFile(join(folder, "manifest.yaml"), manifest);
  }

  const sources = () => ({ helm: join(clone, "helm"), scratch: clone, folder: undefined, clone });
  const diff = (before: readonly Node[], after: readonly Node[]): Promise<string> =>
    diffReleases(
      { graph: before, sources: { ...sources(), commit } },
      { graph: after, sources: sources() },
      { ...sources(), kubernetes: "v1.35.4" },
    );

  it("names each object with the fields that change, and definitions apart", async () => {
    const text = await diff([release("1.0.0")], [release("2.0.0")]);
    assert.match(text, /#### Objects of one 1\.0\.0 to 2\.0\.0/);
    assert.match(text, new RegExp(`the lab's own chart at ${commit}; the lab's own chart\\.`));
    assert.match(
      text,
      /^! Deployment\.apps one\n- {5}spec\.template\.spec\.containers\[main\]\.image: "1\.0\.0"\n\+ {5}spec\.template\.spec\.containers\[main\]\.image: "2\.0\.0"$/m,
    );
    assert.match(text, /Custom resource definitions: 1 to create/);
    assert.match(
      text,
      /^\+ CustomResourceDefinition\.apiextensions\.k8s\.io things\.example\.com$/m,
    );
    assert.doesNotMatch(text, /made-up|helm\.sh\/chart/);
  });

  it("shows what other values change, and that nothing does", async () => {
    const text = await diff([release("2.0.0")], [release("2.0.0", { a: 1 })]);
    assert.match(text, /one 2\.0\.0, with other values/);
    assert.equal(await diff([release("2.0.0")], [release("2.0.0")]), "");
  });

  it("lists all objects of a release that comes", async () => {
    assert.match(
      await diff([], [release("2.0.0")]),
      /one, new at 2\.0\.0[^]*\+ Deployment\.apps one/,
    );
  });

  it("says in a line which chart cannot be had, and where it was looked for", async () => {
    const text = await diff([release("1.0.0")], [release("3.0.0")]);
    assert.match(
      text,
      /Could not be rendered, so only the lines above say what changes\. one 3\.0\.0: HOMELAB_CHARTS names no folder; https:\/\/charts\.example\.com: Error: no such host; the lab's own is 2\.0\.0\./,
    );
  });

  it("repeats what Helm says of values that the chart does not take", async () => {
    const refuses = join(clone, "lab", "charts", "one", "refuses");
    await writeFile(refuses, "");
    try {
      assert.match(
        await diff([release("1.0.0")], [release("2.0.0")]),
        /one 2\.0\.0 of the lab's own chart: values don't meet the specifications/,
      );
    } finally {
      await rm(refuses);
    }
  });

  it("takes packaged charts first", async () => {
    await writeFile(join(clone, "one-2.0.0.tgz"), "");
    const ref = { chart: "oci://registry.example.com/charts/one", version: "2.0.0" };
    const found = await findChart(ref, { ...sources(), folder: clone });
    assert.deepEqual(found, {
      path: join(clone, "one-2.0.0.tgz"),
      from: join(clone, "one-2.0.0.tgz"),
    });
  });
});

describe("rendered objects", () => {
  it("are told apart by kind, group, namespace and name, whatever their version is", () => {
    const text =
      "apiVersion: v1\nkind: Service\nmetadata: { name: a }\n---\n# nothing\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: { name: a, namespace: other }\n";
    const found = parseObjects(text, "shop").map(({ type, name }) => `${type} ${name}`);
    assert.deepEqual(found, ["Service a", "Deployment.apps other/a"]);
  });
});
