import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Faults } from "../../world/faults.ts";
import { openRequestLog } from "../request-log.ts";
import { controlRoutes } from "./control.ts";
import { hashOf } from "./credentials.ts";
import { addressesOf } from "./device-address.ts";
import { nameOf } from "./device-name.ts";
import { deviceRoutes } from "./devices.ts";
import { dnsRoutes } from "./dns.ts";
import { keyRoutes } from "./keys.ts";
import { oauthRoutes } from "./oauth.ts";
import { policyRoutes } from "./policy.ts";
import { settingsRoutes } from "./settings.ts";
import { openStore, type Store } from "./store.ts";
import { openTailnet, type TailnetOptions } from "./tailnet.ts";
import { removeGone, tailscaleWeb } from "./web.ts";

/** One tailnet and where it is served. */
export interface TailscaleOptions extends TailnetOptions {
  /** Address that Tailscale's names resolve to. */
  readonly address: string;
  /** Default 443; 0 takes any free port. */
  readonly port?: number;
  /** Certificate for api., login. and controlplane.tailscale.com, and its key, PEM. */
  readonly tls: { readonly cert: string; readonly key: string };
  /** Folder of the tailnet's memory: `tailnet.json`. */
  readonly stateDir: string;
  /** The tailnet's first OAuth client: scope `all`, every tag. */
  readonly oauthClient: { readonly id: string; readonly secret: string };
  readonly faults?: Faults;
  readonly logFile?: string;
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
  const tailnet = openTailnet(openStore(join(options.stateDir, "tailnet.json")), options);
  seed(options, tailnet.store, tailnet.now());
  const { tls, faults } = options;
  const app = tailscaleWeb({
    ...{ tailnet, tls, faults },
    log: openRequestLog(options.logFile),
    open: [...oauthRoutes(tailnet), ...controlRoutes(tailnet)],
    api: [
      ...policyRoutes(tailnet),
      ...keyRoutes(tailnet),
      ...deviceRoutes(tailnet),
      ...dnsRoutes(tailnet),
      ...settingsRoutes(tailnet),
    ],
  });
  await app.listen({ host: options.address, port: options.port ?? 443 });
  return {
    port: (app.server.address() as AddressInfo).port,
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
    close: () => app.close(),
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
