import type { Output, Resource } from "@pulumi/pulumi";
import type { StoreLogin } from "../../components/workload/login.ts";
import type { MountedSecret } from "../../components/workload/secrets.ts";
import { variablesOf, type Logins } from "./schema.ts";

/** What stores take, by their address. */
export type SiteLogins = ReadonlyMap<string, StoreLogin>;

/** What an application is told of its stores. */
export interface Told {
  /** Environment, by variable; secret. */
  readonly settings: Readonly<Record<string, Output<string>>>;
  /** Secrets that are folders of its pods. */
  readonly mounted: readonly MountedSecret[];
  /** After what it is told. */
  readonly after: readonly Resource[];
}

/** What an application is told of the stores that it logs in to, which the config was checked to have. */
export function toldOf(logins: Logins, stores: SiteLogins): Told {
  const all = logins.map((login) => {
    const store = stores.get(login.to);
    if (store === undefined)
      throw new Error(`the config was checked to have ${login.to}, and nobody made it`);
    return { ...login, variables: variablesOf(login), store };
  });
  return {
    settings: Object.fromEntries(
      all.flatMap(({ variables, store }) =>
        Object.entries(variables).map(([variable, key]) => [
          variable,
          store.values.apply((values) => values[key] ?? ""),
        ]),
      ),
    ),
    mounted: all.flatMap(({ to, folder, store }) =>
      folder === undefined ? [] : [{ folder, name: secretName(to), values: store.values }],
    ),
    after: all.map(({ store }) => store.ready),
  };
}

/** Name of the Secret in the application's namespace: `postgres.main.photo-library`. */
const secretName = (address: string): string => address.replaceAll("/", ".").replaceAll("_", "-");
