import assert from "node:assert/strict";
import {
  judgeBackups,
  judgeClusters,
  postgresChecks,
  postgresReleases,
  type ClusterInForce,
  type StoreInForce,
} from "../../../stacks/parts/postgres/doctor.ts";
import { postgresSite } from "../stacks/postgres-site.ts";
import { homeConfig } from "../stacks/sample.ts";
import { said } from "./said.ts";

const config = homeConfig(postgresSite());
const postgres = config.postgres ?? assert.fail();
const now = new Date("2026-11-29T12:00:00Z");
const metadata = { name: "main", namespace: "postgres" };

const clusters = (status?: ClusterInForce["status"]): readonly ClusterInForce[] => [
  { metadata, ...(status === undefined ? {} : { status }) },
];
const fine = {
  phase: "Cluster in healthy state",
  readyInstances: 3,
  conditions: [
    { type: "Ready", status: "True" },
    { type: "ContinuousArchiving", status: "True" },
  ],
};
const following = new Map([["main", 2]]);
const cluster = (changes: object, followers: ReadonlyMap<string, number> = following) =>
  said(judgeClusters(postgres, clusters({ ...fine, ...changes }), followers, now));

const store = (
  window: NonNullable<NonNullable<StoreInForce["status"]>["serverRecoveryWindow"]>[string],
  archive = "main-18",
) =>
  said(
    judgeBackups(
      postgres,
      [{ metadata, status: { serverRecoveryWindow: { [archive]: window } } }],
      now,
    ),
  );

describe("the doctor at Postgres", () => {
  it("asks nothing of a site without it, or of one that is not up", () => {
    const run = () => Promise.reject(new Error("asked"));
    assert.deepEqual(postgresChecks({ config: homeConfig(), isUp: true }, run), []);
    assert.deepEqual(postgresChecks({ config, isUp: false }, run), []);
    assert.deepEqual(postgresReleases(homeConfig()), []);
    assert.equal(postgresReleases(config).length, 2);
  });

  it("is content with clusters that are whole", () => {
    assert.equal(cluster({}), "ok: Postgres main: 3 instances are ready");
  });

  it("counts instances, and gives the operator's phase", () => {
    assert.match(
      cluster({ readyInstances: 2, phase: "Creating a new replica" }),
      /^warning: Postgres main: 2 of 3 instances are ready: Creating a new replica/,
    );
    assert.match(cluster({ readyInstances: 0 }), /^error: Postgres main: 0 of 3/);
    assert.match(
      said(judgeClusters(postgres, [], following, now)),
      /^error: Postgres main: is not there/,
    );
  });

  it("asks the primary who follows it, for a replica whose log is gone is ready all the same", async () => {
    const asked: string[] = [];
    const [check] = postgresChecks({ config, isUp: true }, (_, args) => {
      asked.push(args.join(" "));
      const stdout = args.includes("exec")
        ? "1\n"
        : JSON.stringify({ items: clusters({ ...fine, currentPrimary: "main-2" }) });
      return Promise.resolve({ ok: true, stdout, stderr: "" });
    });
    assert.match(
      said((await check?.run()) ?? []),
      /^warning: Postgres main: 1 of 2 replicas follow the primary, the others are ready and get nothing/,
    );
    assert.match(
      asked[1] ?? "",
      /-n postgres exec main-2 -c postgres -- psql .*pg_stat_replication/,
    );
    assert.equal(cluster({}, new Map()), "ok: Postgres main: 3 instances are ready", "no answer");
  });

  it("tells of a log that is not archived, in the plugin's words", () => {
    const conditions = [
      { type: "Ready", status: "True" },
      { type: "ContinuousArchiving", status: "False", message: "Expected empty archive" },
    ];
    assert.match(
      cluster({ conditions }),
      /error: .*its log is not archived: Expected empty archive/,
    );
  });

  it("tells of a cluster that nobody backs up", () => {
    const bare = homeConfig(postgresSite({ backup: undefined })).postgres ?? assert.fail();
    assert.match(
      said(judgeClusters(bare, clusters(fine), following, now)),
      /warning: Postgres main: is not backed up/,
    );
    assert.deepEqual(judgeBackups(bare, [], now), []);
  });

  it("tells of certificates that the operator has not renewed", () => {
    const ends = (day: string) => ({
      certificates: { expirations: { "main-server": `${day} 10:00:00 +0000 UTC` } },
    });
    assert.match(
      cluster(ends("2026-12-01")),
      /warning: certificate main-server of Postgres main: ends on/,
    );
    assert.match(
      cluster(ends("2026-11-01")),
      /error: certificate main-server of Postgres main: ended on/,
    );
    assert.ok(!cluster(ends("2027-01-20")).includes("certificate"));
  });

  it("counts the age of base backups by their schedule, in this life's archive", () => {
    const first = "2026-11-15T02:30:00Z";
    assert.equal(
      store({ lastSuccessfulBackupTime: "2026-11-29T02:31:00Z", firstRecoverabilityPoint: first }),
      `ok: backup of Postgres main: the last base backup is from 2026-11-29T02:31:00Z; it goes back to ${first}`,
    );
    assert.match(
      store({ lastSuccessfulBackupTime: "2026-11-27T02:31:00Z" }),
      /^error: .*from 2026-11-27/,
    );
    assert.match(
      store({
        lastSuccessfulBackupTime: "2026-11-28T02:31:00Z",
        lastFailedBackupTime: "2026-11-29T02:31:00Z",
      }),
      /^warning: .*the one of 2026-11-29T02:31:00Z failed/,
    );
    assert.match(
      store({ lastSuccessfulBackupTime: "2026-11-29T02:31:00Z" }, "main-17"),
      /main-18 holds no base backup/,
    );
  });
});
