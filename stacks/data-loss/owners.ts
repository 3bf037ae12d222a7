import type { DataKeeper } from "../../components/proxmox/known-machines.ts";
import { volumeData } from "../apps/data/loss.ts";
import { bucketData } from "../parts/buckets/data.ts";
import { kafkaData } from "../parts/kafka/data.ts";
import { postgresData } from "../parts/postgres/data.ts";
import { redisData } from "../parts/redis/data.ts";
import type { SiteConfig } from "../schema.ts";

/** What goes with an object of the cluster. */
export interface Loss {
  /** As `homelab:allowDataLoss` names it: `postgres/main`. */
  readonly entry: string;
  /** Another entry that allows it too: that of what it belongs to. */
  readonly within?: string;
  /** `the Postgres cluster main`. */
  readonly what: string;
  /** What would go with it: `its volumes`. */
  readonly takes: string;
  /** What does not go, or must be done before; sentences without the last full stop. */
  readonly keeps?: string;
}

/** The bucket class that a part's config wants for a claim that is there. */
export interface WantedClass {
  readonly path: string;
  /** Whose bucket it is. */
  readonly of: string;
  readonly class: string;
  /** What a person may do in place of putting the class back. */
  readonly instead: string;
}

/** A part that has data in objects of the cluster. */
export interface DataOwner {
  /** What the config has of it, as `allowDataLoss` names it. */
  readonly declared: (config: SiteConfig) => readonly string[];
  /** What goes with an object; undefined where it is not this part's. */
  readonly lossOf: (keeper: DataKeeper) => Loss | undefined;
  readonly bucketClass: (config: SiteConfig, keeper: DataKeeper) => WantedClass | undefined;
}

/** A line a part. */
export const dataOwners: readonly DataOwner[] = [
  postgresData,
  redisData,
  kafkaData,
  bucketData,
  volumeData,
];
