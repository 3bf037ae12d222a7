import type { Output, Resource } from "@pulumi/pulumi";

/** How a program logs in to a store: what it is told, and from when on it may be told. */
export interface StoreLogin {
  /** By key, such as `host` and `password`; secret. */
  readonly values: Output<Readonly<Record<string, string>>>;
  /** The step that saw the store take this login. */
  readonly ready: Resource;
}
