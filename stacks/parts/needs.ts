import type { Problem } from "../../components/problem.ts";
import type { SiteConfig } from "../schema.ts";

/** A part that cannot do without another. Both are named by their section's path, such as `onePassword.operator`. */
export interface Need {
  readonly part: string;
  readonly needs: string;
  /** What it takes from there. */
  readonly why: string;
}

/** What parts take from each other, a line each. */
const needs: readonly Need[] = [
  {
    part: "onePassword.operator",
    needs: "reloader",
    why: "it starts pods anew that read an item which has changed",
  },
  {
    part: "logs",
    needs: "storage",
    why: "Loki keeps lines in a bucket, and before that in a volume",
  },
  {
    part: "postgres",
    needs: "certificates",
    why: "operator and plugin know each other by certificates of cert-manager",
  },
  { part: "tesla", needs: "kafka", why: "it keeps the records of vehicles in topics" },
  { part: "tesla", needs: "certificates", why: "vehicles know the server by a certificate" },
  { part: "tesla", needs: "reloader", why: "it starts the server anew with a renewed certificate" },
  { part: "tesla", needs: "edge", why: "its names are in the public zone" },
  { part: "tesla", needs: "names", why: "it brings the name of the server to public DNS" },
  { part: "tesla", needs: "gateway", why: "it shows the public key" },
];

/** No part is switched off that another one needs. */
export function checkNeeds(config: SiteConfig, known = needs): readonly Problem[] {
  return known
    .filter(({ part, needs: needed }) => has(config, part) && !has(config, needed))
    .map(({ part, needs: needed, why }) => ({
      path: `homelab:${needed}`,
      text: `homelab:${part} needs it: ${why}; switch it on, or ${part} off as well`,
    }));
}

/** Whether a site has the part with this section: what is switched off is undefined in a site's config. */
function has(config: SiteConfig, section: string): boolean {
  const found = section
    .split(".")
    .reduce<unknown>(
      (around, key) => (around as Record<string, unknown> | undefined)?.[key],
      config,
    );
  return found !== undefined;
}
