import { join } from "node:path";
import { openWeb, type WebOptions } from "../web/server.ts";
import { controlRoutes } from "./control.ts";
import { hashOf } from "./credentials.ts";
import { addressesOf } from "./device-address.ts";
import { nameOf } from "./device-name.ts";
import { deviceRoutes } from "./devices.ts";
import { dnsRoutes } from "./dns.ts";
import { keyRoutes } from "./keys.ts";
import { oauthRoutes } from "./oauth.ts";
import { policyRoutes } from "./policy.ts";
import { serviceRoutes } from "./services.ts";
import { settingsRoutes } from "./settings.ts";
import { openStore, type Store } from "./store.ts";
import { openTailnet, type TailnetOptions } from "./tailnet.ts";
import { removeGone, tailscaleWeb } from "./web.ts";

/** One tailnet and where it is served. */
export interface TailscaleOptions extends TailnetOptions, WebOptions {
  /** Folder of the tailnet's memory, `tailnet.json`. Without it nothing is kept. */
  readonly stateDir?: string;
  /** The tailnet's first OAuth client: scope `all`, every tag. */
  readonly oauthClient: { readonly id: string; readonly secret: string };
}

/** A device as the lab's status shows it. */
export interface DeviceStatus {
  /** First label of its name. */
  readonly name: string;
  readonly addresses: readonly string[];
  readonly tags: readonly string[];
  readonly online: boolean;
}

/** The running stand-in. */
export interface Tailscale {
  readonly port: number;
  /** MagicDNS suffix of the devices' names. */
  readonly suffix: string;
  devices(): readonly DeviceStatus[];
  close(): Promise<void>;
}

/**
 * Serves a tailnet's API and its control server over HTTPS. What is kept in `stateDir` is there
 * again at the next call.
 * @throws when the address cannot be listened at, or the memory cannot be read.
 */
export async function createTailscale(options: TailscaleOptions): Promise<Tailscale> {
  const { stateDir } = options;
  const store = openStore(stateDir && join(stateDir, "tailnet.json"));
  const tailnet = openTailnet(store, options);
  seed(options, store, tailnet.now());
  const open = [...oauthRoutes(tailnet), ...controlRoutes(tailnet)];
  const api = [
    ...policyRoutes(tailnet),
    ...keyRoutes(tailnet),
    ...deviceRoutes(tailnet),
    ...dnsRoutes(tailnet),
    ...serviceRoutes(tailnet),
    ...settingsRoutes(tailnet),
  ];
  const web = await openWeb(tailscaleWeb(tailnet, open, api), options);
  return {
    port: web.port,
    suffix: tailnet.suffix,
    devices() {
      removeGone(tailnet);
      return Object.values(tailnet.store.state.devices).map((device) => ({
        name: nameOf(tailnet, device).slice(0, -tailnet.suffix.length - 1),
        addresses: addressesOf(device.number),
        tags: device.tags,
        online: tailnet.presence.online(device),
      }));
    },
    close: () => web.close(),
  };
}

/** The first client is made in the admin console; here it is there from the start, and again after each. */
function seed({ oauthClient }: TailscaleOptions, store: Store, now: number): void {
  const { id, secret } = oauthClient;
  store.change(({ clients }) => {
    const created = clients[id]?.created ?? new Date(now).toISOString();
    clients[id] = {
      ...{ id, hash: hashOf(secret), description: "first client", scopes: ["all"], tags: [] },
      ...{ created, updated: created },
    };
  });
}
