import { z } from "zod";
import { envoyGatewayVersions } from "../../../components/definitions/envoy-gateway.ts";
import { gatewayApiVersions } from "../../../components/definitions/gateway-api.ts";
import { usualAddress, type AddressPool } from "../../../components/network/pool.ts";
import type { Derivation } from "../../config/derivation.ts";
import { ipv4, label, wildcardForm } from "../../config/forms.ts";
import { switched } from "../../config/switched.ts";
import { pinned } from "../definitions/pinned.ts";
import type { Versions } from "../versions/schema.ts";
import { route } from "./route-schema.ts";

const listener = z.strictObject({
  name: label.meta({ description: "Name that routes choose it by", examples: ["mqtt"] }),
  port: z
    .int()
    .min(1)
    .max(65_535)
    .meta({ description: "Port on the gateway's address", examples: [8883] }),
  protocol: z.enum(["tls", "tcp", "udp"]).meta({
    description: "`tls` goes through as it is, to the backend of the name in the handshake",
    examples: ["tls"],
  }),
  hostname: z
    .string()
    .regex(wildcardForm, "use a name such as mqtt.home.arpa, or *.home.arpa for all names below")
    .optional()
    .meta({
      description: "Names that a `tls` listener takes; all when left out",
      examples: ["*.home.arpa"],
    }),
});

const listeners = z
  .array(listener)
  .max(50)
  .default([])
  .describe("What it listens to besides HTTP and HTTPS");

const replicas = z.int().min(1).max(20);

/** Envoy Gateway, the gateways and what they listen to. */
export const gateway = switched("Envoy Gateway: the site's gateways and routes", {
  lan: z
    .strictObject({
      address: ipv4.optional().meta({
        description:
          "Its address, out of `homelab:network.loadBalancers`; the eightieth of a network, the last but one of other pools when left out",
        examples: ["10.96.0.80"],
      }),
      listeners,
    })
    .prefault({})
    .describe("The gateway that the LAN and the router reach"),
  internal: z
    .strictObject({
      enabled: z.boolean().default(false).describe("Whether there is one; needs `homelab:tailnet`"),
      address: ipv4.optional().meta({
        description:
          "Address that the tailnet has given its device, which the names served there then lead to",
        examples: ["100.101.102.103"],
      }),
      listeners,
    })
    .prefault({})
    .describe("A gateway that the tailnet alone reaches, as a device of its own"),
  proxies: z
    .strictObject({
      min: replicas.optional().meta({
        description:
          "Proxies of each gateway at least; 2, or 1 where there is one machine, when left out",
        examples: [2],
      }),
      max: replicas.optional().meta({
        description: "Proxies of each gateway under load; three more than `min` when left out",
        examples: [5],
      }),
    })
    .prefault({})
    .describe("How many proxies a gateway has"),
  redis: z
    .string()
    .regex(/^[a-z0-9.-]+:\d{1,5}$/, "use HOST:PORT such as redis.cache.svc.cluster.local:6379")
    .optional()
    .meta({
      description:
        "Redis in which all proxies count together; needed for `rateLimit.scope: global`",
      examples: ["redis.cache.svc.cluster.local:6379"],
    }),
  routes: z
    .record(label.meta({ examples: ["photos"] }), route)
    .default({})
    .describe("Routes by name: what gateways hand to Services that are there"),
});

export type WrittenGateway = Omit<z.infer<typeof gateway>, "enabled">;

/** What the gateways are made of besides their own section. */
interface Around {
  readonly site: { readonly domain: string };
  readonly machines: readonly unknown[];
  readonly loadBalancers: AddressPool;
  readonly zone: string | undefined;
}

/** The gateways with their versions, which must be ones whose kinds are pinned, and with what was left out. */
export function deriveGateway(
  written: WrittenGateway,
  { site, machines, loadBalancers, zone }: Around,
  { gatewayApi, envoyGateway }: Versions,
  derivation: Derivation,
) {
  const { lan, proxies } = written;
  const min = proxies.min ?? (machines.length > 1 ? 2 : 1);
  const unknown = "the checksums of its custom resource definitions are";
  const known = (key: string, version: string, versions: readonly string[]): string =>
    pinned({ key, version, known: versions, unknown }, derivation);
  return {
    ...written,
    lan: {
      ...lan,
      address: derivation.given(
        "homelab:gateway.lan.address",
        lan.address,
        usualAddress(loadBalancers, 80, 1),
        "made of homelab:network.loadBalancers",
      ),
    },
    proxies: { min, max: proxies.max ?? min + 3 },
    /** Domains whose names the gateways serve. */
    domains: { private: site.domain, public: zone },
    gatewayApi: known("gatewayApi", gatewayApi, gatewayApiVersions),
    envoyGateway: known("envoyGateway", envoyGateway, envoyGatewayVersions),
  };
}
