import { ports } from "../../../components/kafka/names.ts";
import { tcp } from "../../../components/policies/flow.ts";
import type { Store } from "../../logins/stores.ts";
import type { SiteConfig } from "../../schema.ts";
import { nodesOf } from "./traffic.ts";

/** How a user is called by the application that logs in as it. */
export const userAddress = (cluster: string, user: string): string => `kafka/${cluster}/${user}`;

/** Every user with a password that the site declares. */
export function kafkaStores({ kafka }: Pick<SiteConfig, "kafka">): readonly Store[] {
  return Object.entries(kafka?.clusters ?? {}).flatMap(([cluster, { users }]) =>
    Object.entries(users)
      .filter(([, { by }]) => by === "password")
      .map(([user]) => ({
        address: userAddress(cluster, user),
        pods: nodesOf(cluster),
        ports: tcp(ports.plain),
      })),
  );
}
