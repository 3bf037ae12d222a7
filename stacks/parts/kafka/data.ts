import { kafkaNamespace } from "../../../components/kafka/names.ts";
import type { DataOwner } from "../../data-loss/owners.ts";

/** A topic goes with its object, and topics with their Kafka; volumes of nodes stay. */
export const kafkaData: DataOwner = {
  declared: ({ kafka }) =>
    Object.entries(kafka?.clusters ?? {}).flatMap(([name, { topics }]) => [
      `kafka/${name}`,
      ...Object.keys(topics).map((topic) => `kafka/${name}/${topic}`),
    ]),
  lossOf: ({ kind, namespace, name, spec }) => {
    if (namespace !== kafkaNamespace.name) return undefined;
    if (kind === "Kafka")
      return {
        entry: `kafka/${name}`,
        what: `the Kafka cluster ${name}`,
        takes: "what its topics hold",
        keeps:
          "The volumes of its nodes stay while homelab:kafka does, and are yours to delete; without the section its namespace goes, and their claims with it",
      };
    if (kind !== "KafkaTopic") return undefined;
    const [cluster = ""] = name.split(".");
    const topic = String(spec["topicName"]);
    return {
      entry: `kafka/${cluster}/${topic}`,
      within: `kafka/${cluster}`,
      what: `the topic ${topic} of Kafka ${cluster}`,
      takes: "what it holds",
    };
  },
  bucketClass: () => undefined,
};
