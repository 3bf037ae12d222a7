import assert from "node:assert/strict";
import { ControlClient } from "../../lab/control/client.ts";
import { readiness, node } from "./cluster.ts";
import { kubectl, paths, run } from "./command.ts";
import { applications, everythingIsUp, onLan } from "./everything.ts";
import { eventually, machine } from "./site.ts";
import { given, siteIsUp } from "./states.ts";
import { bucket, client, immichSql, redis, sql } from "./stores.ts";
import { trustFile } from "./trust.ts";

const control = new ControlClient(paths.control);

/** Of each pod its role, and whether it is ready. */
const rolesOf =
  'jsonpath={range .items[*]}{.metadata.labels.role} {.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}';

interface Cluster {
  readonly status: {
    readonly phase: string;
    readonly readyInstances: number;
    readonly conditions: readonly { readonly type: string; readonly status: string }[];
  };
}

const cluster = async () =>
  kubectl<Cluster>`--context home -n postgres get clusters.postgresql.cnpg.io main`;

/** Switched on in one run, the applications and one that logs in to all of the stores; the suite of a total loss goes on with them. */
describe("stores and applications", () => {
  given(siteIsUp);

  it("come up in one run, which has seen them work", everythingIsUp);

  it("are ready together, each with its volumes and with room on the machines", async () => {
    type Deployment = {
      metadata: { namespace: string; name: string };
      status: { readyReplicas?: number };
    };
    const { items } = await kubectl<{ items: Deployment[] }>`--context home get deployments -A`;
    for (const [name, { namespace }] of Object.entries(applications)) {
      const one = items.find(
        ({ metadata }) => metadata.namespace === namespace && metadata.name === name,
      );
      assert.equal(one?.status.readyReplicas, 1, name);
    }
    const phases = 'jsonpath={range .items[*]}{.status.phase}{"\\n"}{end}';
    const claims = await run`kubectl --context home get pvc -A -o ${phases}`;
    assert.deepEqual([...new Set(claims.trim().split("\n"))], ["Bound"]);
  });

  it("answer by their names on the LAN", async () => {
    const urls = onLan.map((name) => `https://${name}/`);
    const pages = await run`curl -sS -m 10 --cacert ${await trustFile()} ${urls}`;
    const pods = [...pages.matchAll(/id="pod">(.+)-\w+-\w+</g)].map(([, of]) => of);
    assert.deepEqual(
      pods,
      onLan.map((name) => name.split(".")[0]),
    );
  });

  describe("Postgres", () => {
    it("says so by its conditions", async () => {
      const { status } = await cluster();
      assert.equal(status.phase, "Cluster in healthy state");
      assert.equal(status.readyInstances, 3);
      const of = Object.fromEntries(status.conditions.map(({ type, status: is }) => [type, is]));
      assert.deepEqual(
        [of["Ready"], of["ContinuousArchiving"], of["LastBackupSucceeded"]],
        ["True", "True", "True"],
      );
    });

    it("takes the application's login, and keeps its row", async () => {
      const { code, said } = await sql(
        "CREATE TABLE words (word text); INSERT INTO words VALUES ('kept'); SELECT word, current_user, similarity('kept', 'kept') FROM words",
      );
      assert.deepEqual({ code, said }, { code: 0, said: "kept|notes|1" });
    });

    it("lets in no pod beside the application's", async () => {
      const { code } = await sql("SELECT 1", { labelled: false });
      assert.notEqual(code, 0);
    });
  });

  describe("Immich's database", () => {
    // What its server does before all else (server/src/repositories/database.repository.ts, createExtension; src/schema/index.ts).
    it("has the extensions that Immich makes by its own login", async () => {
      const others = ["uuid-ossp", "unaccent", "cube", "earthdistance", "pg_trgm"];
      const { code, said } = await immichSql(
        [
          "CREATE EXTENSION IF NOT EXISTS vchord CASCADE;",
          "ALTER DATABASE photos SET vchordrq.probes = 1;",
          ...others.map((name) => `CREATE EXTENSION IF NOT EXISTS "${name}" CASCADE;`),
          "SELECT extname FROM pg_extension ORDER BY 1;",
          // Of VectorChord the lab has the name alone.
          "CREATE TEMPORARY TABLE faces (embedding real[]);",
          "CREATE INDEX ON faces USING vchordrq (embedding);",
        ].join("\n"),
      );
      const [refusal, ...names] = said.split("\n").reverse();
      assert.deepEqual(
        { code, names: names.reverse() },
        { code: 0, names: ["plpgsql", "vchord", "vector", ...others].sort() },
      );
      assert.match(refusal ?? "", /access method "vchordrq" does not exist/);
    });
  });

  describe("Redis", () => {
    it("takes the application's login, and keeps its key", async () => {
      assert.deepEqual(await redis("set word kept"), { code: 0, said: "OK" });
      assert.deepEqual(await redis("get word"), { code: 0, said: "kept" });
    });

    it("lets in no pod beside the application's", async () => {
      assert.notEqual((await redis("get word", { labelled: false })).code, 0);
    });
  });

  describe("a bucket", () => {
    it("takes the application's login, and keeps its object", async () => {
      const put = await bucket('rcat ":s3:$BUCKET_NAME/word" <<END\nkept\nEND');
      assert.equal(put.code, 0, put.said);
      assert.deepEqual(await bucket('cat ":s3:$BUCKET_NAME/word"'), { code: 0, said: "kept" });
    });

    it("lets in no pod beside the application's", async () => {
      const { code } = await bucket('lsf ":s3:$BUCKET_NAME"', { labelled: false });
      assert.notEqual(code, 0);
    });
  });

  describe("Kafka", () => {
    it("has its topic and its user, and the user's password in its Secret", async () => {
      const at = ["--context", "home", "-n", "kafka"];
      const { metadata } = await kubectl<{
        metadata: { finalizers?: string[] };
      }>`${at} get kafkatopic main.words`;
      assert.deepEqual(metadata.finalizers, ["strimzi.io/topic-operator"]);
      const password = "-o=jsonpath={.data.password}";
      const made = await run`kubectl ${at} get secret reader ${password}`;
      assert.equal(made, await run`kubectl ${at} get secret reader.password ${password}`);
      const told = "-o=jsonpath={.data.KAFKA_PASSWORD}";
      assert.equal(
        made,
        await run`kubectl --context home -n ${client} get secret ${client}-settings ${told}`,
      );
    });
  });

  // A suite of its own, for Mocha runs the tests of a suite before the suites in it.
  describe("together", () => {
    it("serve on when a machine is lost, with another master, and are whole when it is back", async () => {
      const master = async () =>
        kubectl<{
          items: { metadata: { name: string }; spec: { nodeName: string } }[];
        }>`--context home -n redis get pods -l app=cache,role=master`;
      const [first] = (await master()).items;
      assert.ok(first, "Redis has no master");
      const { vmid } = await machine(first.spec.nodeName);
      await control.kill(vmid);
      try {
        await eventually(240, async () => {
          const others = (await master()).items.map(({ metadata }) => metadata.name);
          assert.ok(
            others.some((name) => name !== first.metadata.name),
            others.join(),
          );
          assert.equal((await redis("get word")).said, "kept");
        });
        await eventually(240, async () => {
          const { said } = await sql(
            "INSERT INTO words VALUES ('more'); SELECT min(word) FROM words",
          );
          assert.equal(said, "kept");
        });
      } finally {
        await control.startMachine(vmid);
      }
      await eventually(240, async () => {
        assert.equal(readiness(await node(first.spec.nodeName)), "True");
        const { status } = await cluster();
        assert.equal(status.readyInstances, 3, status.phase);
        const roles =
          await run`kubectl --context home -n redis get pods -l app=cache -o ${rolesOf}`;
        assert.match(roles, /^(?=.*master True)(?=.*replica True)/s);
      });
    });
  });
});
