/** The two names of the telemetry: where vehicles stream to, and where Tesla finds the application's key. */
import type { PublicName } from "../../../components/edge/public-name.ts";
import type { SiteName } from "../../../components/names/names.ts";
import {
  publicKeyPath,
  publicKeyRoute,
  server,
  teslaNamespace,
} from "../../../components/tesla/names.ts";
import type { Exposed } from "../../exposure/table.ts";
import type { SiteConfig } from "../../schema.ts";

/** A public name with where it is written. */
export interface TeslaName extends PublicName {
  /** Config path of the name. */
  readonly from: string;
}

const keyReason = "the public key of the Tesla application, which Tesla and vehicles read";
const vehiclesReason = "vehicles show certificates of Tesla's, which the server itself asks for";

/** The name that the tunnel leads to; none without the part. */
export function teslaKeyNames({ tesla }: Pick<SiteConfig, "tesla">): readonly TeslaName[] {
  if (tesla === undefined) return [];
  const { hostname } = tesla.key;
  return [{ hostname, access: [], withoutAccess: keyReason, from: "homelab:tesla.key.hostname" }];
}

/** Both names, as the site's list has them: at home vehicles meet the server itself. */
export function teslaSiteNames(config: Pick<SiteConfig, "tesla">): readonly SiteName[] {
  const { tesla } = config;
  if (tesla === undefined) return [];
  const { hostname, address, publicAddress } = tesla;
  return [
    {
      ...{ name: hostname, lan: address, from: "homelab:tesla.hostname" },
      public: { address: publicAddress, proxied: false },
      publicFrom: "homelab:tesla.publicAddress",
    },
    ...teslaKeyNames(config).map(({ hostname: name, from }): SiteName => ({
      ...{ name, from, public: "tunnel" },
    })),
  ];
}

/** Both names as the table of what is reached from outside has them. */
export function teslaExposure(config: Pick<SiteConfig, "tesla">): readonly Exposed[] {
  const { tesla } = config;
  if (tesla === undefined) return [];
  const { hostname, port, address } = tesla;
  return [
    {
      ...{ host: hostname, to: "public", protocol: "tls", port, tls: "backend", named: true },
      ...{ backend: `${teslaNamespace.name}/${server}:${port}`, access: [] },
      ...{ withoutAccess: vehiclesReason, forwardedTo: address, from: "homelab:tesla.hostname" },
    },
    ...teslaKeyNames(config).map(({ hostname: host, access, withoutAccess, from }): Exposed => ({
      ...{ host, to: "public", protocol: "http", port: 443, path: publicKeyPath },
      ...{ backend: `${teslaNamespace.name}/${publicKeyRoute}`, tls: "Cloudflare", named: true },
      ...{ access, from },
      ...(withoutAccess === undefined ? {} : { withoutAccess }),
    })),
  ];
}
