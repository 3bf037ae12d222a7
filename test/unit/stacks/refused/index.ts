/** Sites that are refused before anything is registered: each is home with one edit, named by what is wrong with it. */
import type { Changes } from "../sample.ts";
import { apps } from "./apps.ts";
import { argocd } from "./argocd.ts";
import { backup } from "./backup.ts";
import { buckets } from "./buckets.ts";
import { cards } from "./cards.ts";
import { certificates } from "./certificates.ts";
import { cluster } from "./cluster.ts";
import { data } from "./data.ts";
import { devices } from "./devices.ts";
import { dns } from "./dns.ts";
import { edge } from "./edge.ts";
import { exposure } from "./exposure.ts";
import { gateway } from "./gateway.ts";
import { file } from "./file.ts";
import { identity } from "./identity.ts";
import { items } from "./items.ts";
import { kafka } from "./kafka.ts";
import { logins } from "./logins.ts";
import { logs } from "./logs.ts";
import { machines } from "./machines.ts";
import { monitoring } from "./monitoring.ts";
import { names } from "./names.ts";
import { network } from "./network.ts";
import { people } from "./people.ts";
import { policies } from "./policies.ts";
import { postgres } from "./postgres.ts";
import { proxmox } from "./proxmox.ts";
import { redis } from "./redis.ts";
import { secrets } from "./secrets.ts";
import { storage } from "./storage.ts";
import { tailnet } from "./tailnet.ts";
import { tesla } from "./tesla.ts";
import { versions } from "./versions.ts";

export interface RefusedSite {
  /** What differs from home, by path; undefined removes a value. */
  readonly edit?: Changes;
  /** Further values by full key, as the engine hands them over. */
  readonly raw?: Readonly<Record<string, string>>;
  /** Full keys that stand encrypted in the stack's file. */
  readonly encrypted?: readonly string[];
  /** The stack's name; home when left out. */
  readonly stack?: string;
  /** Config path that the refusal names. */
  readonly at: string;
  /** What it says of it: what is wrong, or what to do. */
  readonly says: RegExp;
}

export type RefusedSites = Readonly<Record<string, RefusedSite>>;

export const refusedSites: readonly (readonly [name: string, site: RefusedSite])[] = [
  ...[
    file,
    network,
    dns,
    names,
    versions,
    people,
    items,
    proxmox,
    redis,
    kafka,
    backup,
    buckets,
    tesla,
    machines,
    cards,
    cluster,
    secrets,
    storage,
    tailnet,
    edge,
    certificates,
    gateway,
    apps,
    data,
    devices,
    exposure,
    policies,
    postgres,
    monitoring,
    logins,
    logs,
    argocd,
    identity,
  ],
].flatMap((part) => Object.entries(part));
