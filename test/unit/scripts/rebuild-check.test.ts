import assert from "node:assert/strict";
import type { ListStore } from "../../../components/backup/store.ts";
import { check, isSound, text } from "../../../scripts/rebuild/check.ts";
import { inventory } from "../../../scripts/rebuild/inventory.ts";
import { backupSite } from "../stacks/backup-site.ts";
import { bucketsSite } from "../stacks/buckets-site.ts";
import { kafkaSite } from "../stacks/kafka-site.ts";
import { postgresSite, recovered } from "../stacks/postgres-site.ts";
import { outside, redisSite } from "../stacks/redis-site.ts";
import { homeConfig } from "../stacks/sample.ts";

const config = homeConfig({
  ...backupSite(),
  ...postgresSite({}, { other: recovered }),
  ...redisSite({}, { second: outside }),
  ...kafkaSite(),
  ...bucketsSite({ backup: {} }, { scans: {} }),
});
const items = inventory({ name: "home", config });
const keys = ["accessKey", "secretKey"];
const known = new Map(
  items.flatMap(({ copies }) => keys.map((key) => [`${copies?.path ?? ""}.${key}`, "x"] as const)),
);
const saved = (day: number, key: string) => ({
  ...{ key, bytes: 1, modified: new Date(`2026-11-${day}T03:00:00Z`) },
});
/** A store that has, below each prefix, these names. */
const store =
  (...names: readonly string[]): ListStore =>
  (_, prefix) =>
    Promise.resolve(names.map((name, i) => saved(20 + i, `${prefix}${name}`)));
const now = new Date("2026-11-22T03:00:00Z");
const rows = (list: ListStore) => check(items, known, list, now);
const fates = async (list: ListStore) =>
  Object.fromEntries((await rows(list)).map(({ what, fate }) => [what, fate]));

describe("what a total loss would bring back", () => {
  it("is what has a copy outside, by itself or by hand, and from when", async () => {
    const all = await rows(store("a/backup.info", "on-demand-stone-1764000000"));
    const volume = all.find(({ what }) => what === "volume monitoring/prometheus-db-0");
    assert.equal(volume?.fate, "by hand");
    assert.match(
      volume.text,
      /^from 2026-11-21T03:00:00Z, the newest of 2: by npm run restore -- --claim monitoring\/prometheus-db-0 --at 2026-11-21T03:00:00Z, once/,
    );
    assert.equal(all.find(({ what }) => what === "bucket photos")?.fate, "back");
    assert.equal(all.find(({ what }) => what === "bucket scans")?.fate, "lost");
    const etcd = all.find(({ what }) => what.startsWith("objects of the cluster"));
    assert.match(
      etcd?.text ?? "",
      /^from 2026-11-21T03:00:00Z, the newest of 1: by npm run restore .*, and then no volume is filled/,
    );
  });

  it("is not sound where a volume's newest backup is older than two turns of its schedule", async () => {
    const volumes = items.filter(({ what }) => what.startsWith("volume "));
    const at = (time: string) => check(volumes, known, store("a"), new Date(time));
    assert.ok(isSound(await at("2026-11-22T03:00:00Z")));
    const late = await at("2026-11-23T03:00:00Z");
    assert.ok(!isSound(late));
    assert.match(text("home", late), /as it was too long ago\n +volume monitoring.*2026-11-20T03/);
  });

  it("is not sound where copies come faster than turns, for each may be of the first one's moment", async () => {
    const volumes = items.filter(({ what }) => what === "volume monitoring/prometheus-db-0");
    const every = (minutes: number, copies: number): ListStore => {
      const at = (i: number) => new Date(now.getTime() - i * minutes * 60_000);
      const made = Array.from({ length: copies }, (_, i) => ({
        ...saved(20, "a"),
        modified: at(i),
      }));
      return () => Promise.resolve(made);
    };
    assert.ok(isSound(await check(volumes, known, every(1440, 40), now)));
    const stuck = await check(volumes, known, every(28, 4), now);
    assert.ok(!isSound(stuck));
    assert.match(
      stuck[0]?.text ?? "",
      /^4 copies since 2026-11-22T01:36:00Z, .* of then or of before/,
    );
  });

  it("is not sound where databases were last saved too long ago, and looks at the snapshots that Redis begins with", async () => {
    const databases = items.filter(({ what }) => /^(Redis second|Postgres other)$/.test(what));
    assert.equal(
      databases.find(({ what }) => what === "Redis second")?.copies?.prefix,
      "second/second-0/",
    );
    const at = async (time: string) =>
      (await check(databases, known, store("a/backup.info"), new Date(time))).map(
        ({ fate }) => fate,
      );
    assert.deepEqual(await at("2026-11-20T05:00:00Z"), ["by hand", "back"]);
    assert.deepEqual(await at("2026-11-20T20:00:00Z"), ["by hand", "late"]);
    assert.deepEqual(await at("2026-11-29T07:00:00Z"), ["late", "late"]);
  });

  it("does not take a base backup for one that succeeded", async () => {
    const all = await rows(store("a/backup.info", "b/backup.info"));
    const postgres = all.find(({ what }) => what === "Postgres other");
    assert.match(postgres?.text ?? "", /^from \S+, the newest of 2 attempts; npm run doctor knows/);
  });

  it("is not what is in the site's own storage, or nowhere", async () => {
    const found = await fates(store("a"));
    assert.equal(found["Redis cache"], "lost");
    assert.equal(found["Kafka main"], "lost");
    assert.equal(found["metrics, and silences of alerts"], "lost");
    assert.equal(found["certificates"], "back");
  });

  it("names what is to be saved and never was, and what nobody could look at", async () => {
    const never = await rows(store());
    assert.ok(!isSound(never));
    assert.match(
      text("home", never),
      /is lost, though the site file wants it saved\n(.*\n)* {2}volume monitoring\/prometheus-db-0 +was never saved: volumes\/volumes-home\/monitoring\/prometheus-db-0\/snapshots\/ is empty/,
    );
    const away = await fates(() => Promise.reject(new Error("the store cannot be reached")));
    assert.equal(away["volume monitoring/prometheus-db-0"], "unseen");
    const noKey = await check(items, new Map(), store("a"));
    assert.match(
      noKey.find(({ what }) => what === "Redis second")?.text ?? "",
      /the key of homelab:redis\.instances\.second\.snapshots\.s3 cannot be read/,
    );
  });
});
