import { z } from "zod";
import { ApiError } from "./api-error.ts";
import { ipNetworkText } from "./ip-network.ts";
import { readNetwork } from "./selector.ts";

/** Prefixes that a device advertises; Go clients send null for an empty list. */
export const routes = z
  .array(z.string())
  .nullish()
  .transform((list) => list ?? []);

/** Identity of a device: the public half of its WireGuard key, as Tailscale writes it. */
export const nodeKey = z
  .string()
  .regex(/^nodekey:[0-9a-f]{64}$/, "must be nodekey: and 64 hex digits");

/**
 * Checks advertised prefixes and writes them their shortest way.
 * @throws ApiError 400
 */
export function readRoutes(given: readonly string[]): string[] {
  return given.map((route) => {
    const network = readNetwork(route, "routes");
    if (network === undefined) throw new ApiError(400, `routes: "${route}" is no prefix`);
    if (network.bits === 0)
      throw new ApiError(400, `routes: ${route} is an exit node's; use exitNode`);
    return ipNetworkText(network);
  });
}
