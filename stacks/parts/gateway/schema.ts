import type { z } from "zod";
import { envoyGatewayVersions } from "../../../components/definitions/envoy-gateway.ts";
import { gatewayApiVersions } from "../../../components/definitions/gateway-api.ts";
import type { Derivation } from "../../config/derivation.ts";
import { switched } from "../../config/switched.ts";
import type { Versions } from "../versions/schema.ts";

/** Envoy Gateway, the gateways and what they listen to. */
export const gateway = switched("Envoy Gateway and the site's gateways", {});

/** The gateways with their versions, which must be ones whose kinds are pinned. */
export function deriveGateway(
  written: Omit<z.infer<typeof gateway>, "enabled">,
  { gatewayApi, envoyGateway }: Versions,
  derivation: Derivation,
) {
  return {
    ...written,
    gatewayApi: pinned("gatewayApi", gatewayApi, gatewayApiVersions, derivation),
    envoyGateway: pinned("envoyGateway", envoyGateway, envoyGatewayVersions, derivation),
  };
}

/** A version whose kinds the program knows by their checksums; the newest of them stands in for another one. */
function pinned(
  key: "gatewayApi" | "envoyGateway",
  version: string,
  known: readonly string[],
  derivation: Derivation,
): string {
  if (known.includes(version)) return version;
  derivation.report(
    `homelab:versions.${key}`,
    `the checksums of its custom resource definitions are not known for ${version}; known are ${known.join(", ")}. docs/definitions.md says how to add a version`,
  );
  return known.at(-1) ?? version;
}
