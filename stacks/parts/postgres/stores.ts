import { ports } from "../../../components/postgres/names.ts";
import { tcp } from "../../../components/policies/flow.ts";
import type { Store } from "../../logins/stores.ts";
import type { SiteConfig } from "../../schema.ts";
import { members } from "./traffic.ts";

/** How a database is called by those who log in to it. */
export const databaseAddress = (cluster: string, database: string): string =>
  `postgres/${cluster}/${database}`;

/** Every database that the site declares. */
export function postgresStores({ postgres }: Pick<SiteConfig, "postgres">): readonly Store[] {
  return Object.entries(postgres?.clusters ?? {}).flatMap(([cluster, { databases }]) =>
    Object.keys(databases).map((database) => ({
      address: databaseAddress(cluster, database),
      pods: members(cluster),
      ports: tcp(ports.postgres),
    })),
  );
}
