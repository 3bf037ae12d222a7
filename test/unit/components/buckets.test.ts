import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { claimOf, lifecycle, login, loginKeys } from "../../../components/buckets/objects.ts";
import type { StoredBucketPlan } from "../../../components/buckets/plan.ts";
import { bucketSpec } from "../../../components/storage/claim.ts";
import { operatorValues } from "../../../components/storage/operator-values.ts";
import { closed, violations, type Schema } from "./json-schema.ts";

const schema = (file: string): Schema =>
  JSON.parse(readFileSync(new URL(`./schemas/${file}.json`, import.meta.url), "utf8")) as Schema;

const plan: StoredBucketPlan = {
  ...{ name: "photos", class: "ceph-bucket", maxGiB: 500, maxObjects: 1_000_000 },
  expiry: [{ days: 365 }, { prefix: "thumbs/", days: 30 }],
};

describe("the claim of a bucket", () => {
  const spec = bucketSpec(claimOf(plan));

  it("is taken by Rook's definition as it is", () => {
    const object = { apiVersion: "objectbucket.io/v1alpha1", kind: "ObjectBucketClaim" };
    assert.deepEqual(
      violations(closed(schema("objectbucketclaim")), { ...object, metadata: {}, spec }),
      [],
    );
  });

  it("says nothing that Rook's operator does not let through", () => {
    const allowed = String(
      operatorValues({ monitoring: false })["obcAllowAdditionalConfigFields"],
    ).split(",");
    const { additionalConfig = {} } = spec;
    assert.deepEqual(Object.keys(additionalConfig), ["maxSize", "maxObjects", "bucketLifecycle"]);
    for (const key of Object.keys(additionalConfig)) assert.ok(allowed.includes(key), key);
  });

  it("calls the bucket by its name, with limits as quantities", () => {
    assert.equal("bucketName" in spec && spec.bucketName, "photos");
    assert.equal(spec.additionalConfig?.maxSize, "500Gi");
    assert.equal(spec.additionalConfig?.maxObjects, "1000000");
  });
});

describe("rules of a bucket's lifecycle", () => {
  const rules = (of: StoredBucketPlan["expiry"]) =>
    (JSON.parse(lifecycle(of)) as { Rules: { ID: string; Prefix: string }[] }).Rules;

  it("are in the order of their ids, or Rook sets them again each time", () => {
    const ids = rules([{ prefix: "z/", days: 1 }, { days: 9 }, { prefix: "a/", days: 2 }]).map(
      ({ ID }) => ID,
    );
    assert.deepEqual(ids, ["expire", "expire a/", "expire z/", "unfinished"]);
  });

  it("let no object go where nobody asked for it, and uploads that never ended", () => {
    assert.deepEqual(rules([]), [
      {
        ...{ ID: "unfinished", Status: "Enabled", Prefix: "" },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
      },
    ]);
  });
});

describe("the login to a bucket", () => {
  it("names the gateway of its class, by the name that Rook tells it is its own", () => {
    const told = login(plan, { accessKey: "id", secretKey: "word" });
    assert.deepEqual(Object.keys(told).sort(), [...loginKeys].sort());
    assert.equal(told.endpoint, "http://rook-ceph-rgw-ceph-bucket.rook-ceph.svc:80");
    assert.equal(told.bucket, "photos");
    assert.equal(told.pathStyle, "true");
  });
});
