import { secret } from "@pulumi/pulumi";
import type { Power } from "../../components/proxmox/power.ts";
import type { Secrets, SecretUse } from "../../components/security/secrets.ts";
import { Unseen } from "../../components/security/secret-problem.ts";
import { siteTags } from "../../components/tailnet/tags.ts";
import type { SiteDeps } from "../../stacks/site.ts";
import { proxmoxOf, type World } from "../mocked-world.ts";

/** Secrets that a site looks into before anything is made. */
const addresses: Readonly<Record<string, string>> = {
  "op://Homelab/Heartbeat/url": "https://hc-ping.com/value-of-heartbeat",
};

/** Secrets whose values say which reference they stand for. */
export function fakeSecrets(uses: readonly SecretUse[]): Secrets {
  const known = new Set(uses.map(({ ref }) => ref));
  const reveal = (ref: string): string => {
    if (!known.has(ref)) throw new Error(`${ref} was not among the secrets that were read`);
    return addresses[ref] ?? `value-of-${ref}`;
  };
  return { reveal, get: (ref) => secret(reveal(ref)) };
}

const cabin = siteTags("cabin");

/** A policy that provides for the cabin, as its owner's `up` leaves it. */
const policy = {
  tagOwners: {
    [cabin.node]: ["autogroup:admin"],
    [cabin.operator]: ["autogroup:admin"],
    [cabin.connector]: [cabin.operator],
  },
  autoApprovers: {
    routes: Object.fromEntries(
      ["10.52.0.0/16", "10.53.0.0/16", "192.168.2.0/24"].map((route) => [route, [cabin.connector]]),
    ),
    exitNode: [cabin.connector],
  },
};

/** Nobody is switched. */
const nothing = (): Promise<void> => Promise.reject(new Error("a test switches no machine"));
const idle: Power = {
  state: () => Promise.resolve(undefined),
  pending: () => Promise.resolve([]),
  shutDown: nothing,
  start: nothing,
  reboot: nothing,
};

/** A deployment whose surroundings are made up: nothing is asked of anybody. */
export const siteDeps: SiteDeps = depsIn({});

/** The same in a world that differs. */
export function depsIn(world: World): SiteDeps {
  return {
    fresh: () => "gen-00000000",
    readSecrets: (uses) => Promise.resolve(fakeSecrets(uses)),
    askPolicy: () => Promise.resolve({ text: JSON.stringify(policy), isDefault: true }),
    readItem: () => Promise.reject(new Unseen("a test reads no vault")),
    listCloudflare: () => Promise.resolve([]),
    proxmox: proxmoxOf(world),
    power: idle,
    keeper: {
      assertKeeps: () => Promise.resolve(),
      find: () => Promise.resolve(undefined),
      keep: nothing,
    },
    known: () => Promise.resolve({ machines: [], pools: [], pciMappings: [], usbMappings: [] }),
  };
}
