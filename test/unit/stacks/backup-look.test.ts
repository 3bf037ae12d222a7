import assert from "node:assert/strict";
import type { ListStore, StoredObject } from "../../../components/backup/store.ts";
import { ServiceError } from "../../../components/http/service-error.ts";
import { knownOf } from "../../../components/proxmox/known-machines.ts";
import { judgeBackups } from "../../../stacks/parts/backup/look.ts";
import { inventory } from "../../../scripts/rebuild/inventory.ts";
import { backupSite } from "./backup-site.ts";
import { homeConfig } from "./sample.ts";

const assistant = { version: "2026.9.1", image: "ghcr.io/home-operations/home-assistant" };
const changes = { ...backupSite(), "apps.home-assistant": assistant };
const config = homeConfig(changes);
const secrets = { reveal: () => "x", get: () => assert.fail("asked for an output") };
const site = { name: "home", config, secrets };
const claim = "home-assistant/home-assistant-config";
/** What the state has, where only what the program makes is new. */
const saves = {
  backups: [{ namespace: "monitoring", claim: "prometheus-db-0", cacheGiB: 2 }],
};
/** A store that has objects in one folder of a repository alone. */
const having =
  (folder: string, ...objects: readonly StoredObject[]): ListStore =>
  (_, prefix) =>
    Promise.resolve(prefix.endsWith(folder) ? objects : []);
const away = () =>
  Promise.reject(new ServiceError("unreachable", { status: 0 }, "the store nas cannot be reached"));

describe("what new volumes begin with", () => {
  it("is said before anything is made: a backup, or nothing", async () => {
    const saved = [{ key: "a", bytes: 1, modified: new Date("2026-11-28T03:12:00Z") }];
    const found = await judgeBackups(site, saves, having("/snapshots/", ...saved));
    assert.deepEqual(found, {
      problems: [],
      notes: [`volume ${claim} begins with its backup of 2026-11-28T03:12:00.000Z`],
    });
    const more = ["02:44", "02:16"].map((time) => new Date(`2026-11-28T${time}:00Z`));
    const all = [...saved, ...more.map((modified) => ({ key: "b", bytes: 1, modified }))];
    const again = await judgeBackups(site, saves, having("/snapshots/", ...all));
    assert.match(again.notes[0] ?? "", /, one of 3 since 2026-11-28T02:16:00.000Z, more than/);
    const { notes } = await judgeBackups(site, saves, () => Promise.resolve([]));
    assert.deepEqual(notes, [`volume ${claim} begins empty: the store has no backup of it`]);
  });

  it("is not taken for nothing where the store cannot be seen, and not asked of volumes that are there", async () => {
    const { problems } = await judgeBackups(site, saves, away);
    assert.equal(problems[0]?.path, "homelab:backup.s3");
    assert.match(
      problems[0].text,
      /the store nas cannot be reached; what home-assistant\/home-assistant-config would begin with cannot be seen, and not seen is not empty/,
    );
    assert.match(problems[0].text, /, or leave the section out for this run: volumes then begin/);
    assert.deepEqual(await judgeBackups(site, { ...saves, claims: [claim] }, away), {
      problems: [],
      notes: [],
    });
  });
});

describe("a store that is away, with other volumes in it", () => {
  it("is no reason to leave the section out, for each of them would be restored beside itself", async () => {
    const known = { ...saves, claims: ["wiki/wiki-config"] };
    const { problems } = await judgeBackups(site, known, away);
    assert.match(
      problems[0]?.text ?? "",
      /Bring the store back, or leave what is new out for this/,
    );
  });
});

describe("claims of others that are saved for the first time", () => {
  const notes = async (list: ListStore) =>
    (await judgeBackups(site, { claims: [claim] }, list)).notes.join();

  it("are told of with the backup that they had, for one of the new volume follows at once", async () => {
    const modified = new Date("2026-11-28T03:12:00.250Z");
    assert.match(
      await notes(having("prometheus-db-0/snapshots/", { key: "a", bytes: 1, modified })),
      /^claim monitoring\/prometheus-db-0 has backups, .* npm run restore -- --stack home --claim monitoring\/prometheus-db-0 --at 2026-11-28T03:12:01Z/,
    );
    assert.equal(await notes(having("none")), "");
    assert.match(await notes(away), /whether it has backups cannot be seen: the store nas/);
  });
});

describe("a lock in the repository of a new volume", () => {
  const lock = (minutes: number) =>
    having("/locks/", {
      ...{ key: `volumes-home/${claim}/locks/a1`, bytes: 1 },
      modified: new Date(Date.now() - minutes * 60_000),
    });

  it("is named before the run waits for a restore that it stops, once nobody holds it", async () => {
    const { problems } = await judgeBackups(site, saves, lock(31));
    assert.match(
      problems[0]?.text ?? "",
      /restic -r s3:\S+\/volumes-home\/home-assistant\/home-assistant-config unlock .*, or delete volumes-home\/home-assistant\/home-assistant-config\/locks\/a1 in the bucket volumes$/,
    );
    assert.deepEqual((await judgeBackups(site, saves, lock(4))).problems, []);
  });
});

describe("the caches of backups that are there", () => {
  const known = knownOf([
    {
      type: "kubernetes:volsync.backube/v1alpha1:ReplicationSource",
      outputs: {
        metadata: { namespace: "monitoring", name: "prometheus-db-0" },
        spec: { restic: { cacheCapacity: "4Gi" } },
      },
    },
  ]);
  const judged = async (cacheGiB: number, expansion = true) => {
    const of = homeConfig(backupSite({ cacheGiB }));
    const { storage } = of;
    assert.ok(storage !== undefined);
    const classes = storage.classes.map((one) => ({ ...one, expansion }));
    const { problems } = await judgeBackups(
      { ...site, config: { ...of, storage: { ...storage, classes } } },
      known,
      () => Promise.resolve([]),
    );
    return problems.map(({ path, text }) => `${path}: ${text}`);
  };

  it("are not asked to shrink, for VolSync would make no backup any more", async () => {
    assert.deepEqual(await judged(4), []);
    assert.deepEqual(await judged(2), [
      "homelab:backup.cacheGiB: the caches of monitoring/prometheus-db-0 (4 GiB) are there, and with 2 GiB VolSync would make no backup of them any more, for no volume shrinks; write 4",
    ]);
  });

  it("grow where their class lets them, and nowhere else", async () => {
    assert.deepEqual(await judged(8), []);
    const [one, ...rest] = await judged(8, false);
    assert.match(one ?? "", /for no volume of ceph-block grows; write 4$/);
    assert.deepEqual(rest, []);
  });
});

describe("volumes of applications at a total loss", () => {
  const fates = (of: typeof config) =>
    Object.fromEntries(
      inventory({ name: "home", config: of }).map(({ what, fate }) => [what, fate]),
    );

  it("come back by themselves where they are saved, and are named as lost where not", () => {
    assert.equal(fates(config)[`volume ${claim}`], "back");
    assert.equal(fates(config)["volume home-assistant/home-assistant-packages"], "lost");
    const bare = homeConfig({ ...changes, backup: undefined });
    assert.equal(fates(bare)[`volume ${claim}`], "lost");
  });
});
