import type { Pods, Port } from "../../components/policies/flow.ts";
import { bucketStores } from "../parts/buckets/stores.ts";
import { kafkaStores } from "../parts/kafka/stores.ts";
import { postgresStores } from "../parts/postgres/stores.ts";
import { redisStores } from "../parts/redis/stores.ts";
import type { SiteConfig } from "../schema.ts";

/** Something of a site that applications log in to. */
export interface Store {
  /** As a site file names it: `postgres/main/photos`. */
  readonly address: string;
  /** Pods that answer, and where. */
  readonly pods: Pods;
  readonly ports: readonly Port[];
}

/** Every store of a site: a line a part. */
export function siteStores(config: SiteConfig): readonly Store[] {
  return [
    ...postgresStores(config),
    ...redisStores(config),
    ...kafkaStores(config),
    ...bucketStores(config),
  ];
}
