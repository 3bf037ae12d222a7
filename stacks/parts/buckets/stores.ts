import type { Store } from "../../logins/stores.ts";
import type { SiteConfig } from "../../schema.ts";
import { bucketGateways, bucketPort } from "../storage/traffic.ts";

/** How a bucket is called by those who log in to it. */
export const bucketAddress = (name: string): string => `bucket/${name}`;

/** Every bucket that the site declares. */
export function bucketStores({ buckets }: Pick<SiteConfig, "buckets">): readonly Store[] {
  return Object.keys(buckets).map((name) => ({
    address: bucketAddress(name),
    pods: bucketGateways,
    ports: bucketPort,
  }));
}
