import { kafkaSite, listeners, outside } from "../kafka-site.ts";
import type { RefusedSites } from "./index.ts";

const path = "homelab:kafka.clusters.main";

/** Kafka that could not run, or that would not be what it says. */
export const kafka: RefusedSites = {
  "a release of Kafka that the operator does not run": {
    edit: kafkaSite({ version: "4.1.1" }),
    at: `${path}.version`,
    says: /Strimzi 1\.2\.0 does not run Kafka 4\.1\.1, but 4\.2\.0, 4\.2\.1, 4\.3\.0, 4\.3\.1/,
  },
  "an operator of Kafka whose kinds nobody knows": {
    edit: { ...kafkaSite(), "versions.strimzi": "0.49.0" },
    at: "homelab:versions.strimzi",
    says: /not known for 0\.49\.0; known are 1\.2\.0/,
  },
  "more brokers than hosts": {
    edit: kafkaSite({ brokers: { replicas: 5 } }),
    at: `${path}.brokers.replicas`,
    says: /needs a host with pods for each, and the site has 4/,
  },
  "balances of a single broker": {
    edit: kafkaSite({ brokers: { replicas: 1 }, balances: true }),
    at: `${path}.balances`,
    says: /there is one broker, and nothing to move/,
  },
  "an even number of controllers": {
    edit: kafkaSite({ controllers: { replicas: 2 } }),
    at: `${path}.controllers.replicas`,
    says: /2 controllers bear no more losses than 1; use 1, 3 or 5/,
  },
  "brokers in a class of buckets": {
    edit: kafkaSite({ brokers: { class: "ceph-bucket" } }),
    at: `${path}.brokers.class`,
    says: /is of the kind bucket; name a block class/,
  },
  "more copies of a topic than brokers": {
    edit: kafkaSite({ topics: { vehicle_V: { replicas: 4 } }, users: {} }),
    at: `${path}.topics.vehicle_V.replicas`,
    says: /4 copies need as many brokers, and there are 3/,
  },
  "two topics of one name in the cluster": {
    edit: kafkaSite({ topics: { vehicle_V: {}, "vehicle-v": {} }, users: {} }),
    at: `${path}.topics.vehicle-v`,
    says: /has the same object as vehicle_V/,
  },
  "two topics that are one to a broker": {
    edit: kafkaSite({ topics: { "vehicle.alerts": {}, vehicle_alerts: {} }, users: {} }),
    at: `${path}.topics.vehicle_alerts`,
    says: /is vehicle\.alerts to a broker, which takes \. and _ for one; use another name/,
  },
  "a topic's time in two places": {
    edit: kafkaSite({ topics: { vehicle_V: { config: { "retention.ms": "1000" } } }, users: {} }),
    at: `${path}.topics.vehicle_V.config.retention.ms`,
    says: /is keepHours; write that/,
  },
  "a user of a topic that is not there": {
    edit: kafkaSite({ users: { telemetry: { writes: ["vehicles_*"] } } }),
    at: `${path}.users.telemetry.writes[0]`,
    says: /vehicles_\* is no topic of the cluster; known are vehicle_V, vehicle_alerts/,
  },
  "a password for a user with a certificate": {
    edit: kafkaSite({
      users: { telemetry: { by: "certificate", password: "op://Homelab/Kafka/telemetry" } },
    }),
    at: `${path}.users.telemetry.password`,
    says: /is for a user that logs in by one/,
  },
  "a user of two clusters": {
    edit: kafkaSite({}, { second: { users: { telemetry: {} } } }),
    at: "homelab:kafka.clusters.second.users.telemetry",
    says: /main has a user telemetry already/,
  },
  "clients of Kafka by a listener that is not there": {
    edit: kafkaSite({ outside }),
    at: `${path}.outside.listener`,
    says: /kafka is no listener of the protocol tls of homelab:gateway\.lan; known are none/,
  },
  "a name of Kafka in another domain": {
    edit: {
      ...kafkaSite({ outside: { ...outside, hostname: "kafka.example.org" } }),
      ...listeners,
    },
    at: `${path}.outside.hostname`,
    says: /is not below home\.arpa; use a name such as kafka\.home\.arpa/,
  },
  "a login as a user with a certificate": {
    edit: {
      ...kafkaSite({ users: { telemetry: { by: "certificate", writes: ["vehicle_V"] } } }),
      "apps.typeo.logins": [{ to: "kafka/main/telemetry" }],
    },
    at: "homelab:apps.typeo.logins[0].to",
    says: /the site has none of its kind/,
  },
  "a loss of Kafka that is allowed and still there": {
    edit: { ...kafkaSite(), allowDataLoss: ["kafka/main/vehicle_V"] },
    at: "homelab:allowDataLoss[0]",
    says: /kafka\/main\/vehicle_V is still in homelab:kafka; remove it there or here/,
  },
};
