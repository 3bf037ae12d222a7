import { runtime } from "@pulumi/pulumi";
import type { SeenResource } from "../../../policy/rule.ts";
import { Hidden, type Seen, type SeenMap } from "../../../policy/seen.ts";
import { siteFile } from "../../../scripts/site-file.ts";
import { parseSiteConfig } from "../../../stacks/site-file.ts";
import { deploySite } from "../../../stacks/site.ts";
import { mockPulumi, settled } from "../mocks.ts";
import { siteDeps } from "../site-deps.ts";

/** How the engine's protocol marks a secret. */
const signature = "4dabf18193072939515e22adb298388d";
const secretMark = "1b47061264138c4ac30d75fd1eb44270";

interface RawRequest {
  getType(): string;
  getName(): string;
  getObject(): { toJavaScript(): Record<string, unknown> } | undefined;
  getDeletebeforereplace(): boolean;
}

/** Every resource that a site's program registers, as policies see it. */
export async function siteResources(stack: string): Promise<readonly SeenResource[]> {
  const file = new URL(`../../../Pulumi.${stack}.yaml`, import.meta.url);
  const { config } = parseSiteConfig(siteFile(file));
  if (config === undefined) throw new Error(`Pulumi.${stack}.yaml is no site`);
  const found: SeenResource[] = [];
  await mockPulumi(stack);
  const monitor = runtime.getMonitor() as unknown as {
    registerResource(request: RawRequest, callback: unknown): Promise<void>;
  };
  const forward = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    found.push({
      type: request.getType(),
      name: request.getName(),
      inputs: seen(request.getObject()?.toJavaScript() ?? {}) as SeenMap,
      options: { deleteBeforeReplace: request.getDeletebeforereplace() },
    });
    return forward(request, callback);
  };
  await deploySite(stack, config, siteDeps);
  await settled();
  return found;
}

function seen(value: unknown): Seen {
  if (Array.isArray(value)) return value.map(seen);
  if (typeof value !== "object" || value === null) return value as Seen;
  const map = value as Readonly<Record<string, unknown>>;
  if (map[signature] === secretMark) return new Hidden(seen(map["value"]));
  return Object.fromEntries(Object.entries(map).map(([key, inner]) => [key, seen(inner)]));
}
