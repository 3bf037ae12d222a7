import type { SeenResource } from "../../../policy/rule.ts";
import { Hidden, type Seen, type SeenMap } from "../../../policy/seen.ts";
import { siteFile } from "../../../scripts/site-file.ts";
import type { SiteConfig } from "../../../stacks/schema.ts";
import { parseSiteConfig } from "../../../stacks/site-file.ts";
import { deploySite } from "../../../stacks/site.ts";
import { record, secretsAs } from "../../recorder.ts";
import { siteDeps } from "../site-deps.ts";

/** Every resource that a site's program registers, as policies see it. */
export async function siteResources(stack: string): Promise<readonly SeenResource[]> {
  const file = new URL(`../../../Pulumi.${stack}.yaml`, import.meta.url);
  const { config } = parseSiteConfig(siteFile(file), stack);
  if (config === undefined) throw new Error(`Pulumi.${stack}.yaml is no site`);
  return resourcesOf(stack, config);
}

/** The same of a site by its config. */
export async function resourcesOf(
  stack: string,
  config: SiteConfig,
): Promise<readonly SeenResource[]> {
  const recording = await record(stack);
  await deploySite(stack, config, siteDeps);
  const { resources } = await recording.settled();
  return resources.map(({ type, name, inputs, options: { deleteBeforeReplace } }) => ({
    ...{ type, name, options: { deleteBeforeReplace } },
    inputs: secretsAs(inputs, hide) as SeenMap,
  }));
}

const hide = (hidden: unknown): Hidden => new Hidden(secretsAs(hidden, hide) as Seen);
