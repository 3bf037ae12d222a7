import assert from "node:assert/strict";
import { networkPolicies } from "../../../components/policies/rules.ts";
import { knownOf } from "../../../components/proxmox/known-machines.ts";
import { crossCheck } from "../../../stacks/checks.ts";
import { judgeDataLoss } from "../../../stacks/data-loss/look.ts";
import { siteExposure } from "../../../stacks/exposure/table.ts";
import { siteNamespaces } from "../../../stacks/namespaces.ts";
import { judgeKafka } from "../../../stacks/parts/kafka/look.ts";
import { clusterPlan } from "../../../stacks/parts/kafka/plan.ts";
import { siteNames } from "../../../stacks/parts/names/list.ts";
import { policyPlan } from "../../../stacks/traffic.ts";
import { at } from "../components/at.ts";
import { recordedHome } from "../components/home-recording.ts";
import { kafkaSite, listeners, outside } from "./kafka-site.ts";
import { homeConfig } from "./sample.ts";

const site = {
  ...kafkaSite({ outside, balances: true }),
  ...listeners,
  "apps.typeo.logins": [{ to: "kafka/main/telemetry" }],
};

describe("a site's Kafka", () => {
  it("is not there where nobody asked for it, and is taken where somebody did", () => {
    assert.equal(homeConfig().kafka, undefined);
    assert.deepEqual(crossCheck(homeConfig(site), "home"), []);
    const names = siteNamespaces(homeConfig(site)).map(({ name }) => name);
    assert.ok(names.includes("kafka"));
  });

  it("has its names outside in the list, and in the table of what is exposed", () => {
    const config = homeConfig(site);
    assert.ok(config.names !== undefined && config.gateway !== undefined);
    const names = siteNames({ ...config, names: config.names });
    for (const name of ["kafka.home.arpa", "kafka-0.home.arpa", "kafka-2.home.arpa"])
      assert.equal(names.find((one) => one.name === name)?.lan, config.gateway.lan.address, name);
    const exposed = siteExposure(config).find(({ host }) => host === "kafka-1.home.arpa");
    assert.equal(exposed?.port, 9094);
    assert.equal(exposed.tls, "backend");
  });

  it("lets in who logs in and the gateway, each at its port, and its own parts", () => {
    const policies = networkPolicies(policyPlan(homeConfig(site)));
    const ingress = JSON.stringify(
      (policies.find(({ name }) => name === "homelab-kafka")?.specs ?? [])
        .filter(({ endpointSelector: { matchLabels } }) =>
          Object.values(matchLabels).includes("main-kafka"),
        )
        .map((spec) => spec.ingress),
    );
    for (const from of ["typeo", "household", "main-entity-operator", "main-cruise-control"])
      assert.ok(ingress.includes(from), from);
    for (const port of ["9090", "9091", "9092", "9094"])
      assert.ok(ingress.includes(`"${port}"`), port);
  });
});

describe("the graph of a site with Kafka", () => {
  let recording: Awaited<ReturnType<typeof recordedHome>>;
  before(async () => {
    recording = await recordedHome(site);
  });
  const order = (name: string) => recording.waitsFor(name);

  it("goes from kinds to operator, pools, cluster, users and topics, proof, and who logs in", () => {
    assert.ok(order("strimzi-kafka-operator").has("strimzi-definitions-command"));
    assert.ok(order("strimzi-kafka-operator").has("gateway-api-definitions-command"));
    assert.ok(order("kafka-main-brokers").has("strimzi-kafka-operator"));
    // Strimzi leaves the volumes of a Kafka that is deleted: they go with the namespace.
    assert.ok(order("home-kafka-namespace").has("home-storage-tried-command"));
    assert.ok(order("kafka-main-brokers").has("home-storage-tried-command"));
    assert.ok(order("kafka-main-cluster").has("kafka-main-controllers"));
    assert.ok(order("kafka-main-topic-vehicle_V").has("kafka-main-cluster"));
    assert.ok(order("kafka-main-user-telemetry").has("kafka-main-login-telemetry"));
    assert.ok(order("kafka-main-ready-command").has("kafka-main-topic-vehicle_alerts"));
    assert.ok(order("typeo-deployment").has("kafka-main-ready-command"));
  });

  it("tells an application its login, and shows no password", () => {
    const { stringData } = recording.get("typeo-settings").plain as {
      stringData: Record<string, string>;
    };
    assert.equal(
      stringData["KAFKA_BOOTSTRAP_SERVERS"],
      "main-kafka-bootstrap.kafka.svc.cluster.local:9092",
    );
    assert.equal(stringData["KAFKA_USERNAME"], "telemetry");
    assert.equal(stringData["KAFKA_PASSWORD"], "value-of-op://Homelab/Kafka/telemetry");
    assert.equal(stringData["KAFKA_SASL_MECHANISM"], "SCRAM-SHA-512");
    const shown = JSON.stringify(recording.resources.map(({ shown: inputs }) => inputs));
    assert.ok(!shown.includes("value-of-op://Homelab/Kafka/telemetry"));
    assert.ok(recording.find("kafka-main-password-exporter") !== undefined);
    assert.equal(recording.find("kafka-main-password-telemetry"), undefined);
  });

  it("has the operator look at a user whose password has changed, and proves it again", async () => {
    const telemetry = { writes: ["vehicle_*"], password: "op://Homelab/Kafka/other" };
    const exporter = { reads: ["vehicle_V"], namespaces: ["household"] };
    const users = { telemetry, exporter };
    const other = await recordedHome({
      ...site,
      ...kafkaSite({ outside, balances: true, users }),
    });
    const told = (name: string, path: string) =>
      [recording, other].map((made) => at(made.get(name).plain, path));
    const [annotations, changed] = told("kafka-main-user-telemetry", "metadata.annotations");
    assert.notDeepEqual(annotations, changed);
    const [proof, again] = told("kafka-main-ready-command", "stdin");
    assert.notEqual(proof, again);
    const [same, still] = told("kafka-main-user-exporter", "metadata.annotations");
    assert.deepEqual(same, still);
  });

  it("keeps records for the hours that a topic says", () => {
    const topic = recording.get("kafka-main-topic-vehicle_V").plain;
    assert.equal(at(topic, "metadata.name"), "main.vehicle-v");
    assert.deepEqual(at(topic, "spec.config"), {
      ...{ "retention.ms": String(48 * 3_600_000), "segment.ms": String(12 * 3_600_000) },
    });
  });

  it("lets who writes go on while a host restarts, however many copies a topic has", () => {
    const least = (replicas: number) => {
      const config = homeConfig(kafkaSite({ topics: { big: { replicas } }, users: {} }));
      const main = config.kafka?.clusters["main"] ?? assert.fail();
      return clusterPlan("main", main, config).topics[0]?.config["min.insync.replicas"];
    };
    assert.deepEqual([3, 2, 1].map(least), [undefined, "1", "1"]);
  });
});

describe("Kafka that is there", () => {
  const known = knownOf([
    {
      type: "kubernetes:kafka.strimzi.io/v1:Kafka",
      outputs: { metadata: { namespace: "kafka", name: "main" }, spec: {} },
    },
    {
      type: "kubernetes:kafka.strimzi.io/v1:KafkaTopic",
      outputs: {
        metadata: { namespace: "kafka", name: "main.vehicle-v" },
        spec: { topicName: "vehicle_V" },
      },
    },
  ]);
  const texts = (changes: Parameters<typeof homeConfig>[0]) =>
    judgeDataLoss(homeConfig(changes), known).problems.map(({ text }) => text);

  it("does not go because nobody names it any more, nor a topic", () => {
    assert.deepEqual(texts(kafkaSite()), []);
    const without = texts(kafkaSite({ topics: { vehicle_alerts: {} }, users: {} }));
    assert.match(without.join(), /topic vehicle_V of Kafka main .* add kafka\/main\/vehicle_V$/);
    assert.equal(texts({}).length, 2);
  });

  it("keeps its controllers, the class and the size of volumes, and the copies of topics", () => {
    const pool = (name: string, replicas: number) => ({
      type: "kubernetes:kafka.strimzi.io/v1:KafkaNodePool",
      outputs: {
        metadata: { namespace: "kafka", name },
        spec: { replicas, storage: { volumes: [{ size: "20Gi", class: "ceph-block" }] } },
      },
    });
    const topic = {
      type: "kubernetes:kafka.strimzi.io/v1:KafkaTopic",
      outputs: {
        metadata: { namespace: "kafka", name: "main.vehicle-v" },
        spec: { topicName: "vehicle_V", replicas: 1 },
      },
    };
    const there = knownOf([pool("main-controller", 1), pool("main-broker", 3), topic]);
    const judged = (changes: object) =>
      judgeKafka(homeConfig(kafkaSite(changes)), there).problems.map(
        ({ path, text }) => `${path.replace("homelab:kafka.clusters.main.", "")}: ${text}`,
      );
    const same = {
      controllers: { replicas: 1, class: "ceph-block", sizeGiB: 20 },
      brokers: { class: "ceph-block", sizeGiB: 30 },
      topics: { vehicle_V: { replicas: 1 } },
      users: {},
    };
    assert.deepEqual(judged(same), []);
    assert.deepEqual(judged({ ...same, topics: { vehicle_V: {} }, balances: true }), []);
    for (const [changes, says] of [
      [
        { controllers: { ...same.controllers, replicas: 3 } },
        /^controllers\.replicas: .*1 controllers/,
      ],
      [{ brokers: { sizeGiB: 30 } }, /^brokers\.class: .*write ceph-block/],
      [
        { brokers: { class: "ceph-block", sizeGiB: 10 } },
        /^brokers\.sizeGiB: 10 is less than the 20/,
      ],
      [{ topics: { vehicle_V: {} } }, /^topics\.vehicle_V\.replicas: the topic has 1 copies/],
    ] as const)
      assert.match(judged({ ...same, ...changes }).join(), says);
  });

  it("goes with all of its topics where that is allowed", () => {
    assert.deepEqual(texts({ allowDataLoss: ["kafka/main"] }), []);
  });
});
