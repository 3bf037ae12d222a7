/** What a run would ask of a Kafka cluster that is there, told before anything is changed: Strimzi takes it and does not do it. */
import {
  kafkaNamespace,
  poolName,
  topicObject,
  type Role,
} from "../../../components/kafka/names.ts";
import type { DataKeeper, Known } from "../../../components/proxmox/known-machines.ts";
import { gibibytes } from "../../../components/storage/known.ts";
import type { Problem } from "../../../components/problem.ts";
import type { Judged } from "../../config/problem.ts";
import type { SiteConfig } from "../../schema.ts";
import type { KafkaConfig } from "./schema.ts";

type Cluster = KafkaConfig["clusters"][string];

/** A KafkaNodePool's spec, as far as it is compared. */
interface KnownPool {
  readonly replicas?: number;
  readonly storage?: {
    readonly volumes?: readonly { readonly size?: string; readonly class?: string }[];
  };
}

/** Compares the clusters of the config with the state. */
export function judgeKafka(
  { kafka }: Pick<SiteConfig, "kafka">,
  { keepers = [] }: Pick<Known, "keepers">,
): Pick<Judged<unknown>, "problems" | "notes"> {
  const ours = keepers.filter(({ namespace }) => namespace === kafkaNamespace.name);
  const find = (kind: DataKeeper["kind"], name: string) =>
    ours.find((one) => one.kind === kind && one.name === name)?.spec;
  const problems = Object.entries(kafka?.clusters ?? {}).flatMap(([name, cluster]) => {
    const at = `homelab:kafka.clusters.${name}`;
    const pool = (role: Role): KnownPool | undefined => find("KafkaNodePool", poolName(name, role));
    return [
      ...quorum(at, cluster, pool("controller")),
      ...volume(`${at}.controllers`, cluster.controllers, pool("controller")),
      ...volume(`${at}.brokers`, cluster.brokers, pool("broker")),
      ...copies(at, cluster, (topic) => find("KafkaTopic", topicObject(name, topic))),
    ];
  });
  return { problems, notes: [] };
}

/**
 * The operator writes another list of voters and rolls (KafkaBrokerConfigurationBuilder.java, withKRaft). New controllers are
 * empty, and where they are the most, what the cluster is made of may be lost (kafka, docs/operations/kraft.md; strimzi #9429).
 */
function quorum(
  at: string,
  { controllers }: Cluster,
  known: KnownPool | undefined,
): readonly Problem[] {
  if (known?.replicas === undefined || known.replicas === controllers.replicas) return [];
  const text = `the cluster has ${known.replicas} controllers, and their number is for good; put ${known.replicas} back, or make another cluster and move over to it`;
  return [{ path: `${at}.controllers.replicas`, text }];
}

/** A change of the class, or a smaller size, is ignored with all that comes later (StorageDiff.java), and said in a warning alone. */
function volume(
  path: string,
  { class: wanted, sizeGiB }: Cluster["brokers"],
  known: KnownPool | undefined,
): readonly Problem[] {
  const [there] = known?.storage?.volumes ?? [];
  if (there === undefined) return [];
  const size = gibibytes(there.size ?? "");
  return [
    ...(there.class === wanted
      ? []
      : [
          {
            path: `${path}.class`,
            text: `the volumes are of ${there.class === undefined ? "the default class" : `the class ${there.class}`}, and stay there; ${there.class === undefined ? "leave it out" : `write ${there.class}`}`,
          },
        ]),
    ...(sizeGiB < size
      ? [
          {
            path: `${path}.sizeGiB`,
            text: `${sizeGiB} is less than the ${size} GiB that each volume has, and none shrinks; put it back`,
          },
        ]
      : []),
  ];
}

/** Without Cruise Control the topic is not ready any more (topic operator, BatchingTopicController.java, checkReplicasChanges). */
function copies(
  at: string,
  { topics, balances }: Cluster,
  find: (topic: string) => Readonly<Record<string, unknown>> | undefined,
): readonly Problem[] {
  if (balances) return [];
  return Object.entries(topics).flatMap(([topic, { replicas }]) => {
    const there = find(topic)?.["replicas"];
    if (typeof there !== "number" || there === replicas) return [];
    const text = `the topic has ${there} copies, and without Cruise Control nobody changes that; write replicas: ${there}, or set ${at}.balances`;
    return [{ path: `${at}.topics.${topic}.replicas`, text }];
  });
}
