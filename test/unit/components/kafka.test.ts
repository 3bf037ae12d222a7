import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import {
  brokerHost,
  kafka,
  login,
  nodePool,
  topic,
  user,
} from "../../../components/kafka/objects.ts";
import { operatorValues } from "../../../components/kafka/operator-values.ts";
import type { ClusterPlan } from "../../../components/kafka/plan.ts";
import { at } from "./at.ts";
import type { SeenObject } from "./definition-schema.ts";
import { closed, violations, type Schema } from "./json-schema.ts";
import { wordsOf } from "./step-words.ts";

const schema = (file: string): Schema =>
  JSON.parse(readFileSync(new URL(`./schemas/${file}.json`, import.meta.url), "utf8")) as Schema;

const pool = { replicas: 3, class: "ceph-block", sizeGiB: 20, memoryMiB: 1025 };
const plan: ClusterPlan = {
  ...{ name: "main", version: "4.3.1", controllers: pool, brokers: pool },
  topics: [{ name: "vehicle_V", partitions: 3, replicas: 3, config: { "retention.ms": "1000" } }],
  users: [
    { name: "telemetry", by: "password", reads: [], writes: ["vehicle_*"] },
    { name: "exporter", by: "certificate", reads: ["vehicle_V"], writes: [] },
  ],
  outside: {
    hostname: "kafka.home.arpa",
    gateway: { namespace: "envoy-gateway-system", name: "lan", listener: "kafka" },
    port: 9094,
  },
  ...{ balances: true, metrics: true },
};
const { outside, ...inside } = plan;
const least: ClusterPlan = {
  ...{ ...inside, balances: false, metrics: false, users: [] },
  brokers: { replicas: 1, sizeGiB: 1, memoryMiB: 768 },
};

describe("the objects of Kafka", () => {
  it("are taken by the definitions of the pinned release as they are", () => {
    const judged = (file: string, { apiVersion, kind, spec }: SeenObject) => {
      const object = { apiVersion, kind, metadata: {}, spec };
      assert.deepEqual(violations(closed(schema(file)), object), [], file);
    };
    for (const one of [plan, least]) {
      judged("kafka", kafka(one));
      judged("kafkanodepool", nodePool("main", "broker", one.brokers));
    }
    for (const one of plan.topics) judged("kafkatopic", topic("main", one));
    for (const one of plan.users) judged("kafkauser", user("main", one));
  });

  it("keep no two nodes of a role on one host, and no two copies", () => {
    const term =
      "spec.template.pod.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]";
    assert.deepEqual(at(nodePool("main", "broker", pool), term), {
      topologyKey: "topology.kubernetes.io/zone",
      labelSelector: { matchLabels: { "strimzi.io/pool-name": "main-broker" } },
    });
    assert.deepEqual(at(kafka(plan), "spec.kafka.rack"), {
      ...{ type: "topology-label", topologyKey: "topology.kubernetes.io/zone" },
    });
  });

  it("want no more copies than there are brokers", () => {
    assert.equal(kafka(plan).spec.kafka.config["min.insync.replicas"], 2);
    assert.equal(kafka(least).spec.kafka.config["min.insync.replicas"], 1);
  });

  it("are another generation of the cluster when a pool changes, and only then", () => {
    const mark = (of: ClusterPlan) =>
      kafka(of).spec.kafka.template.podDisruptionBudget.metadata.annotations["homelab/pools"];
    assert.equal(mark(plan), mark({ ...plan, users: [] }));
    assert.notEqual(mark(plan), mark({ ...plan, brokers: { ...pool, memoryMiB: 4096 } }));
  });

  it("keep volumes when a pool goes, and number brokers from nothing", () => {
    const broker = nodePool("main", "broker", pool);
    assert.equal(at(broker, "spec.storage.volumes[0].deleteClaim"), false);
    assert.equal(broker.metadata.annotations["strimzi.io/next-node-ids"], "[0-99]");
    assert.equal(broker.spec.jvmOptions["-Xmx"], "512m");
  });

  it("have a listener with certificates only where a user has one", () => {
    const names = (of: ClusterPlan) => kafka(of).spec.kafka.listeners.map(({ name }) => name);
    assert.deepEqual(names(plan), ["plain", "tls", "outside"]);
    assert.deepEqual(names(least), ["plain"]);
  });

  it("come by a gateway's listener, at its port", () => {
    assert.ok(outside !== undefined);
    const way = at(kafka(plan), "spec.kafka.listeners[2]");
    assert.equal(at(way, "type"), "tlsroute");
    assert.equal(at(way, "configuration.parentRefs[0].sectionName"), "kafka");
    assert.equal(at(way, "configuration.hostTemplate"), "kafka-{nodeId}.home.arpa");
    assert.equal(at(way, "configuration.advertisedPortTemplate"), "9094");
    const usual = kafka({ ...plan, outside: { ...outside, port: 443 } });
    assert.equal(
      at(usual, "spec.kafka.listeners[2].configuration.advertisedPortTemplate"),
      undefined,
    );
    assert.equal(brokerHost("kafka.home.arpa", 2), "kafka-2.home.arpa");
  });

  it("let a user do with topics what is said, and nothing else", () => {
    const [writer, reader] = plan.users.map((one) => user("main", one).spec);
    assert.deepEqual(at(writer, "authorization.acls[0].resource"), {
      ...{ type: "topic", name: "vehicle_", patternType: "prefix" },
    });
    assert.equal(
      at(writer, "authentication.password.valueFrom.secretKeyRef.name"),
      "telemetry.password",
    );
    assert.deepEqual(at(reader, "authorization.acls[1].resource"), {
      ...{ type: "group", name: "exporter", patternType: "prefix" },
    });
    assert.deepEqual(at(reader, "authentication"), { type: "tls" });
  });

  it("tell a program all that it needs", () => {
    const given = { password: "word", clusterDomain: "cluster.local" };
    assert.equal(
      login("main", "telemetry", given).bootstrap,
      "main-kafka-bootstrap.kafka.svc.cluster.local:9092",
    );
  });
});

describe("the values of Strimzi's operator", () => {
  const values = operatorValues({ replicas: 2, clusterDomain: "cluster.local" });

  it("are known to the chart, and leave policies to the site", () => {
    assert.deepEqual(violations(closed(schema("strimzi-kafka-operator")), values), []);
    assert.equal(values["generateNetworkPolicy"], false);
  });

  it("start it anew when the kinds of Gateway API come, for which it looks once", () => {
    assert.equal(values["annotations"], undefined);
    const later = operatorValues({ replicas: 2, clusterDomain: "c", gatewayApi: "v1.6.1" });
    assert.deepEqual(later["annotations"], { "homelab/gateway-api": "v1.6.1" });
    assert.deepEqual(violations(closed(schema("strimzi-kafka-operator")), later), []);
  });

  it("keep what the operator makes to the profile restricted", () => {
    assert.deepEqual(at(values, "extraEnvs[0]"), {
      ...{ name: "STRIMZI_POD_SECURITY_PROVIDER_CLASS", value: "restricted" },
    });
  });
});

describe("the proof of a Kafka cluster", () => {
  const script = readFileSync(
    new URL("../../../components/kafka/scripts/ready.sh", import.meta.url),
    "utf8",
  );
  const seen = (
    changes: {
      cluster?: string;
      pods?: string;
      topic?: string;
      looked?: string;
      warned?: string;
      brokers?: string;
    } = {},
  ) => {
    const {
      cluster = "True 3",
      pods = "True\\nTrue\\n",
      topic: of = "True 1",
      looked = "3",
      warned = "",
      brokers = "bmV3",
    } = changes;
    return wordsOf({
      variables: `NAMESPACE=kafka CLUSTER=main NODES=2 OBJECTS=$'kafkatopic main.vehicle-v\nkafkauser telemetry\nkafkauser certified'`,
      functions: "pods_in() { :; }",
      cases: `
        *"kafka.kafka.strimzi.io main"*metadata.generation*) printf '${cluster}' ;;
        *"kafka.kafka.strimzi.io main"*observedGeneration*) printf '${looked}' ;;
        *"kafkatopic.kafka.strimzi.io"*metadata.generation*) printf '${of}' ;;
        *"kafkatopic.kafka.strimzi.io"*observedGeneration*) printf 1 ;;
        *"kafkauser.kafka.strimzi.io"*metadata.generation*) printf 'True 1' ;;
        *"kafkauser.kafka.strimzi.io"*observedGeneration*) printf 1 ;;
        *"get secret telemetry.password"*) printf bmV3 ;;
        *"get secret telemetry "*) printf '${brokers}' ;;
        *kafkanodepools*Warning*) printf '${warned}' ;;
        *Warning*) ;;
        *"range .status.conditions"*) printf 'NotReady KafkaException: not enough brokers; ' ;;
        *"get pods"*) printf '${pods}' ;;`,
      script,
    });
  };

  it("ends once the operator has said so of what now is to be, and nodes are ready", () => {
    assert.equal(seen(), "");
  });

  it("gives the operator's words of what is not", () => {
    assert.match(
      seen({ cluster: "False 3" }),
      /the Kafka cluster main is not ready after 1800 s: NotReady KafkaException: not enough/,
    );
    assert.match(seen({ looked: "2" }), /is not ready after 1800 s/);
    assert.match(
      seen({ warned: "KafkaStorage: all storage changes will be ignored\\n" }),
      /keeps the volumes that it has: KafkaStorage: all storage changes will be ignored/,
    );
    assert.match(seen({ pods: "True\\nFalse\\n" }), /has 1 nodes that are ready, of 2/);
    assert.match(seen({ brokers: "b2xk" }), /has no kafkauser telemetry/);
    assert.match(seen({ topic: "False 1" }), /has no kafkatopic vehicle-v: NotReady/);
  });
});
