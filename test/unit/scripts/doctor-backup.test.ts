import assert from "node:assert/strict";
import {
  backupChecks,
  judgeVolumes,
  type ReplicationInForce,
} from "../../../stacks/parts/backup/doctor.ts";
import { backupSite } from "../stacks/backup-site.ts";
import { homeConfig } from "../stacks/sample.ts";
import { said } from "./said.ts";

const config = homeConfig(backupSite());
const metadata = { namespace: "monitoring", name: "prometheus-db-0" };
const now = new Date("2026-11-28T12:00:00Z");
type Status = ReplicationInForce["status"];
const judged = (status?: Status, spec = {}, destination?: Status) =>
  said(
    judgeVolumes(
      config,
      {
        sources: status === undefined ? [] : [{ metadata, spec, status }],
        destinations: destination === undefined ? [] : [{ metadata, status: destination }],
      },
      now,
    ),
  );

describe("the doctor at backups of volumes", () => {
  it("asks nothing of a site without them, or of one that is not up", () => {
    const run = () => Promise.reject(new Error("asked"));
    assert.deepEqual(backupChecks({ config: homeConfig(), isUp: true }, run), []);
    assert.deepEqual(backupChecks({ config, isUp: false }, run), []);
  });

  it("is content with one of last night, and not with older ones", () => {
    assert.match(judged({ lastSyncTime: "2026-11-28T03:10:00Z" }), /^ok: .* is from 2026-11-28/);
    assert.match(judged({ lastSyncTime: "2026-11-26T03:10:00Z" }), /^error: .* is from 2026-11-26/);
    // It ended today, and holds what a snapshot of a week ago has.
    assert.match(
      judged({ lastSyncTime: "2026-11-28T03:10:00Z", lastSyncDuration: "168h10m0.5s" }),
      /^error: .* is from 2026-11-21T02:59:59Z/,
    );
    assert.match(
      judged({ lastSyncTime: "2026-11-28T03:10:00Z", lastSyncDuration: "350ms" }),
      /^ok: /,
    );
    assert.match(judged({}), /^warning: .* none was made yet/);
    assert.match(judged(), /^error: .* is not set up/);
  });

  it("says why the next one fails, in the mover's words", () => {
    const logs =
      "=== Check for dir initialized ===\nERROR: failure connecting to repository, incorrect password";
    assert.match(
      judged({
        lastSyncTime: "2026-11-28T03:10:00Z",
        latestMoverStatus: { result: "Failed", logs },
      }),
      /^error: .* fails: ERROR: failure connecting to repository, incorrect password/,
    );
  });

  it("has the command where a mover that was ended has left its lock", () => {
    const logs =
      "unable to create lock in backend: repository is already locked exclusively by PID 20\nlock was created at 2026-11-27\nthe `unlock` command can be used to remove stale locks";
    const status = { latestMoverStatus: { result: "Failed", logs } };
    const [one] = judgeVolumes(config, { sources: [{ metadata, status }], destinations: [] }, now);
    assert.equal(
      one?.remedy,
      `kubectl -n monitoring patch replicationsource prometheus-db-0 --type merge -p '{"spec":{"restic":{"unlock":"2026-11-28T12:00:00.000Z"}}}'`,
    );
  });

  it("has a command that needs no source where a lock stops a volume from beginning", () => {
    const logs = "repository is already locked exclusively by PID 20\nERROR: failure locking";
    const status = { latestMoverStatus: { result: "Failed", logs } };
    const [one] = judgeVolumes(config, { sources: [], destinations: [{ metadata, status }] }, now);
    assert.match(one?.remedy ?? "", /restic -r s3:\.\.\.\/monitoring\/prometheus-db-0 unlock/);
  });

  it("knows what a full store and a repository that is half made want", () => {
    const remedy = (logs: string) => {
      const status = { latestMoverStatus: { result: "Failed", logs } };
      return judgeVolumes(config, { sources: [{ metadata, status }], destinations: [] }, now)[0]
        ?.remedy;
    };
    assert.match(remedy("Fatal: XMinioStorageFull: no room") ?? "", /is full: give it room/);
    assert.match(
      remedy("Fatal: create repository failed: repository already contains keys") ?? "",
      /before anything is deleted/,
    );
    assert.match(remedy("Fatal: else") ?? "", /^kubectl -n monitoring describe/);
  });

  it("says what keeps VolSync from its mover, whose last one has succeeded", () => {
    const error = (message: string): Status => ({
      lastSyncTime: "2026-11-28T03:10:00Z",
      latestMoverStatus: { result: "Successful" },
      conditions: [{ type: "Synchronizing", reason: "Error", message }],
    });
    const small = error("spec.resources.requests.storage: Forbidden: can not be less");
    assert.match(judged(small), /^error: .* VolSync does not come to it: spec\.resources/);
    assert.match(
      judged({}, {}, { ...small, latestImage: undefined }),
      /^error: .* to restore it: /,
    );
    assert.match(judged(error("x: the object has been modified; please apply")), /^ok: /);
  });

  it("does not take an empty volume for a backup", () => {
    const latestMoverStatus = {
      ...{ result: "Successful", logs: "== Directory is empty skipping backup ===" },
    };
    assert.match(
      judged({ lastSyncTime: "2026-11-28T03:10:00Z", latestMoverStatus }),
      /^warning: .* was empty at .* nothing was saved/,
    );
  });

  it("sees what a restore that was cut off has left", () => {
    const [paused] = judgeVolumes(config, {
      sources: [{ metadata, spec: { paused: true } }],
      destinations: [],
    });
    assert.match(paused?.text ?? "", /^is paused: a restore was cut off/);
    assert.match(
      paused?.remedy ?? "",
      /delete volumesnapshot\/volsync-prometheus-db-0-src .* patch replicationsource prometheus-db-0 .*"paused":false/,
    );
  });

  it("sees a restore that VolSync goes on with, over whoever uses the volume", () => {
    const restores = (spec: NonNullable<ReplicationInForce["spec"]>) =>
      judgeVolumes(config, {
        sources: [],
        destinations: [{ metadata: { ...metadata, name: "restore-prometheus-db-0" }, spec }],
      });
    const [left] = restores({ restic: { destinationPVC: "prometheus-db-0" } });
    assert.equal(left?.subject, "volume monitoring/prometheus-db-0");
    assert.match(
      left.remedy,
      /kubectl -n monitoring delete replicationdestination restore-prometheus-db-0/,
    );
    // What a claim called like that begins with.
    assert.equal(restores({ restic: {} }).length, 1);
  });

  it("sees a volume that waits for what it begins with", () => {
    assert.match(judged({}, {}, {}), /^warning: .* waits for its backup to be restored/);
    const failed = { result: "Failed", logs: "Fatal: unable to open config file" };
    assert.match(
      judged({}, {}, { latestMoverStatus: failed }),
      /^error: .* cannot begin with its backup: Fatal: unable to open config file/,
    );
  });
});
