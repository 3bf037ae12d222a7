import assert from "node:assert/strict";
import {
  argocdChecks,
  argocdReleases,
  judgeApplications,
  judgeInitial,
  type ApplicationInForce,
} from "../../../stacks/parts/argocd/doctor.ts";
import { argocdSite } from "../stacks/argocd-site.ts";
import { homeConfig } from "../stacks/sample.ts";
import { said } from "./said.ts";

const config = homeConfig(argocdSite());

const app = (status: ApplicationInForce["status"]): readonly ApplicationInForce[] => [
  { metadata: { name: "photos" }, ...(status === undefined ? {} : { status }) },
];

describe("the doctor at Argo CD", () => {
  it("asks nothing of a site without it, or of one that is not up", () => {
    const run = () => Promise.reject(new Error("asked"));
    assert.deepEqual(argocdChecks({ name: "home", config: homeConfig(), isUp: true }, run), []);
    assert.deepEqual(argocdChecks({ name: "home", config, isUp: false }, run), []);
    assert.deepEqual(argocdReleases(homeConfig()), []);
    assert.equal(argocdReleases(config).length, 1);
  });

  it("is content with Applications that are in sync and well", () => {
    const fine = app({ sync: { status: "Synced" }, health: { status: "Healthy" } });
    assert.equal(said(judgeApplications(fine)), "ok: Argo CD: 1 Applications are in sync and well");
  });

  it("gives Argo CD's own words of what went wrong", () => {
    const conditions = [{ type: "ComparisonError", message: "no such path" }];
    assert.match(
      said(judgeApplications(app({ conditions }))),
      /^error: Application photos: no such path/,
    );
    const operationState = { phase: "Failed", message: "not permitted in project" };
    assert.match(said(judgeApplications(app({ operationState }))), /not permitted in project/);
    assert.match(
      said(judgeApplications(app({ health: { status: "Degraded" } }))),
      /what it brings is degraded/,
    );
    assert.match(
      said(judgeApplications(app({ sync: { status: "OutOfSync" } }))),
      /the cluster is not as its repository says/,
    );
    assert.match(said(judgeApplications(app(undefined))), /nobody has compared it/);
  });

  it("finds the password that Argo CD drew at first", () => {
    assert.match(said(judgeInitial("home", "")), /^ok/);
    assert.match(said(judgeInitial("home", "secret/argocd-initial-admin-secret\n")), /^warning/);
  });
});
