import { readSecrets, type Secrets, type SecretUse } from "../components/security/secrets.ts";
import { secretSources } from "./config/secret-sources.ts";
import { siteSecrets, type SiteConfig } from "./schema.ts";

/** A site with everything that its parts read: one value goes to each. */
export interface Site {
  /** The stack's name. */
  readonly name: string;
  readonly config: SiteConfig;
  readonly secrets: Secrets;
}

/** What a site is before its secrets were read. */
export type SiteFile = Pick<Site, "name" | "config">;

/** Reads the secrets of these uses; throws one error that names all which cannot be read. */
export type ReadSecrets = (uses: readonly SecretUse[]) => Promise<Secrets>;

/** The site with its secrets. Throws one RunError that names every secret which cannot be read. */
export async function openSite(
  name: string,
  config: SiteConfig,
  read: ReadSecrets = (uses) => readSecrets(uses, secretSources(config.onePassword)),
): Promise<Site> {
  return { name, config, secrets: await read(siteSecrets(config)) };
}
