import assert from "node:assert/strict";
import { networkPolicies } from "../../../components/policies/rules.ts";
import { knownOf } from "../../../components/proxmox/known-machines.ts";
import { crossCheck } from "../../../stacks/checks.ts";
import { judgeDataLoss } from "../../../stacks/data-loss/look.ts";
import { siteNamespaces } from "../../../stacks/namespaces.ts";
import { policyPlan } from "../../../stacks/traffic.ts";
import { recordedHome } from "../components/home-recording.ts";
import { bucketsSite } from "./buckets-site.ts";
import { homeConfig } from "./sample.ts";

const site = {
  ...bucketsSite({ expireDays: 365, expire: [{ prefix: "thumbs/", days: 30 }] }, { scans: {} }),
  "apps.typeo.logins": [
    { to: "bucket/photos" },
    { to: "bucket/scans", folder: "/run/scans", environment: { S3_FORCE_PATH_STYLE: "pathStyle" } },
  ],
};

describe("a site's buckets", () => {
  it("are not there where nobody asked for them, and are taken where somebody did", () => {
    assert.deepEqual(homeConfig().buckets, {});
    assert.deepEqual(crossCheck(homeConfig(site), "home"), []);
    assert.ok(siteNamespaces(homeConfig(site)).some(({ name }) => name === "buckets"));
    assert.ok(!siteNamespaces(homeConfig()).some(({ name }) => name === "buckets"));
  });

  it("are of the only class that keeps buckets where nothing else is said", () => {
    assert.equal(homeConfig(site).buckets["scans"]?.class, "ceph-bucket");
  });

  it("let who logs in to the gateways alone", () => {
    const policies = networkPolicies(policyPlan(homeConfig(site)));
    const egress = JSON.stringify(
      policies.find(({ name }) => name === "homelab-typeo")?.specs.map((spec) => spec.egress ?? []),
    );
    assert.match(egress, /"app":"rook-ceph-rgw"[^\]]*\].*"8080"/);
    assert.ok(!egress.includes('"namespace":"buckets"'));
  });
});

describe("the graph of a site with buckets", () => {
  let recording: Awaited<ReturnType<typeof recordedHome>>;
  before(async () => {
    recording = await recordedHome(site);
  });

  it("goes from storage to the bucket, and to who logs in", () => {
    const claim = recording.waitsFor("bucket-photos-claim");
    assert.ok(claim.has("home-storage-tried-command") && claim.has("home-buckets-namespace"));
    assert.ok(recording.waitsFor("typeo-deployment").has("bucket-photos-claim"));
  });

  it("tells an application its login by variables and by files, and shows no key", () => {
    const data = (name: string) =>
      (recording.get(name).plain as { stringData: Record<string, string> }).stringData;
    const settings = data("typeo-settings");
    assert.equal(settings["AWS_ACCESS_KEY_ID"], "id-of-bucket-photos-key");
    assert.equal(settings["AWS_SECRET_ACCESS_KEY"], "secret-of-bucket-photos-key");
    assert.equal(
      settings["AWS_ENDPOINT_URL_S3"],
      "http://rook-ceph-rgw-ceph-bucket.rook-ceph.svc:80",
    );
    assert.equal(settings["BUCKET_NAME"], "photos");
    assert.equal(settings["S3_FORCE_PATH_STYLE"], "true");
    assert.equal(data("typeo-bucket.scans")["accessKey"], "id-of-bucket-scans-key");
    const shown = JSON.stringify(recording.resources.map(({ shown: inputs }) => inputs));
    assert.ok(!shown.includes("secret-of-bucket") && !shown.includes("id-of-bucket"));
  });
});

describe("a bucket that is there", () => {
  const claim = (name: string) => ({
    type: "kubernetes:objectbucket.io/v1alpha1:ObjectBucketClaim",
    outputs: {
      metadata: { namespace: "buckets", name },
      spec: { storageClassName: "ceph-bucket" },
    },
  });
  const texts = (changes: Parameters<typeof homeConfig>[0]) =>
    judgeDataLoss(homeConfig(changes), knownOf([claim("photos")])).problems.map(
      ({ path, text }) => `${path}: ${text}`,
    );

  it("does not go because nobody names it any more", () => {
    assert.deepEqual(texts(bucketsSite()), []);
    const [gone = ""] = texts({});
    assert.match(gone, /the bucket photos .* every object in it would go .* add buckets\/photos$/);
    assert.deepEqual(texts({ allowDataLoss: ["buckets/photos"] }), []);
  });

  it("stays in its class", () => {
    const other = { kind: "bucket" };
    const [moved = ""] = texts({
      ...bucketsSite({ class: "other" }),
      "storage.classes": { "ceph-bucket": other, other },
    });
    assert.match(moved, /buckets\.photos\.class: .* of the class ceph-bucket, and stays there/);
    assert.match(moved, /or declare another bucket/);
  });
});
