import type { Input, Resource } from "@pulumi/pulumi";
import type { PublicName } from "./public-name.ts";

/** A public name, and what answers behind it. */
export interface Publication extends PublicName {
  /** Name of the application, for people: part of names at Cloudflare. */
  readonly name: string;
  /** Address inside the cluster: `http://NAME.NAMESPACE.svc.DOMAIN:PORT`. */
  readonly service: Input<string>;
  /** The only path that is shown; all of them without. */
  readonly path?: string;
  /** What must stand before the name resolves. */
  readonly after?: readonly Resource[];
}
