import assert from "node:assert/strict";
import { knownOf, type Known } from "../../../components/proxmox/known-machines.ts";
import { networkPolicies } from "../../../components/policies/rules.ts";
import { parameterValues } from "../../../components/remote/shell.ts";
import { crossCheck } from "../../../stacks/checks.ts";
import { siteNamespaces } from "../../../stacks/namespaces.ts";
import { judgeDataLoss } from "../../../stacks/data-loss/look.ts";
import { judgePostgres } from "../../../stacks/parts/postgres/look.ts";
import { policyPlan } from "../../../stacks/traffic.ts";
import { at } from "../components/at.ts";
import { recordedHome } from "../components/home-recording.ts";
import { depsIn } from "../site-deps.ts";
import { postgresSite, recovered } from "./postgres-site.ts";
import { homeConfig } from "./sample.ts";

const both = postgresSite({}, { second: recovered });

describe("a site's Postgres", () => {
  it("is not there where nobody asked for it", () => {
    assert.equal(homeConfig().postgres, undefined);
  });

  it("is nothing that the site's checks refuse", () => {
    assert.deepEqual(crossCheck(homeConfig(both), "home"), []);
    const alone = postgresSite({ instances: 1, backup: undefined, wal: undefined });
    assert.deepEqual(crossCheck(homeConfig(alone), "home"), []);
    const again = postgresSite({
      recover: { archive: "main-18" },
      backup: { bucket: "ceph-bucket", archive: "main-18-b" },
    });
    assert.deepEqual(crossCheck(homeConfig(again), "home"), []);
  });

  it("fills in owners, images and archives, of which each major has one", () => {
    const { main } = homeConfig(postgresSite()).postgres?.clusters ?? {};
    assert.deepEqual(Object.keys(main?.roles ?? {}), ["photos", "home_assistant"]);
    assert.equal(main?.databases["home_assistant"]?.owner, "home_assistant");
    assert.equal(main?.image, "ghcr.io/cloudnative-pg/postgresql:18.4-standard-trixie");
    assert.equal(main?.backup?.archive, "main-18");
    const older = homeConfig(postgresSite({ version: "17.6" })).postgres?.clusters["main"];
    assert.equal(older?.backup?.archive, "main-17");
  });

  it("makes namespaces of logins once, also beside 1Password's items", () => {
    const names = siteNamespaces(homeConfig(postgresSite())).map(({ name }) => name);
    for (const name of ["cnpg-system", "postgres", "photos", "household"])
      assert.equal(names.filter((one) => one === name).length, 1, name);
  });
});

describe("the ways of Postgres", () => {
  const policies = networkPolicies(policyPlan(homeConfig(both)));
  const specs = (namespace: string) =>
    policies.find(({ name }) => name === `homelab-${namespace}`)?.specs ?? [];
  const of = (namespace: string, label: string, direction: "egress" | "ingress") =>
    JSON.stringify(
      specs(namespace)
        .filter(({ endpointSelector: { matchLabels } }) =>
          Object.values(matchLabels).includes(label),
        )
        .map((spec) => spec[direction]),
    );

  it("let consumers and the operator into a cluster, and other clusters not", () => {
    const text = of("postgres", "main", "ingress");
    for (const from of ["photos", "household", "cnpg-system"]) assert.ok(text.includes(from), from);
    assert.match(text, /"5432"/);
    assert.match(text, /"8000"/);
    assert.ok(!text.includes('"second"'), "a cluster reaches another one");
    assert.ok(!of("postgres", "second", "ingress").includes("photos"));
  });

  it("lead a cluster to its store, and one that is recovered to the other's too", () => {
    const main = of("postgres", "main", "egress");
    assert.match(main, /rook-ceph-rgw/);
    assert.ok(!main.includes("nas.home.arpa"));
    const second = of("postgres", "second", "egress");
    assert.match(second, /"matchName":"nas\.home\.arpa"/);
    assert.match(second, /"9000"/);
    assert.match(second, /rook-ceph-rgw/);
  });

  it("lead the operator to instances and the plugin, and API servers to its webhooks", () => {
    const operator = of("cnpg-system", "cloudnative-pg", "egress");
    assert.match(operator, /"9090"/);
    assert.match(operator, /"8000"/);
    assert.match(of("cnpg-system", "cloudnative-pg", "ingress"), /"9443"/);
  });
});

describe("the graph of a site with Postgres", () => {
  let recording: Awaited<ReturnType<typeof recordedHome>>;
  before(async () => {
    recording = await recordedHome(both);
  });
  const plain = (name: string) => recording.get(name).plain;
  const order = (name: string) => recording.waitsFor(name);

  it("goes from kinds to operator, plugin, store, cluster, proof and databases", () => {
    assert.ok(order("cloudnative-pg").has("cloudnative-pg-definitions-command"));
    assert.ok(order("cloudnative-pg").has("barman-cloud-definitions-command"));
    assert.ok(order("plugin-barman-cloud").has("cloudnative-pg"));
    assert.ok(order("home-postgres-namespace").has("plugin-barman-cloud"));
    assert.ok(order("postgres-main-store").has("postgres-main-bucket-claim"));
    assert.ok(order("postgres-main-bucket-claim").has("home-postgres-namespace"));
    assert.ok(order("postgres-main-bucket-claim").has("home-storage-tried-command"));
    assert.ok(order("postgres-main-cluster").has("postgres-main-store"));
    assert.ok(order("postgres-main-whole-command").has("postgres-main-cluster"));
    assert.ok(order("postgres-main-role-photos").has("postgres-main-whole-command"));
    assert.ok(order("postgres-main-db-photos").has("postgres-main-role-photos"));
    assert.ok(order("postgres-main-pooler").has("postgres-main-whole-command"));
    assert.ok(order("postgres-main-applied-command").has("postgres-main-db-home_assistant"));
    assert.ok(order("postgres-main-backed-up-command").has("postgres-main-backup-main-18"));
    assert.ok(order("postgres-main-backup-main-18").has("postgres-main-whole-command"));
  });

  it("awaits the very mark of the settings that the cluster has", () => {
    const { "homelab.plan": mark } = at(
      plain("postgres-main-cluster"),
      "spec.postgresql.parameters",
    ) as Record<string, string>;
    const { stdin } = plain("postgres-main-whole-command") as { stdin: string };
    assert.match(mark ?? "", /^[0-9a-f]{16}$/);
    assert.equal(parameterValues(stdin)["MARK"], mark);
  });

  it("waits for cert-manager before operator and plugin", () => {
    const ready = [...order("home-postgres-operator-namespace")];
    assert.ok(
      ready.some((name) => name.includes("cert-manager")),
      ready.join(" "),
    );
  });

  it("recovers from a store that is there, and archives to another one", () => {
    assert.ok(order("postgres-second-whole-command").has("postgres-main-store"));
    const spec = at(plain("postgres-second-cluster"), "spec");
    assert.deepEqual(at(spec, "bootstrap.recovery.recoveryTarget"), {
      targetTime: "2026-11-20T12:00:00Z",
    });
    assert.deepEqual(at(spec, "externalClusters.0.plugin.parameters"), {
      barmanObjectName: "main",
      serverName: "main-18",
    });
    assert.deepEqual(at(spec, "plugins.0.parameters"), {
      barmanObjectName: "second",
      serverName: "second-18",
    });
  });

  it("gives logins to those who are named, in namespaces that are there", () => {
    const secret = plain("postgres-login-photos-photos") as {
      metadata: { name: string; namespace: string };
      stringData: Record<string, string>;
    };
    assert.deepEqual(secret.metadata, { name: "postgres-photos", namespace: "photos" });
    assert.equal(secret.stringData["host"], "main-pooler.postgres.svc.cluster.local");
    assert.equal(secret.stringData["password"], "value-of-op://Homelab/Postgres/photos");
    assert.ok(order("postgres-login-photos-photos").has("home-photos-namespace"));
    assert.ok(order("postgres-login-household-photos").has("home-household-namespace"));
    assert.ok(order("postgres-login-photos-photos").has("postgres-main-applied-command"));
  });

  it("hands a consumer's Secret over to another cluster without letting it go", async () => {
    const taken = { ...recovered, databases: { photos: { secretIn: ["photos"] } } };
    const after = await recordedHome(postgresSite({ databases: {} }, { second: taken }));
    const [old, next] = [recording, after].map((one) => one.get("postgres-login-photos-photos"));
    assert.equal(old?.parent?.type, next?.parent?.type);
    assert.notEqual(old?.parent?.name, next?.parent?.name);
    assert.match(JSON.stringify(next?.plain), /second-rw\.postgres\.svc/);
  });

  it("shows no secret, and draws what nobody gave", () => {
    const shown = JSON.stringify(recording.resources.map(({ shown: inputs }) => inputs));
    for (const secret of ["Postgres/photos", "NAS/access-key", "NAS/secret-key"])
      assert.ok(!shown.includes(`value-of-op://Homelab/${secret}`), secret);
    assert.ok(recording.find("postgres-main-password-home_assistant") !== undefined);
    assert.equal(recording.find("postgres-main-password-photos"), undefined);
  });
});

describe("databases that are there", () => {
  const spec = {
    imageName: "ghcr.io/cloudnative-pg/postgresql:18.4-standard-trixie",
    storage: { size: "20Gi" },
    walStorage: { size: "5Gi" },
    plugins: [{ parameters: { serverName: "main-18" } }],
  };
  const configuration = {
    destinationPath: "s3://postgres-main/",
    endpointURL: "http://rook-ceph-rgw-ceph-bucket.rook-ceph.svc:80",
  };
  const known: Pick<Known, "keepers"> = knownOf([
    {
      type: "kubernetes:postgresql.cnpg.io/v1:Cluster",
      outputs: { metadata: { namespace: "postgres", name: "main" }, spec },
    },
    {
      type: "kubernetes:barmancloud.cnpg.io/v1:ObjectStore",
      outputs: { metadata: { namespace: "postgres", name: "main" }, spec: { configuration } },
    },
    {
      type: "kubernetes:objectbucket.io/v1alpha1:ObjectBucketClaim",
      outputs: {
        metadata: { namespace: "postgres", name: "postgres-main" },
        spec: { storageClassName: "ceph-bucket" },
      },
    },
    {
      type: "kubernetes:objectbucket.io/v1alpha1:ObjectBucketClaim",
      outputs: { metadata: { namespace: "photos", name: "library" }, spec: {} },
    },
  ]);
  const judged = (changes: Parameters<typeof homeConfig>[0]) =>
    judgePostgres(homeConfig(changes), known);
  const texts = (changes: Parameters<typeof homeConfig>[0]) =>
    [...judgeDataLoss(homeConfig(changes), known).problems, ...judged(changes).problems].map(
      ({ path, text }) => `${path}: ${text}`,
    );

  it("may stay as they are, grow, and be upgraded", () => {
    assert.deepEqual(texts(postgresSite()), []);
    assert.deepEqual(texts(postgresSite({ storage: { sizeGiB: 40 } })), []);
  });

  it("stay in the class of storage in which they are, by whatever name", () => {
    const named = { sizeGiB: 20, class: "ceph-block" };
    assert.deepEqual(texts(postgresSite({ storage: named })), [], "which is the default");
    assert.match(
      texts(postgresSite({ storage: { sizeGiB: 20, class: "fast" } })).join("\n"),
      /^homelab:postgres\.clusters\.main\.storage\.class: main has its volumes in ceph-block, where they stay/m,
    );
  });

  it("do not go because nobody names them any more, nor their backups", () => {
    const gone = texts({});
    assert.equal(gone.length, 2);
    assert.match(
      gone[0] ?? "",
      /^homelab:allowDataLoss: .*main.* its volumes would go .* add postgres\/main\..* no instance of it runs any more, run kubectl -n postgres delete cluster main before up$/,
    );
    assert.match(gone[1] ?? "", /backups of main .* add postgres\/main\/backup$/);
    assert.match(texts(postgresSite({ backup: undefined })).join(), /add postgres\/main\/backup/);
    const other = { ...recovered, recover: undefined };
    const renamed = { "storage.enabled": true, postgres: { clusters: { other } } };
    assert.match(texts(renamed).join(), /add postgres\/main\./);
  });

  it("go where that is allowed by name, and only so far", () => {
    assert.match(
      texts({ allowDataLoss: ["postgres/main"] }).join(),
      /^homelab:allowDataLoss: the bucket/,
    );
    assert.deepEqual(texts({ allowDataLoss: ["postgres/main", "postgres/main/backup"] }), []);
  });

  it("cannot be asked for what the operator refuses half way", () => {
    assert.match(
      texts(postgresSite({ version: "17.10" })).join(),
      /is of PostgreSQL 18, whose data 17 cannot read/,
    );
    assert.match(
      texts(postgresSite({ storage: { sizeGiB: 10 } })).join(),
      /storage\.sizeGiB: 10 is less than the 20 GiB/,
    );
    assert.match(
      texts(postgresSite({ wal: undefined })).join(),
      /main\.wal: main has a volume for its log, and keeps it/,
    );
  });

  it("go back to the major that ran before an upgrade that failed", () => {
    const keepers = [{ kind: "Cluster" as const, namespace: "postgres", name: "main", spec }];
    const back = (proven: string, version = "17.10") => {
      const known = {
        keepers,
        images: new Map([["main", spec.imageName.replace("18.4", proven)]]),
      };
      return judgePostgres(homeConfig(postgresSite({ version })), known).problems;
    };
    assert.deepEqual(
      [back("17.10"), back("18.4"), back("16.14")].map(({ length }) => length),
      [0, 1, 0],
    );
    assert.match(back("17.10", "16.14")[0]?.text ?? "", /^main is of PostgreSQL 17, whose data 16/);
  });

  it("take a new archive with another major, also where the site names its archive itself", () => {
    const older = {
      ...{ ...spec, imageName: spec.imageName.replace("18.4", "17.10") },
      plugins: [{ parameters: { serverName: "main-b" } }],
    };
    const keepers = [
      { kind: "Cluster" as const, namespace: "postgres", name: "main", spec: older },
    ];
    const upgraded = (backup: object) =>
      judgePostgres(homeConfig(postgresSite({ backup })), { keepers }).problems.map(
        ({ path, text }) => `${path}: ${text}`,
      );
    assert.deepEqual(upgraded({ bucket: "ceph-bucket", archive: "main-b" }), [
      "homelab:postgres.clusters.main.backup.archive: main-b is the archive of PostgreSQL 17, beside whose log that of 18 cannot be recovered; name a new folder, such as main-18",
    ]);
    assert.deepEqual(upgraded({ bucket: "ceph-bucket", archive: "main-c" }), []);
    assert.deepEqual(upgraded({ bucket: "ceph-bucket" }), []);
  });

  it("keep their bucket in its class", () => {
    const moved = {
      ...postgresSite({ backup: { bucket: "other" } }),
      "storage.classes": {
        "ceph-block": { kind: "block", default: true },
        other: { kind: "bucket" },
      },
    };
    assert.match(
      texts(moved).join(),
      /main\.backup\.bucket: the bucket of main is of the class ceph-bucket, and stays there/,
    );
  });

  it("go to another store by another folder alone, which gets a base backup at once", () => {
    const { s3 } = recovered.backup;
    const to = (backup: object) =>
      texts({ ...postgresSite({ backup }), allowDataLoss: ["buckets/postgres-main"] });
    assert.match(
      to({ s3 }).join(),
      /main\.backup\.archive: main-18 is where main writes now, .* name another folder, such as main-18-b/,
    );
    assert.ok(!to({ s3, archive: "main-18-b" }).join().includes("backup.archive"));
    assert.deepEqual(texts(postgresSite()), []);
  });

  it("are not recovered over", () => {
    const again = postgresSite({
      recover: { archive: "main-18" },
      backup: { bucket: "ceph-bucket", archive: "main-18-b" },
    });
    assert.match(judged(again).notes.join(), /the state has main, so nothing is recovered/);
    assert.deepEqual(judged(postgresSite()).notes, []);
  });

  it("stop a run before anything is registered", async () => {
    const world = depsIn({});
    const seen = await world.known?.();
    assert.ok(seen);
    await assert.rejects(
      recordedHome({}, { ...world, known: () => Promise.resolve({ ...seen, ...known }) }),
      /nothing was changed:\n {2}homelab:allowDataLoss: the Postgres cluster main/,
    );
  });
});
