import assert from "node:assert/strict";
import type { ResourceHookArgs } from "@pulumi/pulumi";
import { products, releaseStep, releaseStepHook } from "../../../components/release-step.ts";
import { cephRelease, clusterValues } from "../../../components/storage/cluster-values.ts";
import { record } from "../../recorder.ts";
import { recordedHome } from "./home-recording.ts";

type Name = keyof typeof products;

/** From, to, and what is said of it. */
const refused: readonly (readonly [Name, string, string, RegExp])[] = [
  ["cilium", "1.17.3", "1.19.6", /^Cilium 1\.19\.6 skips a minor: .*use a 1\.18 release first/],
  ["cilium", "1.19.6", "1.17.3", /is older than 1\.19\.6.*use a 1\.18 release first/],
  ["certManager", "v1.19.4", "v1.21.1", /use a 1\.20 release first, then this one$/],
  ["certManager", "v1.21.1", "v1.19.4", /use a 1\.20 release first, then this one$/],
  ["rook", "v1.20.6", "v1.22.0", /^Rook v1\.22\.0 skips a minor: .*use a 1\.21 release first/],
  ["rook", "v1.20.6", "v1.19.9", /has no way back; put v1\.20\.6 back, or a newer one$/],
  ["rook", "v1.19.4", "v1.20.6", /cannot follow v1\.19\.4, .*use v1\.19\.5 or a newer one/],
  ["ceph", "v20.2.4", "v19.2.6", /is older than v20\.2\.4, .*put v20\.2\.4 back/],
  ["ceph", "v17.2.8", "v20.2.4", /skips a major: .*use a v19 release first/],
];
const allowed: readonly (readonly [Name, string, string])[] = [
  ["cilium", "1.18.9", "1.19.6"],
  ["cilium", "1.19.6", "1.18.0"],
  ["certManager", "v1.20.3", "v1.21.1"],
  ["certManager", "v1.21.1", "v1.20.0"],
  ["rook", "v1.19.5", "v1.20.6"],
  ["rook", "v1.20.9", "v1.21.0"],
  ["rook", "v1.20.6", "v1.20.2"],
  ["ceph", "v18.2.7", "v20.2.4"],
  ["ceph", "v20.2.4", "v20.2.2"],
  ["ceph", "v20.2.4", "a release of another form"],
];

describe("a step from one release to another", () => {
  it("is refused where its authors have no such step, with the way", () => {
    for (const [name, from, to, text] of refused)
      assert.match(releaseStep(products[name], from, to) ?? `${name} ${to} is allowed`, text);
  });

  it("goes where they have one", () => {
    for (const [name, from, to] of allowed)
      assert.equal(releaseStep(products[name], from, to), undefined);
  });

  it("is judged already in a preview, against what the state has", async () => {
    const recording = await record("home");
    const changed = (oldInputs: object) => ({ oldInputs }) as unknown as ResourceHookArgs;
    const manager = releaseStepHook(products.certManager, "v1.21.1");
    assert.equal(manager.opts?.onDryRun, true);
    await manager.callback(changed({ version: "v1.20.3" }));
    await assert.rejects(
      async () => manager.callback(changed({ version: "v1.18.0" })),
      /^Error: homelab:versions\.certManager: cert-manager v1\.21\.1 skips a minor/,
    );
    const ceph = releaseStepHook(products.ceph, "v19.2.6", cephRelease);
    const none = {
      machines: [],
      nodes: 4,
      classes: [],
      taints: [],
      monitoring: false,
      wipeOnDestroy: false,
    };
    const values = clusterValues({ ...none, ceph: "v20.2.4" });
    await assert.rejects(
      async () => ceph.callback(changed({ version: "v1.20.6", values })),
      /^Error: homelab:versions\.ceph: Ceph v19\.2\.6 is older than v20\.2\.4/,
    );
    await recording.settled();
  });

  it("is judged for each of them", async () => {
    const { resources } = await recordedHome({ "storage.enabled": true });
    const hooks = (release: string) =>
      resources.find(({ name, type }) => name === release && type.endsWith(":Release"))?.hooks
        .beforeUpdate ?? [];
    assert.deepEqual(
      ["cilium", "cert-manager", "rook-ceph", "rook-ceph-cluster"].map((name) => hooks(name)[0]),
      ["cilium-step", "cert-manager-step", "rook-step", "ceph-step"],
    );
  });
});
