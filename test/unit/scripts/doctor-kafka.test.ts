import assert from "node:assert/strict";
import {
  judgeKafka,
  kafkaChecks,
  kafkaReleases,
  type FoundKafka,
  type KafkaObject,
} from "../../../stacks/parts/kafka/doctor.ts";
import { kafkaSite } from "../stacks/kafka-site.ts";
import { homeConfig } from "../stacks/sample.ts";
import { said } from "./said.ts";

const config = homeConfig(kafkaSite());
const kafka = config.kafka ?? assert.fail();

const object = (name: string, status = "True", looked = 2): KafkaObject => ({
  metadata: { name, namespace: "kafka", generation: 2 },
  status: {
    observedGeneration: looked,
    conditions: [{ type: "Ready", status, reason: "KafkaException", message: "no brokers" }],
  },
});
const fine: FoundKafka = {
  clusters: [object("main")],
  topics: [object("main.vehicle-v"), object("main.vehicle-alerts")],
  users: [object("telemetry"), object("exporter")],
};
const judged = (changes: Partial<FoundKafka>) => said(judgeKafka(kafka, { ...fine, ...changes }));

describe("the doctor at Kafka", () => {
  it("asks nothing of a site without it, or of one that is not up", () => {
    const run = () => Promise.reject(new Error("asked"));
    assert.deepEqual(kafkaChecks({ config: homeConfig(), isUp: true }, run), []);
    assert.deepEqual(kafkaChecks({ config, isUp: false }, run), []);
    assert.deepEqual(kafkaReleases(homeConfig()), []);
    assert.match(
      kafkaReleases(config)[0]?.url ?? "",
      /^https:\/\/strimzi\.io\/charts\/index\.yaml/,
    );
  });

  it("is content with what the operator calls ready", () => {
    assert.equal(judged({}), "ok: Kafka main: is ready, with 2 topics and 2 users");
  });

  it("gives the operator's words, and misses what is not there", () => {
    assert.match(judged({ clusters: [object("main", "False")] }), /KafkaException: no brokers/);
    assert.match(
      judged({ topics: [object("main.vehicle-v")] }),
      /vehicle_alerts of Kafka main.*not there/,
    );
    assert.match(
      judged({ users: [object("telemetry", "True", 1), object("exporter")] }),
      /user telemetry.*not looked at yet/,
    );
  });
});
