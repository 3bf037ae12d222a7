import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { siteFileCopy, syncSiteFiles } from "../host/site-files.ts";
import type { LabPaths } from "../host/paths.ts";

describe("the lab's copies of site files", () => {
  it("take the clone's settings and keep the lab's own encryption", () => {
    const source = "encryptionsalt: v1:theirs\nconfig:\n  homelab:a: 2\n";
    const copy = "config:\n  homelab:a: 1\nencryptionsalt: v1:ours\n";
    assert.equal(siteFileCopy(source, copy), "config:\n  homelab:a: 2\nencryptionsalt: v1:ours\n");
  });

  it("keep what was changed inside the lab until the clone's file changes", async () => {
    const clone = await mkdtemp(join(tmpdir(), "homelab-sites-"));
    try {
      const paths = { clone, state: join(clone, "state") } as LabPaths;
      const source = join(clone, "Pulumi.x.yaml");
      const copy = join(clone, "state", "sites", "Pulumi.x.yaml");
      await writeFile(source, "config: 1\n");
      await writeFile(join(clone, "Pulumi.sample.yaml"), "config: REQUIRED\n");
      await syncSiteFiles(paths);
      assert.deepEqual((await readdir(join(clone, "state", "sites"))).sort(), [
        "Pulumi.x.yaml",
        "Pulumi.x.yaml.source",
      ]);
      await writeFile(copy, "config: changed\n");
      await syncSiteFiles(paths);
      assert.equal(await readFile(copy, "utf8"), "config: changed\n");
      await writeFile(source, "config: 2\n");
      await syncSiteFiles(paths);
      assert.equal(await readFile(copy, "utf8"), "config: 2\n");
    } finally {
      await rm(clone, { recursive: true });
    }
  });
});
