/** Which Kafka an operator runs. */

/** Releases by the version of the operator (strimzi, kafka-versions.yaml: those that are supported), oldest first. */
export const runnableReleases: Readonly<Record<string, readonly string[]>> = {
  "1.2.0": ["4.2.0", "4.2.1", "4.3.0", "4.3.1"],
};
