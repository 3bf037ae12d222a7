/** What the part asks of Kafka: topics that are there before the first record, and who may write and read them. */
import { readTopics } from "../../../components/tesla/reader-config.ts";
import { kafkaUsers, recordTypes, topicOf } from "../../../components/tesla/names.ts";
import { topic, user, type WrittenKafka } from "../kafka/schema.ts";
import type { Derivation } from "../../config/derivation.ts";
import type { WrittenTesla } from "./schema.ts";

/**
 * Kafka's section with the topics and users of the telemetry. A topic that the section names itself stays as it is written there,
 * so that its partitions and hours can be chosen; users are the part's own.
 */
export function withRecords(
  written: WrittenKafka,
  tesla: WrittenTesla | undefined,
  derivation: Derivation,
): WrittenKafka {
  const cluster = tesla && written.clusters[tesla.kafka];
  if (tesla === undefined || cluster === undefined) return written;
  const all = recordTypes.map((type) => topicOf(tesla.prefix, type));
  for (const name of Object.values(kafkaUsers).filter((name) => name in cluster.users))
    derivation.report(
      `homelab:kafka.clusters.${tesla.kafka}.users.${name}`,
      "is the user of homelab:tesla, which makes it; use another name",
    );
  const users = {
    [kafkaUsers.writes]: user.parse({ writes: all }),
    [kafkaUsers.reads]: user.parse({ reads: readTopics(tesla.prefix) }),
  };
  const topics = Object.fromEntries(all.map((name) => [name, topic.parse({})]));
  return {
    ...written,
    clusters: {
      ...written.clusters,
      [tesla.kafka]: {
        ...cluster,
        topics: { ...topics, ...cluster.topics },
        users: { ...cluster.users, ...users },
      },
    },
  };
}
