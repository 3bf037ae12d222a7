import assert from "node:assert/strict";
import {
  bucketChecks,
  judgeBuckets,
  type CopyInForce,
} from "../../../stacks/parts/buckets/doctor.ts";
import { backupSite } from "../stacks/backup-site.ts";
import { bucketsSite } from "../stacks/buckets-site.ts";
import { homeConfig } from "../stacks/sample.ts";
import { said } from "./said.ts";

const config = homeConfig({ ...backupSite(), ...bucketsSite({ backup: {} }) });
const now = new Date("2026-11-30T12:00:00Z");
const bound = { metadata: { name: "photos" }, status: { phase: "Bound" } };
const copy = (changes: Partial<CopyInForce> = {}): CopyInForce => ({
  metadata: { name: "photos", creationTimestamp: "2026-11-01T00:00:00Z" },
  ...changes,
});
const judged = (...copies: readonly CopyInForce[]) =>
  said(judgeBuckets(config, { claims: [bound], copies }, now));

describe("the doctor at buckets", () => {
  it("asks nothing of a site without them, or of one that is not up", () => {
    const run = () => Promise.reject(new Error("asked"));
    assert.deepEqual(bucketChecks({ config: homeConfig(), isUp: true }, run), []);
    assert.deepEqual(bucketChecks({ config, isUp: false }, run), []);
  });

  it("is content with a claim that is bound, and a copy of last night", () => {
    assert.match(
      judged(copy({ status: { lastSuccessfulTime: "2026-11-30T03:20:00Z" } })),
      /^ok: bucket photos: was copied last at 2026-11-30T03:20:00Z/,
    );
  });

  it("misses a claim, one that waits, and one that is not copied", () => {
    const of = (...claims: readonly object[]) =>
      said(judgeBuckets(config, { claims: claims as (typeof bound)[], copies: [copy()] }, now));
    assert.match(of(), /error: bucket photos: is not there/);
    assert.match(of({ ...bound, status: { phase: "Pending" } }), /its claim is Pending/);
    assert.match(judged(), /error: bucket photos: is not copied/);
  });

  it("tells of copies that are old, were never made, or wait for a person", () => {
    assert.match(
      judged(copy({ status: { lastSuccessfulTime: "2026-11-27T03:20:00Z" } })),
      /error: bucket photos: was copied last at 2026-11-27/,
    );
    assert.match(judged(copy()), /error: bucket photos: was never copied/);
    const fresh = { name: "photos", creationTimestamp: "2026-11-30T11:00:00Z" };
    assert.match(judged(copy({ metadata: fresh })), /warning: bucket photos: was never copied yet/);
    assert.match(judged(copy({ spec: { suspend: true } })), /error: .* are suspended/);
  });
});
