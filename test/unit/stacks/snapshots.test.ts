import assert from "node:assert/strict";
import {
  judgeSnapshots,
  type SnapshotInForce,
} from "../../../stacks/parts/cluster/doctor/snapshots.ts";
import { lastDue } from "../../../stacks/parts/cluster/schedule.ts";
import { storePlan } from "../../../stacks/parts/cluster/deploy.ts";
import { storeSettings } from "../../../components/rke2/snapshot-store.ts";
import { homeConfig } from "./sample.ts";

const now = new Date("2026-11-28T07:10:30Z");

describe("a snapshot schedule", () => {
  const due = (schedule: string): string[] =>
    lastDue(schedule, now, 2).map((at) => at.toISOString().slice(5, 16));

  it("tells when it was due last", () => {
    assert.deepEqual(due("0 */6 * * *"), ["11-28T06:00", "11-28T00:00"]);
    assert.deepEqual(due("10 7 * * *"), ["11-28T07:10", "11-27T07:10"]);
    assert.deepEqual(due("@weekly"), ["11-22T00:00", "11-15T00:00"]);
    assert.deepEqual(due("30 3 1-7/3 * *"), ["11-07T03:30", "11-04T03:30"]);
    // The 13th, or a Friday.
    assert.deepEqual(due("0 0 13 * 5"), ["11-27T00:00", "11-20T00:00"]);
    assert.deepEqual(due("0 0 */10 * *"), ["11-21T00:00", "11-11T00:00"]);
    assert.deepEqual(due("0 3 ? NOV fri"), ["11-27T03:00", "11-20T03:00"]);
    // Counted from its server's start, which nobody knows here.
    assert.deepEqual(due("@every 1h30m"), ["11-28T07:10", "11-28T05:40"]);
  });
});

describe("etcd snapshots", () => {
  const { snapshots } = homeConfig().cluster;
  const of = (time: string, s3?: object): SnapshotInForce => ({
    spec: { snapshotName: "etcd-snapshot-stone", ...(s3 === undefined ? {} : { s3 }) },
    status: { readyToUse: true, creationTime: `2026-11-28T${time}Z` },
  });
  const old = new Date("2026-10-01T00:00:00Z");
  const judged = (found: readonly SnapshotInForce[], since = old, plan = snapshots) =>
    judgeSnapshots("home", plan, found, since, now).map(
      ({ severity, text }) => `${severity} ${text.split(":")[0]}`,
    );

  it("are fine where the last but one that was due is there, on the machines and off them", () => {
    assert.deepEqual(judged([of("00:00:02"), of("00:00:03", {})]), [
      "ok the last one is of 2026-11-28T00",
      "ok the last one is of 2026-11-28T00",
    ]);
  });

  it("are an error where none has reached the store, with what RKE2 says of it", () => {
    const failed: SnapshotInForce = {
      spec: { snapshotName: "x", s3: {} },
      status: { readyToUse: false, error: { message: "bucket etcd-snapshots does not exist" } },
    };
    const [, store] = judgeSnapshots("home", snapshots, [of("06:00:01"), failed], old, now);
    assert.equal(store?.severity, "error");
    assert.match(store.text, /there is none: bucket etcd-snapshots does not exist/);
    assert.match(
      store.remedy,
      /is https:\/\/nas\.home\.arpa:9000 there.*npm run snapshot -- --stack home/,
    );
  });

  it("are not due yet in a cluster that was founded a moment ago", () => {
    const since = new Date("2026-11-28T05:00:00Z");
    assert.deepEqual(judged([], since), ["ok none is due yet", "ok none is due yet"]);
  });

  it("that never leave the machines are a warning", () => {
    const bare = homeConfig({ "cluster.snapshots": {} }).cluster.snapshots;
    assert.match(judged([of("06:00:01")], old, bare)[1] ?? "", /^warning they lie on the servers/);
  });

  it("go to a folder of the site's own, and as many are kept as all servers keep", () => {
    const plan = storePlan({ name: "home", config: homeConfig() });
    assert.ok(plan);
    assert.deepEqual(storeSettings(plan), {
      "etcd-s3-endpoint": "nas.home.arpa:9000",
      "etcd-s3-insecure": "false",
      "etcd-s3-bucket": "etcd-snapshots",
      "etcd-s3-bucket-lookup-type": "auto",
      "etcd-s3-folder": "home",
      "etcd-s3-region": "us-east-1",
      "etcd-s3-retention": "36",
    });
  });
});
