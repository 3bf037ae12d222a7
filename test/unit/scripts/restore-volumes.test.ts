import assert from "node:assert/strict";
import type { SavedPlan, SavingPlan } from "../../../components/backup/plan.ts";
import type { ClusterCommand } from "../../../stacks/doctor/examined.ts";
import { choose, moment, told } from "../../../scripts/backup/choice.ts";
import { progress, type EventInForce } from "../../../scripts/backup/mover.ts";
import { begunSyncs, meant } from "../../../scripts/backup/restore.ts";
import { restoreVolumes, type Restore } from "../../../scripts/backup/restore-volumes.ts";
import {
  holders,
  replicasAnnotation,
  usersOf,
  type WorkloadInForce,
} from "../../../scripts/backup/workloads.ts";

const day = (number: number) => new Date(`2026-11-${number}T03:00:00Z`);
const podSpec = (claimName: string) => ({ volumes: [{ persistentVolumeClaim: { claimName } }] });
const workload = (name: string, claim: string, more: object = {}): WorkloadInForce => ({
  kind: "Deployment",
  metadata: { name, ...more },
  spec: { replicas: 2, template: { spec: podSpec(claim) } },
});

describe("which backup is restored", () => {
  const photos = { volume: "immich/photos", times: [day(28), day(27)] };

  it("is the newest, or the newest from before a moment", () => {
    const chosen = (at?: Date) => choose([photos], at).map(({ time }) => time.getUTCDate());
    assert.deepEqual(chosen(), [28]);
    assert.deepEqual(chosen(moment("2026-11-28T02:00:00Z")), [27]);
    assert.deepEqual(chosen(moment("2026-11-28T04:00:00+01:00")), [28]);
  });

  it("is none where none fits: what there is is named, for VolSync would restore nothing and be content", () => {
    const cache = { volume: "immich/cache", times: [] };
    assert.throws(() => choose([photos, cache], day(20)), {
      message:
        /^nothing was changed:\n {2}immich\/photos has no backup from before; there are 2026-11-28T03:00:00Z, .*\n {2}immich\/cache has no backup$/,
    });
  });

  it("is of when its sync began, however often a mover that fails has saved that again", () => {
    const metadata = { namespace: "immich", name: "photos" };
    const began = begunSyncs([
      { metadata, status: { lastSyncStartTime: "2026-11-20T03:00:00Z" } },
      { metadata: { ...metadata, name: "cache" }, status: {} },
    ]);
    assert.equal(began.size, 1);
    const stuck = { ...photos, began: began.get(photos.volume) };
    assert.match(
      told(choose([stuck])),
      /^immich\/photos of 2026-11-20T03:00:00Z \(no backup has ended since then: its 2 copies since may all/,
    );
    // One at work, which has just saved.
    assert.equal(
      told(choose([{ ...photos, began: new Date("2026-11-28T02:55:00Z") }])),
      "immich/photos of 2026-11-28T02:55:00Z",
    );
    assert.equal(told(choose([photos])), "immich/photos of 2026-11-28T03:00:00Z");
  });

  it("is never chosen by a moment without its zone", () => {
    assert.throws(() => moment("2026-11-28 03:00"), /is no moment with its zone/);
    assert.throws(() => moment("yesterday"), /is no moment/);
  });

  it("is of volumes that are backed up, by application or by claim", () => {
    const wanted = { path: "p", namespace: "immich", uid: 1, gid: 1 };
    const all = [
      { ...wanted, claim: "photos", app: "immich" },
      { ...wanted, claim: "model" },
    ];
    assert.deepEqual(meant(all, { app: "immich" }), [all[0]]);
    assert.deepEqual(meant(all, { claim: "immich/model" }), [all[1]]);
    assert.throws(
      () => meant(all, { app: "typeo" }),
      /typeo has no volume that is backed up; --app takes immich, --claim takes immich\/photos, immich\/model/,
    );
  });
});

describe("who uses a claim", () => {
  const claims = new Set(["photos", "data-db-0"]);

  it("are workloads by their templates, with the pods that they had before a restore was cut off", () => {
    const found = usersOf(claims, [
      workload("server", "photos"),
      workload("learning", "photos", { annotations: { [replicasAnnotation]: "3" } }),
      workload("other", "model"),
      {
        kind: "StatefulSet",
        metadata: { name: "db" },
        spec: {
          template: { spec: {} },
          volumeClaimTemplates: [{ metadata: { name: "data" } }],
        },
      },
    ]);
    assert.deepEqual(found, {
      users: [
        { name: "deployment/server", replicas: 2 },
        { name: "deployment/learning", replicas: 3 },
        { name: "statefulset/db", replicas: 1 },
      ],
      obstacles: [],
    });
  });

  it("are not stopped where somebody else would start them again", () => {
    const owner = { kind: "Prometheus", name: "main", controller: true };
    const { obstacles } = usersOf(claims, [
      workload("a", "photos", { ownerReferences: [owner] }),
      workload("b", "photos", { annotations: { "argocd.argoproj.io/tracking-id": "x" } }),
    ]);
    assert.match(obstacles[0] ?? "", /deployment\/a is run by Prometheus main: have that one run/);
    assert.match(obstacles[1] ?? "", /deployment\/b is Argo CD's/);
  });

  it("are pods that have not ended", () => {
    const pod = (name: string, claim: string, phase: string) => ({
      ...{ metadata: { name }, spec: podSpec(claim), status: { phase } },
    });
    const all = [
      pod("a", "photos", "Running"),
      pod("b", "photos", "Failed"),
      pod("c", "x", "Running"),
    ];
    assert.deepEqual(holders(claims, all), ["a"]);
  });
});

describe("a mover's restore", () => {
  const of = (lastManualSync: string, logs = "", result = "Successful") =>
    progress({ status: { lastManualSync, latestMoverStatus: { result, logs } } }, "now").state;

  it("tells which backup it was, which need not be the one that the store's dates promise", () => {
    const logs =
      "RESTORE_OPTIONS: --delete\nrestoring snapshot 1a2b3c4d of [/data] at 2026-11-27 03:00:12.123456789 +0000 UTC by @volsync to .\nRestic completed in 4s";
    const found = progress(
      { status: { lastManualSync: "now", latestMoverStatus: { result: "Successful", logs } } },
      "now",
    );
    assert.deepEqual(found, {
      state: "done",
      from: { id: "1a2b3c4d", time: new Date("2026-11-27T03:00:12.123Z") },
    });
  });

  it("is done with this run's tag, and not where nothing was restored", () => {
    assert.equal(of("before"), "works");
    assert.equal(of("now", "restoring snapshot 1234 of [/data]"), "done");
    assert.equal(
      of("now", "No eligible snapshots found\n=== No data will be restored ==="),
      "failed",
    );
    assert.deepEqual(
      progress(
        { status: { latestMoverStatus: { result: "Failed", logs: "a\nFatal: b\n" } } },
        "now",
      ),
      { state: "failed", reason: "Fatal: b", locked: false },
    );
  });
});

describe("a restore of an application's volumes", () => {
  const saved: SavedPlan = {
    ...{ namespace: "immich", claim: "photos", class: "ceph-block", kind: "block" },
    ...{ uid: 1000, gid: 1000 },
  };
  const saving: SavingPlan = {
    target: { endpoint: "https://nas.home.arpa", bucket: "b", folder: "f", region: "r" },
    ...{ at: "03:00", everyHours: 24, keep: { daily: 7 }, cacheGiB: 1, memoryMiB: 512 },
  };

  /** A cluster with one Deployment; each answer is of what was asked, and VolSync's of `status`. */
  function cluster(
    status: object,
    annotations: Record<string, string> = {},
    whileItFills: () => void = () => undefined,
    { backup = [], events = [] }: { backup?: string[]; events?: readonly EventInForce[] } = {},
  ) {
    const calls: string[] = [];
    let replicas = annotations[replicasAnnotation] === undefined ? 2 : 0;
    const answer = (asked: string): string => {
      if (asked.includes("get deployments"))
        return JSON.stringify({
          items: [
            {
              ...workload("server", "photos", { annotations }),
              spec: { replicas, template: { spec: podSpec("photos") } },
            },
          ],
        });
      if (asked.includes("get pods"))
        return JSON.stringify({
          items:
            replicas === 0 ? [] : [{ metadata: { name: "server-1" }, spec: podSpec("photos") }],
        });
      const scaled = /--replicas=(\d+)/.exec(asked)?.[1];
      if (scaled !== undefined) replicas = Number(scaled);
      if (asked.includes("get events")) return JSON.stringify({ items: events });
      if (asked.includes("get job volsync-src-photos")) return backup.shift() ?? "";
      if (asked.includes("get replicationdestination")) {
        whileItFills();
        return JSON.stringify({ status });
      }
      return "";
    };
    const run: ClusterCommand = (_, args, stdin = "") => {
      const asked = args.filter((one) => !one.startsWith("--request")).join(" ");
      calls.push(stdin === "" ? asked : `${asked} ${stdin}`);
      return Promise.resolve({ ok: true, stdout: answer(asked), stderr: "" });
    };
    const words: string[] = [];
    const tell = (text: string): void => void words.push(text);
    const means = { run, tell, pause: () => Promise.resolve(), tag: "now" };
    const at = (pattern: RegExp) => calls.findIndex((one) => pattern.test(one));
    return {
      calls,
      words,
      at,
      restore: (more: Partial<Restore> = {}) =>
        restoreVolumes(
          { namespace: "immich", volumes: [saved], saving, at: day(27), ...more },
          means,
        ),
    };
  }
  const arrived = { lastManualSync: "now", latestMoverStatus: { logs: "restoring" } };

  it("stops pods and backups, fills the claim, and starts both again, in this order", async () => {
    const { at, restore, calls } = cluster(arrived);
    await restore();
    const order = [
      // What a run before has left would go on, and its mover has the volume.
      /delete replicationdestination restore-photos/,
      /patch replicationsource photos .*"paused":true/,
      /annotate deployment\/server --overwrite homelab\/replicas-before-restore=2/,
      /scale deployment\/server --replicas=0/,
      /get pods/,
      /create .*"copyMethod":"Direct","destinationPVC":"photos".*"restoreAsOf":"2026-11-27T03:00:00Z"/,
      // A backup that began before or meanwhile is of what the volume was then.
      /delete volumesnapshot\/volsync-photos-src persistentvolumeclaim\/volsync-photos-src job\/volsync-src-photos .*--wait=true/,
      /patch replicationsource photos .*"paused":false,"restic":{"unlock":"now"}/,
      /scale deployment\/server --replicas=2/,
      /rollout status deployment\/server/,
      /annotate deployment\/server homelab\/replicas-before-restore-/,
    ].map(at);
    assert.ok(!order.includes(-1), calls.join("\n"));
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
    );
    assert.match(calls.find((one) => one.includes("create -f -")) ?? "", /"manual":"now"/);
  });

  it("confirms the moment of the volume, not that of the mover which saved it", async () => {
    const logs = "restoring snapshot 1a2b of [/data] at 2026-11-27 02:00:12.1 +0000 UTC by x";
    const { words, restore } = cluster({ lastManualSync: "now", latestMoverStatus: { logs } });
    await restore({ began: new Map([["immich/photos", day(20)]]) });
    assert.ok(
      words.some((one) => one.includes("1a2b of 2026-11-20T03:00:00Z")),
      words.join(),
    );
  });

  it("ends no backup that is at work, for its lock would stop the restore", async () => {
    const { at, calls, words, restore } = cluster(arrived, {}, () => undefined, {
      backup: ["1", "1", ""],
    });
    await restore();
    const asked = calls.filter((one) => one.includes("get job volsync-src-photos"));
    assert.equal(asked.length, 3);
    assert.ok(at(/"paused":true/) > calls.indexOf(asked.at(-1) ?? ""));
    assert.ok(words.some((one) => one.includes("immich/photos: waiting until its backup")));
    const endless = cluster(arrived, {}, () => undefined, {
      backup: Array<string>(9_000).fill("1"),
    });
    await assert.rejects(endless.restore(), /^Error: nothing was changed: the backup of immich/);
    assert.equal(endless.at(/"paused":true|--replicas/), -1);
  });

  it("has the command where a lock stops it", async () => {
    const logs =
      "unable to create lock in backend: repository is already locked exclusively by PID 20\nERROR: failure locking repository";
    const { restore } = cluster({ latestMoverStatus: { result: "Failed", logs } });
    await assert.rejects(
      restore(),
      /failure locking repository; half an hour .*: restic -r s3:https:\/\/nas\.home\.arpa\/b\/f\/immich\/photos unlock/,
    );
  });

  it("gives pods back as they were before a run that was cut off", async () => {
    const { at, restore } = cluster(arrived, { [replicasAnnotation]: "2" });
    await restore();
    assert.ok(at(/scale deployment\/server --replicas=2/) > 0);
  });

  it("tells why no mover begins, once each time that it is something else", async () => {
    const event = (lastTimestamp: string, name: string, message: string) => ({
      ...{ involvedObject: { kind: "PersistentVolumeClaim", name }, reason: "ProvisioningFailed" },
      ...{ message, lastTimestamp },
    });
    const events = [
      event("2026-11-28T03:05:00Z", "volsync-dst-restore-photos-cache", "no space"),
      event("2026-11-28T03:01:00Z", "volsync-dst-restore-photos-cache", "before"),
      event("2026-11-28T03:09:00Z", "volsync-dst-restore-cache", "of another"),
    ];
    const status: Record<string, unknown> = {};
    let asked = 0;
    const { words, restore } = cluster(
      status,
      {},
      () => {
        asked += 1;
        const condition = { type: "Synchronizing", reason: "Error", message: "no Secret" };
        if (asked === 1) status["conditions"] = [condition];
        if (asked === 3) delete status["conditions"];
        if (asked === 400) Object.assign(status, arrived);
      },
      { events },
    );
    await restore();
    assert.deepEqual(
      words.filter((one) => one.includes("no mover")),
      [
        "immich/photos: no mover is at work: no Secret",
        "immich/photos: no mover is at work: persistentvolumeclaim/volsync-dst-restore-photos-cache: ProvisioningFailed: no space",
      ],
    );
  });

  it("keeps pods away from half a backup", async () => {
    const { at, restore } = cluster({ latestMoverStatus: { result: "Failed", logs: "Fatal: no" } });
    await assert.rejects(restore(), /was not restored: Fatal: no\. Its pods stay away/);
    assert.equal(at(/--replicas=2/), -1);
  });

  it("leaves nothing that VolSync would go on with, when it fails and when it is cut off", async () => {
    const failed = cluster({ latestMoverStatus: { result: "Failed", logs: "Fatal: no" } });
    await assert.rejects(failed.restore());
    assert.match(failed.calls.at(-1) ?? "", /delete replicationdestination restore-photos/);
    const cut = cluster({}, {}, () => process.emit("SIGTERM"));
    await assert.rejects(cut.restore(), /immich\/photos: the restore was cut off/);
    assert.match(cut.calls.at(-1) ?? "", /delete replicationdestination restore-photos/);
    assert.equal(process.listenerCount("SIGTERM"), 0);
  });
});
