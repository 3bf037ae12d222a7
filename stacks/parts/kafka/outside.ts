/** Names by which clients outside of the cluster reach Kafka. */
import { brokerHost } from "../../../components/kafka/objects.ts";
import type { SiteConfig } from "../../schema.ts";
import type { KafkaConfig } from "./schema.ts";

type Outside = NonNullable<KafkaConfig["clusters"][string]["outside"]>;

/** A name at a gateway, and the listener that takes it. */
export interface OutsideName {
  readonly name: string;
  readonly gateway: Outside["gateway"];
  readonly port: number;
  readonly cluster: string;
  /** Config path. */
  readonly from: string;
}

/** Port of the gateway's listener that a cluster is reached by. */
export function listenerPort(
  { gateway: at, listener }: Outside,
  { gateway }: Pick<SiteConfig, "gateway">,
): number {
  return gateway?.[at].listeners.find(({ name }) => name === listener)?.port ?? 443;
}

/** Where clients begin, and each broker. */
export function outsideNames(
  config: Pick<SiteConfig, "kafka" | "gateway">,
): readonly OutsideName[] {
  return Object.entries(config.kafka?.clusters ?? {}).flatMap(([cluster, { outside, brokers }]) => {
    if (outside === undefined) return [];
    const { hostname, gateway } = outside;
    const ids = Array.from({ length: brokers.replicas }, (_, id) => id);
    return [hostname, ...ids.map((id) => brokerHost(hostname, id))].map((name) => ({
      ...{ name, gateway, cluster, port: listenerPort(outside, config) },
      from: `homelab:kafka.clusters.${cluster}.outside.hostname`,
    }));
  });
}
