import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { barmanCloud, cloudNativePg } from "../../../components/definitions/postgres.ts";
import {
  backupNow,
  cron,
  lateAfterHours,
  objectStore,
  scheduledBackup,
} from "../../../components/postgres/backup-objects.ts";
import {
  cluster,
  memoryQuantity,
  settingsMark,
} from "../../../components/postgres/cluster-object.ts";
import {
  database,
  databaseRole,
  login,
  pooler,
} from "../../../components/postgres/database-objects.ts";
import { objectName } from "../../../components/postgres/names.ts";
import { operatorValues, pluginValues } from "../../../components/postgres/operator-values.ts";
import type { BackupPlan, ClusterPlan } from "../../../components/postgres/plan.ts";
import { communityImage, isTagged } from "../../../components/postgres/releases.ts";
import { bucketSpec } from "../../../components/storage/claim.ts";
import { at } from "./at.ts";
import { judge, type SeenObject } from "./definition-schema.ts";
import { closed, violations, type Schema } from "./json-schema.ts";
import { wordsOf } from "./step-words.ts";

const backup: BackupPlan = {
  store: { kind: "bucket", class: "ceph-bucket", maxSizeGiB: 100 },
  ...{ archive: "main-18", at: "02:30", weekdays: [], keepDays: 30 },
};
const outside: BackupPlan = {
  ...backup,
  store: {
    ...{ kind: "s3", endpoint: "https://nas.home.arpa:9000/", bucket: "postgres" },
    ...{ region: "us-east-1", ca: "-----BEGIN CERTIFICATE-----" },
  },
};
const plan: ClusterPlan = {
  ...{ name: "main", image: communityImage("18.4"), instances: 3, memoryMiB: 1024 },
  storage: { class: "ceph-block", sizeGiB: 20 },
  wal: { sizeGiB: 5 },
  ...{ parameters: { max_connections: "200" }, preload: ["vchord.so"] },
  roles: [{ name: "photos", superuser: false, inRoles: ["pg_monitor"] }],
  databases: [{ name: "photo_library", owner: "photos", extensions: ["vector"], secretIn: [] }],
  pooler: { instances: 2, mode: "session" },
  backup,
  recover: { from: "old", archive: "old-18", at: "2026-11-20T12:00:00Z" },
};
const { wal, recover, ...small } = plan;
const least: ClusterPlan = { ...small, instances: 1, storage: { sizeGiB: 1 }, preload: [] };

describe("the objects of Postgres", () => {
  it("are taken by the definitions of the pinned releases as they are", async () => {
    const problems = await judge([cloudNativePg("0.29.0"), barmanCloud("0.7.0")]);
    const objects: readonly SeenObject[] = [
      ...[plan, least].map(cluster),
      ...[backup, outside].map((one) => objectStore("main", one)),
      scheduledBackup("main", backup),
      ...plan.roles.map((role) => databaseRole("main", role)),
      ...plan.databases.map((one) => database("main", one)),
      pooler("main", { instances: 2, mode: "transaction" }),
    ];
    for (const object of objects) assert.deepEqual(problems(object), [], object.kind);
  });

  it("keep no two instances on one host, and let drains pass where nobody can take over", () => {
    const { spec } = cluster(plan);
    assert.equal(at(spec, "affinity.topologyKey"), "topology.kubernetes.io/zone");
    assert.equal(at(spec, "affinity.podAntiAffinityType"), "required");
    assert.equal(spec.enablePDB, true);
    assert.equal(cluster(least).spec.enablePDB, false);
  });

  it("let nobody in as the superuser", () => {
    assert.equal(cluster(plan).spec.enableSuperuserAccess, false);
    const [role] = plan.roles;
    assert.ok(role);
    // The operator drops a `false`, so one that is written would differ for ever.
    assert.ok(!("superuser" in databaseRole("main", role).spec));
    assert.equal(databaseRole("main", { ...role, superuser: true }).spec.superuser, true);
  });

  it("ask for memory in the words in which the operator's webhook writes it back", () => {
    const memory = (mebibytes: number) => cluster({ ...plan, memoryMiB: mebibytes }).spec.resources;
    assert.equal(memory(1024).limits.memory, "1Gi");
    assert.deepEqual(memory(1536).requests, { cpu: "100m", memory: "1536Mi" });
    assert.deepEqual([256, 2048, 1048576].map(memoryQuantity), ["256Mi", "2Gi", "1Ti"]);
  });

  it("give a quarter of the memory to shared buffers, unless told otherwise", () => {
    assert.equal(at(cluster(plan), "spec.postgresql.parameters.shared_buffers"), "256MB");
    const told = cluster({ ...plan, parameters: { shared_buffers: "1GB" } });
    assert.equal(at(told, "spec.postgresql.parameters.shared_buffers"), "1GB");
  });

  it("carry a mark of all settings to PostgreSQL, which nobody's own takes the place of", () => {
    const { "homelab.plan": mark } = cluster(plan).spec.postgresql.parameters;
    assert.equal(mark, settingsMark(plan));
    const others: readonly Partial<ClusterPlan>[] = [
      ...[{ parameters: {} }, { preload: [] }, { memoryMiB: 2048 }, { wal: { sizeGiB: 6 } }],
    ];
    for (const other of others) assert.notEqual(settingsMark({ ...plan, ...other }), mark);
    const own = { ...plan, parameters: { "homelab.plan": "own" } };
    assert.equal(cluster(own).spec.postgresql.parameters["homelab.plan"], settingsMark(own));
  });

  it("keeps log for a host that is away in half of the volume that holds it, and no more", () => {
    const kept = "spec.postgresql.parameters.max_slot_wal_keep_size";
    const storage = { class: "ceph-databases", sizeGiB: 20 };
    assert.equal(at(cluster({ ...plan, storage, wal: undefined }), kept), "10240MB");
    assert.equal(
      at(cluster({ ...plan, storage, wal: { ...storage, sizeGiB: 6 } }), kept),
      "3072MB",
    );
  });

  it("archive by the plugin alone, to a folder of this life's", () => {
    const { spec } = cluster(plan);
    assert.ok(!("backup" in spec));
    assert.deepEqual(at(spec, "plugins[0]"), {
      name: "barman-cloud.cloudnative-pg.io",
      isWALArchiver: true,
      parameters: { barmanObjectName: "main", serverName: "main-18" },
    });
    assert.equal(at(objectStore("main", backup), "spec.configuration.serverName"), undefined);
    assert.equal(at(spec, "externalClusters[0].plugin.parameters.serverName"), "old-18");
    assert.equal(at(spec, "externalClusters[0].plugin.isWALArchiver"), undefined);
  });

  it("have the application's database whether they begin anew or are recovered", () => {
    const app = { database: "app", owner: "app" };
    assert.deepEqual(at(cluster(least), "spec.bootstrap"), { initdb: app });
    assert.deepEqual(at(cluster(plan), "spec.bootstrap.recovery"), {
      ...{ source: "origin", ...app },
      recoveryTarget: { targetTime: "2026-11-20T12:00:00Z" },
    });
  });

  it("read a bucket by its claim's Secret, and a store outside by the site's own", () => {
    const inside = at(objectStore("main", backup), "spec.configuration");
    assert.equal(at(inside, "destinationPath"), "s3://postgres-main/");
    assert.equal(at(inside, "endpointURL"), "http://rook-ceph-rgw-ceph-bucket.rook-ceph.svc:80");
    assert.equal(at(inside, "s3Credentials.accessKeyId.name"), "postgres-main");
    const claim = { namespace: "postgres", name: "postgres-main", class: "ceph-bucket" };
    assert.equal(at(bucketSpec({ ...claim, called: true }), "bucketName"), "postgres-main");
    assert.equal(at(bucketSpec(claim), "generateBucketName"), "postgres-main");
    const nas = at(objectStore("main", outside), "spec.configuration");
    assert.equal(at(nas, "endpointURL"), "https://nas.home.arpa:9000");
    assert.deepEqual(at(nas, "endpointCA"), { name: "main.store", key: "ca.crt" });
  });

  it("stay in PostgreSQL when their object goes", () => {
    const [one, role] = [plan.databases[0] ?? assert.fail(), plan.roles[0] ?? assert.fail()];
    assert.equal(database("main", one).spec.databaseReclaimPolicy, "retain");
    assert.equal(databaseRole("main", role).spec.databaseRoleReclaimPolicy, "retain");
  });

  it("have names of Kubernetes that no two clusters share", () => {
    assert.equal(
      database("main", plan.databases[0] ?? assert.fail()).metadata.name,
      "main.photo-library",
    );
    assert.notEqual(objectName("main", "a_b"), objectName("main-a", "b"));
  });

  it("tell a program all that it needs, with a password as addresses take it", () => {
    const [one] = plan.databases;
    const given = { password: "a/b", clusterDomain: "cluster.local" };
    const { uri, host } = login(plan, one ?? assert.fail(), given);
    assert.equal(host, "main-pooler.postgres.svc.cluster.local");
    assert.equal(
      uri,
      "postgresql://photos:a%2Fb@main-pooler.postgres.svc.cluster.local:5432/photo_library",
    );
    const { pooler: none, ...bare } = plan;
    assert.ok(none !== undefined && wal !== undefined && recover !== undefined);
    assert.equal(
      login(bare, one ?? assert.fail(), given)["host"],
      "main-rw.postgres.svc.cluster.local",
    );
  });
});

describe("the schedule of base backups", () => {
  it("has seconds first, as the operator reads it", () => {
    assert.equal(cron(backup), "0 30 2 * * *");
    assert.equal(cron({ at: "23:05", weekdays: ["wednesday", "sunday"] }), "0 5 23 * * 0,3");
  });

  it("is late half a day after the longest time between two", () => {
    assert.equal(lateAfterHours({ weekdays: [] }), 36);
    assert.equal(lateAfterHours({ weekdays: ["sunday"] }), 7 * 24 + 12);
    assert.equal(lateAfterHours({ weekdays: ["sunday", "wednesday"] }), 4 * 24 + 12);
  });

  it("begins at once, for each archive anew", () => {
    assert.equal(scheduledBackup("main", backup).spec.immediate, true);
    const next = { ...backup, archive: "main-19" };
    const names = [backup, next].map((one) => scheduledBackup("main", one).metadata.name);
    assert.deepEqual(names, ["main.main-18", "main.main-19"]);
  });
});

describe("an image of PostgreSQL", () => {
  it("says by its tag what is in it", () => {
    assert.ok(isTagged(communityImage("18.4"), "18.4"));
    assert.ok(isTagged("ghcr.io/tensorchord/cloudnative-vectorchord:18.4-1.1.1", "18.4"));
    assert.ok(isTagged("registry.home.arpa:5000/postgres:18.4@sha256:abc", "18.4"));
    assert.ok(!isTagged("registry.home.arpa:5000/postgres", "18.4"));
    assert.ok(!isTagged("postgres:18.41", "18.4"));
    assert.ok(!isTagged("postgres:18", "18.4"));
  });
});

describe("the values of Postgres' charts", () => {
  const schema = (file: string): Schema =>
    JSON.parse(readFileSync(new URL(`./schemas/${file}.json`, import.meta.url), "utf8")) as Schema;

  it("are known to the charts", () => {
    const values = operatorValues({ replicas: 2 });
    assert.deepEqual(violations(closed(schema("cloudnative-pg")), values), []);
    assert.deepEqual(violations(closed(schema("plugin-barman-cloud")), pluginValues()), []);
  });

  it("keep the plugin, without which nobody else becomes the primary, away from what may be lost", () => {
    const values = pluginValues();
    const term =
      "affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm";
    assert.deepEqual(at(values, `${term}.namespaces`), ["postgres"]);
    assert.equal(at(values, `${term}.topologyKey`), "topology.kubernetes.io/zone");
    for (const taint of [0, 1])
      assert.equal(at(values, `tolerations[${taint}].tolerationSeconds`), 30);
  });

  it("leave the kinds to their owner", () => {
    for (const values of [operatorValues({ replicas: 1 }), pluginValues()])
      assert.equal(at(values, "crds.create"), false);
  });
});

const script = (file: string): string =>
  readFileSync(new URL(`../../../components/postgres/scripts/${file}`, import.meta.url), "utf8");

/** What a step says where kubectl answers by these cases. */
const run = (file: string, variables: string, cases: string): string =>
  wordsOf({
    functions: 'kubectl() { kube "$@"; }',
    variables: `NAMESPACE=postgres CLUSTER=main kubeconfig=KUBECONFIG ${variables}`,
    cases,
    script: script(file),
  });

describe("the proof of a Postgres cluster", () => {
  const image = communityImage("18.4");
  const phase = "Creating a new replica: waiting (1 instances of 3 are ready)";
  const pods = (...images: string[]) =>
    images.map((one, n) => `Pod main-${n + 1} ${one}\\n`).join("");
  const healthy = {
    ...{ ready: "True 3 3", there: pods(image, image, image), loaded: "mark|0", refused: "" },
    ...{ trial: "true", archived: "t", followers: 2 },
  };
  const world = (changes: Partial<typeof healthy> = {}) => {
    const { ready, there, loaded, refused, trial, archived, followers } = {
      ...healthy,
      ...changes,
    };
    return `
    *status.conditions*Ready*currentPrimary*status.phase*) printf '${ready}|main-1|${phase}' ;;
    *"get pods,jobs"*) printf '${there}' ;;
    *"exec main-3"*current_setting*) printf '${loaded}' ;;
    *"exec main-"*current_setting*) printf 'mark|0' ;;
    *"exec main-1"*pending_restart*"setting = 'mark'"*) printf "${refused}" ;;
    *status.phase*) printf '${phase}' ;;
    *currentPrimary*) printf main-1 ;;
    *"exec main-1"*CREATE*) ${trial} ;;
    *"exec main-1"*pg_stat_replication*) printf ${followers} ;;
    *"exec main-1"*pg_switch_wal*) printf '2026-11-29 10:00:00+00\\n0/3000000\\n' ;;
    *"exec main-1"*">= '2026-11-29 10:00:00+00'"*) printf '${archived}' ;;
    *ContinuousArchiving*) printf 'Expected empty archive' ;;`;
  };
  const seen = (cases: string, archive = "main-18") =>
    run("ready.sh", `INSTANCES=3 IMAGE=${image} MARK=mark ARCHIVE=${archive}`, cases);

  it("ends once all instances are ready, and what was written is in the archive", () => {
    assert.equal(seen(world()), "");
  });

  it("asks for no archive where there is none", () => {
    assert.equal(seen(world({ archived: "f" }), ""), "");
  });

  it("waits for what the cluster now is to be, and gives the operator's words", () => {
    for (const ready of ["True 3 2", "False 3 3", "True 5 3"])
      assert.equal(
        seen(world({ ready })),
        `the Postgres cluster main is not whole after 2400 s: ${phase}`,
        ready,
      );
  });

  it("waits until all run the image that they now are to run, for the operator may not have looked yet", () => {
    const there = pods(image, communityImage("18.3"), image);
    assert.match(seen(world({ there })), /is not whole after 2400 s/);
  });

  it("waits until all have loaded the parameters that they now are to have, and none needs to begin anew for one", () => {
    for (const loaded of ["before|0", "|0", "mark|1", ""])
      assert.match(seen(world({ loaded })), /is not whole after 2400 s/, loaded);
  });

  it("names what PostgreSQL refuses, where it knows the parameter and where it does not", () => {
    for (const loaded of ["mark|1", "before|1"])
      assert.equal(
        seen(world({ loaded, refused: "work_mem = lots\\nwrk_mem = 8MB\\n" })),
        "PostgreSQL refuses what the Postgres cluster main has under parameters: work_mem = lots;wrk_mem = 8MB",
        loaded,
      );
    // The image of before may not know what that of now does.
    assert.match(
      seen(
        world({
          there: pods("other", image, image),
          loaded: "mark|1",
          refused: "vchordrq.x = 1\\n",
        }),
      ),
      /is not whole after 2400 s/,
    );
  });

  it("has what failed for good made anew, for the operator does nothing else meanwhile, and ends where that fails too", () => {
    const cases = (second: string) => `
    *"get pods,jobs"*) if [[ -n \${DELETED:-} ]]; then printf '${second}'; else printf 'Job main-1-full-recovery True\nJob main-2-join \n'; fi ;;
    *"delete job main-1-full-recovery"*) DELETED=1 ;;
    *"logs job/main-1-full-recovery"*) printf '{"level":"info"}\n{"level":"error","msg":"Expected empty archive"}\n' ;;
    ${world({ ready: "False 3 0" })}`;
    assert.match(
      seen(cases("Job main-1-full-recovery True\n")),
      /^the Job main-1-full-recovery of the Postgres cluster main has failed: \{"level":"error","msg":"Expected empty archive"\}/,
    );
    assert.match(seen(cases("Job main-1-full-recovery \n")), /is not whole after 2400 s/);
  });

  it("grows claims where the log has no room, for the operator does not before there is some", () => {
    const cases = (now: string) => `
    *currentPrimary*status.phase*) printf 'False 3 0|main-1|${now}' ;;
    *"get pvc"*pvcRole=PG_DATA*) printf 'main-1 10Gi\nmain-2 20Gi\nmain-3 40Gi\n' ;;
    *"get pvc"*pvcRole=PG_WAL*) printf 'main-1-wal 5Gi\n' ;;
    *"patch pvc"*) GROWN+=" $5 to \${9//[^0-9Gi]/}" ;;
    *spec.storage.size*) printf 20Gi ;;
    *spec.walStorage.size*) printf 8Gi ;;
    *status.phase*) printf '%s' "${now}\${GROWN:-}" ;;
    ${world()}`;
    assert.match(
      seen(cases("Not enough disk space")),
      /after 2400 s: Not enough disk space main-1 to 20Gi main-1-wal to 8Gi$/,
    );
    assert.match(seen(cases("Creating a new replica")), /after 2400 s: Creating a new replica$/);
  });

  it("is not content with a primary that takes no writes, nor with an archive that gets nothing", () => {
    assert.match(
      seen(
        world({
          trial: "{ echo cannot execute CREATE TABLE in a read-only transaction; return 1; }",
        }),
      ),
      /takes no writes: cannot execute CREATE TABLE in a read-only transaction/,
    );
    assert.match(
      seen(world({ archived: "f" })),
      /does not arrive in main-18 within 600 s: Expected empty archive/,
    );
  });

  it("is not content with a replica that is ready and follows nobody, and wants none of one instance", () => {
    assert.equal(
      seen(world({ followers: 1 })),
      "1 of 2 replicas of the Postgres cluster main follow its primary",
    );
    const alone = world({ ready: "True 1 1", there: pods(image), followers: 0 });
    assert.equal(run("ready.sh", `INSTANCES=1 IMAGE=${image} MARK=mark ARCHIVE=`, alone), "");
  });

  it("asks the API twice in a look", () => {
    const cases = `*" get "*) echo "$4" >&3 ;;& ${world({ ready: "False 3 2" })}`;
    const parameters = `INSTANCES=3 IMAGE=${image} MARK=mark ARCHIVE=; exec 3>&1`;
    const look = ["clusters.postgresql.cnpg.io", "pods,jobs"];
    const asked = run("ready.sh", parameters, cases).split("\n");
    assert.deepEqual(asked.slice(0, -1), [...look, ...look, look[0]]);
  });

  it("waits for a base backup in this very archive", () => {
    const window = (archive: string) => `*"['${archive}']"*) printf 2026-11-29T02:30:00Z ;;
      *LastBackupSucceeded*) printf 'it ran out of memory' ;;`;
    assert.equal(run("backed-up.sh", "ARCHIVE=main-18", window("main-18")), "");
    assert.match(
      run("backed-up.sh", "ARCHIVE=main-19", window("main-18")),
      /has no base backup in main-19 after 7000 s: it ran out of memory/,
    );
  });

  it("begins another base backup where the first has failed, and ends where that one fails", () => {
    const cases = (second: string) => `
      *"get backups"*) printf '2026-11-29T02:30:00Z failed no space\n'; if [[ -n \${BEGUN:-} ]]; then printf '2026-11-29T09:00:00Z ${second}\n'; fi ;;
      *"create -f -"*) BEGUN=$(cat) ;;
      *LastBackupSucceeded*) printf 'it takes its time' ;;`;
    const variables = `ARCHIVE=main-18 BACKUP='${JSON.stringify(backupNow("main"))}'`;
    assert.match(
      run("backed-up.sh", variables, cases("failed still no space")),
      /^the base backup of the Postgres cluster main has failed: still no space/,
    );
    assert.match(
      run("backed-up.sh", variables, cases("running ")),
      /after 7000 s: it takes its time/,
    );
  });

  it("waits for roles, databases and poolers as they now stand", () => {
    const objects =
      "OBJECTS=$'databaserole main.photos\\ndatabase main.photos\\npooler main-pooler'";
    const cases = (generation: number, replicas = 2) => `
      *applied}*generation*) printf 'true ${generation}' ;;
      *observedGeneration*) printf 2 ;;
      *spec.instances*) printf 2 ;;
      *deployment*readyReplicas*) printf ${replicas} ;;
      *status.message*) printf 'extension "vector" is not available' ;;`;
    assert.equal(run("applied.sh", objects, cases(2)), "");
    assert.match(
      run("applied.sh", objects, cases(3)),
      /^the Postgres cluster main has no databaserole photos: extension "vector" is not available/,
    );
    assert.match(run("applied.sh", objects, cases(2, 1)), /has no pooler main-pooler/);
  });
});
