import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { treeOf } from "../../../components/argocd/gitops/tree.ts";
import { reloaderRelease } from "../../../components/workload/reloader.ts";
import { changes, readTrees, write, type Trees } from "../../../scripts/gitops/folders.ts";

const tree = (version: string) =>
  treeOf({
    ...{ name: "reloader", namespace: "reloader" },
    brings: { release: reloaderRelease(version) },
  });

describe("folders of trees", () => {
  const root = mkdtempSync(join(tmpdir(), "homelab-gitops-"));
  after(() => {
    rmSync(root, { recursive: true });
  });

  async function make(wanted: Trees): Promise<readonly string[]> {
    const { trees } = await readTrees(root);
    const list = changes(wanted, trees);
    await write(root, wanted, list);
    return list.map(({ path, kind }) => `${kind} ${path}`);
  }

  it("are none where nothing was handed over yet", async () => {
    assert.deepEqual(await readTrees(join(root, "missing")), { trees: {}, foreign: [] });
  });

  it("are written, and after that only what differs", async () => {
    const files = ["add reloader/kustomization.yaml", "add reloader/values.yaml"];
    assert.deepEqual(await make({ reloader: tree("2.2.16") }), files);
    assert.deepEqual(await make({ reloader: tree("2.2.16") }), []);
    const next = await make({ reloader: tree("2.2.17") });
    assert.deepEqual(next, ["change reloader/kustomization.yaml"]);
  });

  it("lose what was written by hand, and not what a build has fetched", async () => {
    writeFileSync(join(root, "reloader", "extra.yaml"), "a: 1\n");
    mkdirSync(join(root, "reloader", "charts"));
    assert.deepEqual(await make({ reloader: tree("2.2.17") }), ["remove reloader/extra.yaml"]);
    assert.ok(existsSync(join(root, "reloader", "charts")));
  });

  it("go with what is taken back, and those of somebody else stay", async () => {
    mkdirSync(join(root, "podinfo"));
    writeFileSync(join(root, "podinfo", "kustomization.yaml"), "resources: []\n");
    assert.deepEqual((await readTrees(root)).foreign, ["podinfo"]);
    await make({});
    assert.ok(!existsSync(join(root, "reloader")));
    assert.ok(existsSync(join(root, "podinfo", "kustomization.yaml")));
  });
});
