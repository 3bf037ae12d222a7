import { Provider } from "@pulumi/cloudflare/provider.js";
import type { Site } from "../../open-site.ts";

/** Cloudflare, for all that a site has there; undefined without an edge. */
export function cloudflareProvider({
  config: { edge },
  secrets,
}: Pick<Site, "config" | "secrets">): Provider | undefined {
  return edge && new Provider("cloudflare", { apiToken: secrets.get(edge.apiToken) });
}
