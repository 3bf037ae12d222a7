import { JsonStore } from "../store.ts";
import { defaultPolicy } from "./default-policy.ts";

/** An auth key. Times are RFC 3339, here and below. */
export interface StoredAuthKey {
  readonly id: string;
  /** SHA-256 of the secret, hex. */
  readonly hash: string;
  readonly description: string;
  readonly created: string;
  readonly expires: string;
  readonly expirySeconds: number;
  readonly reusable: boolean;
  readonly ephemeral: boolean;
  readonly preauthorized: boolean;
  readonly tags: readonly string[];
  /** A device registered with it. */
  used?: boolean;
  revoked?: string;
}

/** An OAuth client. */
export interface StoredClient {
  readonly id: string;
  readonly hash: string;
  readonly created: string;
  updated: string;
  description: string;
  scopes: readonly string[];
  tags: readonly string[];
}

/** An access token of an OAuth client. */
export interface StoredToken {
  readonly hash: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly tags: readonly string[];
  /** Unix milliseconds. */
  readonly expiresAt: number;
}

/** A machine that registered. */
export interface StoredDevice {
  /** Decimal digits; the API takes this and `nodeId` alike. */
  readonly id: string;
  readonly nodeId: string;
  nodeKey: string;
  readonly machineKey: string;
  /** Decides its addresses; never given twice. */
  readonly number: number;
  hostname: string;
  /** First label of its name. */
  label: string;
  /** The label was set through the API, so the host name no longer decides it. */
  named: boolean;
  readonly os: string;
  clientVersion: string;
  tags: readonly string[];
  readonly user: string;
  ephemeral: boolean;
  authorized: boolean;
  keyExpiryDisabled: boolean;
  readonly created: string;
  readonly expires: string;
  /** When it was heard of last, as far as it was written down. */
  lastSeen: string;
  advertisedRoutes: readonly string[];
  /** Approved routes, also such as are not advertised now. */
  enabledRoutes: readonly string[];
}

/** A Service of the tailnet, in the API's own form. */
export interface StoredService {
  /** `svc:NAME`. */
  readonly name: string;
  readonly addrs: readonly string[];
  readonly comment: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly ports: readonly string[];
  readonly tags: readonly string[];
}

/** A DNS server: an address or the URL of a DNS-over-HTTPS service. */
export interface Resolver {
  readonly address: string;
  readonly useWithExitNode?: boolean;
}

/** Everything that a tailnet remembers. */
export interface TailnetState {
  policy: string;
  authKeys: Record<string, StoredAuthKey>;
  clients: Record<string, StoredClient>;
  tokens: StoredToken[];
  /** By `id`. */
  devices: Record<string, StoredDevice>;
  /** By `name`. */
  services: Record<string, StoredService>;
  /** Devices and Services that there ever were. */
  deviceCount: number;
  dns: {
    nameservers: readonly Resolver[];
    searchPaths: readonly string[];
    splitDns: Record<string, readonly Resolver[]>;
    magicDns: boolean;
    overrideLocalDns: boolean;
  };
  settings: Record<string, string | number | boolean>;
}

/** The tailnet's memory. */
export type Store = JsonStore<TailnetState>;

/** Opens the memory; without a file it lasts as long as the process. */
export function openStore(file: string | undefined): Store {
  return new JsonStore<TailnetState>(file, {
    policy: defaultPolicy,
    authKeys: {},
    clients: {},
    tokens: [],
    devices: {},
    services: {},
    deviceCount: 0,
    dns: {
      nameservers: [],
      searchPaths: [],
      splitDns: {},
      magicDns: true,
      overrideLocalDns: false,
    },
    settings: {},
  });
}
