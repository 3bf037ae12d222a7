import { tcp } from "../../../components/policies/flow.ts";
import { ports } from "../../../components/redis/names.ts";
import type { Store } from "../../logins/stores.ts";
import type { SiteConfig } from "../../schema.ts";
import { members } from "./traffic.ts";

/** How an instance is called by those who log in to it. */
export const instanceAddress = (instance: string): string => `redis/${instance}`;

/** Every instance that the site declares. */
export function redisStores({ redis }: Pick<SiteConfig, "redis">): readonly Store[] {
  return Object.keys(redis?.instances ?? {}).map((instance) => ({
    address: instanceAddress(instance),
    pods: members(instance),
    ports: tcp(ports.redis),
  }));
}
