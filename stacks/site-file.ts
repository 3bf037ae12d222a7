import { crossCheck } from "./checks.ts";
import { parseConfig, type Parsed } from "./config/parse.ts";
import { readConfig } from "./config/read.ts";
import { deriveSite, siteSchema, type SiteConfig } from "./schema.ts";

/** A site's config from the engine's values by full key, or every reason why it is none; see `parseConfig`. */
export function parseSiteConfig(
  raw: Readonly<Record<string, string>>,
  stack: string,
): Parsed<SiteConfig> {
  return parseConfig({ schema: siteSchema, derive: deriveSite, check: crossCheck }, raw, stack);
}

/** The running stack's name and config. Throws one RunError that names every problem. */
export function readSiteFile(): { readonly name: string; readonly config: SiteConfig } {
  return readConfig(parseSiteConfig);
}
