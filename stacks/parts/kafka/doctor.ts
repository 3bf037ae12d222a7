/** Kafka: what Strimzi says of clusters, topics and users. */
import { kafkaNamespace, strimziCharts, topicObject } from "../../../components/kafka/names.ts";
import type { Check } from "../../doctor/check.ts";
import { unmet, type Condition } from "../../doctor/conditions.ts";
import type { ClusterCommand, Examined } from "../../doctor/examined.ts";
import { ok, problem, warning, type Finding } from "../../doctor/finding.ts";
import { objects } from "../../doctor/kubectl.ts";
import { chart, type Release } from "../../doctor/releases.ts";
import type { SiteConfig } from "../../schema.ts";
import type { KafkaConfig } from "./schema.ts";

const { name: namespace } = kafkaNamespace;

/** The chart; none where the site has no Kafka. */
export function kafkaReleases({ kafka }: Pick<SiteConfig, "kafka">): readonly Release[] {
  if (kafka === undefined) return [];
  const path = "homelab:versions.strimzi";
  // The charts' files are called strimzi-kafka-operator-helm-3-chart-VERSION.tgz.
  return [chart(strimziCharts, "strimzi-kafka-operator-helm-3-chart", kafka.chart, path)];
}

/** An object of Strimzi's, as far as the doctor looks. */
export interface KafkaObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly generation?: number;
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly Condition[];
  };
}

/** None where the site has no Kafka, or has not been brought up. */
export function kafkaChecks(
  { config: { kafka }, isUp }: Pick<Examined, "config" | "isUp">,
  run: ClusterCommand,
): readonly Check[] {
  if (kafka === undefined || !isUp) return [];
  const ours = async (kind: string) =>
    (await objects<KafkaObject>(run, `${kind}.kafka.strimzi.io`)).filter(
      ({ metadata }) => metadata.namespace === namespace,
    );
  return [
    {
      subject: "Kafka",
      run: async () =>
        judgeKafka(kafka, {
          clusters: await ours("kafkas"),
          topics: await ours("kafkatopics"),
          users: await ours("kafkausers"),
        }),
    },
  ];
}

/** What of Strimzi's kinds a cluster has. */
export interface FoundKafka {
  readonly clusters: readonly KafkaObject[];
  readonly topics: readonly KafkaObject[];
  readonly users: readonly KafkaObject[];
}

/** Each cluster, topic and user of the config is there and taken, in the operator's words where not. */
export function judgeKafka(
  { clusters }: Pick<KafkaConfig, "clusters">,
  found: FoundKafka,
): readonly Finding[] {
  return Object.entries(clusters).flatMap(([name, { topics, users }]) => {
    const rest = [
      ...Object.keys(topics).map((topic) => ({
        ...{ what: `topic ${topic}`, kind: "kafkatopic", object: topicObject(name, topic) },
        among: found.topics,
      })),
      ...Object.keys(users).map((user) => ({
        ...{ what: `user ${user}`, kind: "kafkauser", object: user, among: found.users },
      })),
    ].flatMap(({ what, kind, object, among }) =>
      judge(`${what} of Kafka ${name}`, kind, object, among),
    );
    const cluster = judge(`Kafka ${name}`, "kafka", name, found.clusters);
    if (cluster.length + rest.length > 0) return [...cluster, ...rest];
    const count = `${Object.keys(topics).length} topics and ${Object.keys(users).length} users`;
    return [ok(`Kafka ${name}`, `is ready, with ${count}`)];
  });
}

function judge(
  subject: string,
  kind: string,
  name: string,
  among: readonly KafkaObject[],
): readonly Finding[] {
  const look = `kubectl -n ${namespace} describe ${kind} ${name}; docs/kafka.md`;
  const object = among.find(({ metadata }) => metadata.name === name);
  if (object === undefined) return [problem(subject, "is not there", "npm run up")];
  const { metadata, status } = object;
  if (status?.observedGeneration !== metadata.generation)
    return [warning(subject, "its last change was not looked at yet", look)];
  return unmet(status?.conditions, ["Ready"], undefined).map((text) =>
    problem(subject, text, look),
  );
}
