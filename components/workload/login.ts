import { RandomPassword } from "@pulumi/random/randomPassword.js";
import { secret, type Output, type Resource } from "@pulumi/pulumi";

/** How a program logs in to a store: what it is told, and from when on it may be told. */
export interface StoreLogin {
  /** By key, such as `host` and `password`; secret. */
  readonly values: Output<Readonly<Record<string, string>>>;
  /** The step that saw the store take this login. */
  readonly ready: Resource;
}

/** The key of a store of S3 outside. */
export interface StoreKey {
  readonly accessKey: Output<string>;
  readonly secretKey: Output<string>;
}

/** A password that nobody chose; secret. It is kept in the state; where that is lost another one is drawn, and set. */
export const drawnPassword = (name: string, parent: Resource): Output<string> =>
  secret(new RandomPassword(name, { length: 32, special: false }, { parent }).result);
