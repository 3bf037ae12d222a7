/** Whether every secret of the config can be read; what can is handed to the other checks. */
import type { SecretSources } from "../../components/security/secret-ref.ts";
import { readSecrets } from "../../components/security/secrets.ts";
import { siteSecrets } from "../../stacks/schema.ts";
import { secretSources } from "../../stacks/config/secret-sources.ts";
import { ok, problem, type Finding } from "./finding.ts";
import type { Site } from "./site.ts";

/** Secrets by the config path that refers to them. */
export type Known = ReadonlyMap<string, string>;

/** The stack's own encrypted values, as the Automation API gives them. */
export function sourcesOf({ config, values }: Pick<Site, "config" | "values">): SecretSources {
  return {
    ...secretSources(config.onePassword),
    config: {
      get: (name) => values[`secrets:${name}`]?.value,
      isSecret: (name) => values[`secrets:${name}`]?.secret === true,
    },
  };
}

/** Reads each secret by itself, so that one that is missing hides no other. */
export async function knownSecrets(
  site: Pick<Site, "config" | "values">,
  read: typeof readSecrets = readSecrets,
): Promise<{ readonly known: Known; readonly findings: readonly Finding[] }> {
  const known = new Map<string, string>();
  const sources = sourcesOf(site);
  const findings = await Promise.all(
    siteSecrets(site.config).map(async (use): Promise<Finding> => {
      const subject = `secret ${use.path}`;
      try {
        known.set(use.path, (await read([use], sources)).reveal(use.ref));
        return ok(subject, "can be read");
      } catch (error) {
        const [, reason] = (error as Error).message.split(`${use.path}: `);
        return problem(
          subject,
          reason ?? (error as Error).message,
          "put it where the reference points; docs/secrets.md says how",
        );
      }
    }),
  );
  return { known, findings };
}
