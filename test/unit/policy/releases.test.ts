import assert from "node:assert/strict";
import { imageProblem, images } from "../../../policy/rules/images.ts";
import { history, releases } from "../../../policy/rules/releases.ts";
import { unknown, type Seen, type SeenMap } from "../../../policy/seen.ts";
import { resource, said } from "./resource.ts";

const pinned = { chart: "cilium", version: "1.19.6", repositoryOpts: { repo: "https://x.io" } };
const chart = (more: SeenMap, type = "kubernetes:helm.sh/v3:Release"): string =>
  said(releases, resource(type, { ...pinned, ...more }));
const stdin = (text: string): string =>
  said(releases, resource("command:remote:Command", { stdin: text }));

describe("policy: releases are pinned", () => {
  it("lets exact charts through", () => {
    assert.equal(chart({}), "");
    assert.equal(chart({ version: "v1.2.3-rc.1+build.5" }), "");
    assert.equal(chart({ chart: "oci://x.io/charts/cilium", repositoryOpts: {} }), "");
  });

  it("refuses ranges, parts, nothing and what is first known in the run", () => {
    for (const version of [
      "",
      "^1.19.0",
      "~1.19",
      ">=1.0.0 <2.0.0",
      "1.19.x",
      "1.19",
      "*",
      "latest",
    ])
      assert.match(chart({ version }), /^version /, version);
    assert.match(chart({ version: unknown }), /^version is not known/);
    assert.match(chart({ devel: true }), /^devel/);
    assert.match(chart({ version: "1.x" }, "kubernetes:helm.sh/v4:Chart"), /^version/);
  });

  it("refuses a chart of no repository, of an open one and of a bare address", () => {
    assert.match(chart({ repositoryOpts: {} }), /^repositoryOpts\.repo/);
    assert.match(chart({ repositoryOpts: { repo: "http://x.io" } }), /no https address/);
    assert.match(chart({ chart: "https://x.io/c.tgz" }), /^chart is an address/);
  });

  it("refuses values that let an image move", () => {
    assert.match(
      chart({ values: { ui: { image: { tag: "latest" } } } }),
      /^values\.ui\.image\.tag/,
    );
  });

  it("reads the releases that scripts are given", () => {
    assert.equal(stdin("VERSION='v1.35.4+rke2r1'\nROLE='server'\nmain"), "");
    assert.match(stdin("VERSION='v1.35'\nmain"), /^stdin, VERSION: v1\.35 is not one release/);
    assert.match(stdin("RKE2_VERSION='stable'\nmain"), /^stdin, RKE2_VERSION/);
  });
});

describe("policy: releases forget", () => {
  const kept = (inputs: SeenMap, type = "kubernetes:helm.sh/v3:Release"): string =>
    said(history, resource(type, inputs));

  it("asks each release for a bound, and charts without records for none", () => {
    for (const maxHistory of [1, 5, 10]) assert.equal(kept({ maxHistory }), "");
    assert.match(kept({}), /^maxHistory/);
    for (const maxHistory of [0, 11, unknown] satisfies Seen[])
      assert.match(kept({ maxHistory }), /^maxHistory is no number from 1 to 10/);
    assert.equal(kept({}, "kubernetes:helm.sh/v4:Chart"), "");
  });
});

describe("policy: images are pinned", () => {
  const pod = (image: string, list = "containers"): SeenMap => ({
    spec: { template: { spec: { containers: [], [list]: [{ name: "a", image }] } } },
  });
  const digest = `sha256:${"0".repeat(64)}`;

  it("lets versions and digests through", () => {
    for (const image of [
      "x/a:1.2.3",
      "x/a:20261101-2618",
      "x/a:RELEASE.2025-09-07T16-13-09Z",
      "x/a:9c35f8de",
      `x/a@${digest}`,
      `x/a:1@${digest}`,
      "localhost:5000/a:v2.0.1",
      "a:2025.11.1",
    ])
      assert.equal(imageProblem(image), undefined, image);
    assert.equal(said(images, resource("kubernetes:apps/v1:Deployment", pod("x/a:1.2.3"))), "");
  });

  it("refuses what moves", () => {
    for (const image of [
      "x/a",
      "x/a:latest",
      "localhost:5000/a",
      "x/a:stable",
      "x/a:v1",
      "x/a:1.4",
      "x/a:1-alpine3",
      "",
      "x/a@sha256:12",
    ])
      assert.notEqual(imageProblem(image), undefined, image);
  });

  it("finds containers of every kind and workload", () => {
    for (const list of ["containers", "initContainers", "ephemeralContainers"])
      assert.match(
        said(images, resource("kubernetes:apps/v1:StatefulSet", pod("x/a:latest", list))),
        new RegExp(
          `^spec\\.template\\.spec\\.${list}\\[0\\]\\.image: x/a:latest has the tag latest`,
        ),
      );
    const cron = { spec: { jobTemplate: pod("x/a") } };
    assert.match(said(images, resource("kubernetes:batch/v1:CronJob", cron)), /has no tag/);
    const lone = { spec: { containers: [{ name: "a", image: "x/a" }] } };
    assert.match(said(images, resource("kubernetes:core/v1:Pod", lone)), /has no tag/);
  });

  it("reads manifests that scripts write", () => {
    const manifest =
      "MANIFEST='kind: DaemonSet\n      containers:\n        - image: x/kube-vip\n'\n";
    assert.match(
      said(images, resource("command:remote:Command", { stdin: manifest })),
      /x\/kube-vip/,
    );
  });
});
