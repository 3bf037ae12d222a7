/**
 * What recipes of applications know of a site: what its file says, and nothing secret. It is written down apart from the
 * schema, whose type is made of theirs; a site's config is one of these.
 */
export interface SiteView {
  readonly network: { readonly pods: string; readonly services: string };
  readonly apps: {
    readonly immich?: { readonly version: string } | undefined;
    readonly "immich-machine-learning"?: { readonly version: string } | undefined;
  };
  readonly machines: readonly { readonly address: string }[];
  readonly postgres?:
    { readonly clusters: Readonly<Record<string, PostgresView | undefined>> } | undefined;
  readonly redis?:
    { readonly instances: Readonly<Record<string, RedisView | undefined>> } | undefined;
}

/** An instance of Redis. */
export interface RedisView {
  readonly undeclaredKeys: boolean;
  readonly evicts: boolean;
}

/** A cluster of Postgres. */
export interface PostgresView {
  readonly image: string;
  readonly preload: readonly string[];
  readonly roles: Readonly<Record<string, { readonly superuser: boolean }>>;
  readonly databases: Readonly<
    Record<string, { readonly owner: string; readonly extensions: readonly string[] }>
  >;
  readonly pooler?: { readonly mode: "session" | "transaction" } | undefined;
}
