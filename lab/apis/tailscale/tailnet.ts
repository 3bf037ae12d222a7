import { addressesOf } from "./device-address.ts";
import type { Directory } from "./policy-access.ts";
import { readPolicy, type Policy } from "./policy-document.ts";
import { Presence } from "./presence.ts";
import type { Store } from "./store.ts";

/** One tailnet, as every family of calls sees it. */
export interface Tailnet extends Directory {
  /** Its name in paths of the API; `-` works too. */
  readonly name: string;
  /** MagicDNS suffix of its devices' names. */
  readonly suffix: string;
  /** Login name of who owns it. */
  readonly owner: string;
  readonly store: Store;
  readonly presence: Presence;
  /** Unix milliseconds. */
  now(): number;
  /** The policy in force. */
  policy(): Policy;
}

/** What tells one tailnet from another. */
export interface TailnetOptions {
  /** Default `example.net`. */
  readonly name?: string;
  /** Login name and role (`owner`, `admin` or `member`) of its people; one of them owns it. */
  readonly people?: Readonly<Record<string, string>>;
  /** Unix milliseconds; default the machine's clock. */
  readonly now?: () => number;
}

const somePeople: Readonly<Record<string, string>> = {
  "admin@example.net": "owner",
  "family@example.net": "member",
};

/** Opens a tailnet on its memory. Who has a login name of its domain is a member of it. */
export function openTailnet(store: Store, options: TailnetOptions): Tailnet {
  const { name = "example.net", people = somePeople, now = Date.now } = options;
  const owner = Object.keys(people).find((email) => people[email] === "owner");
  if (owner === undefined) throw new Error(`tailnet ${name}: none of its people is the owner`);
  let read: { text: string; policy: Policy } | undefined;
  return {
    name,
    owner,
    store,
    now,
    suffix: "tail6c1ab.ts.net",
    presence: new Presence(now),
    roleOf: (email) => people[email] ?? (email.endsWith(`@${name}`) ? "member" : undefined),
    devices: () =>
      Object.values(store.state.devices).map((device) => ({
        addresses: addressesOf(device.number),
        tags: device.tags,
        user: device.user,
      })),
    policy() {
      const text = store.state.policy;
      if (read?.text !== text) read = { text, policy: readPolicy(text) };
      return read.policy;
    },
  };
}
