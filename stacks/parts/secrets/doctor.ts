/** Whether every secret of the config can be read; what can is handed to the other checks. */
import type { ConfigMap } from "@pulumi/pulumi/automation/index.js";
import type { SecretSources } from "../../../components/security/secret-ref.ts";
import { readSecrets } from "../../../components/security/secrets.ts";
import { openVaults, type Vaults } from "../../../components/security/vaults.ts";
import { secretSources } from "../../config/secret-sources.ts";
import type { Check } from "../../doctor/check.ts";
import { judgeEnd } from "../../doctor/ends.ts";
import type { Examined } from "../../doctor/examined.ts";
import { ok, problem, type Finding } from "../../doctor/finding.ts";
import { siteSecrets, type SiteConfig } from "../../schema.ts";

/** A stack's config: read, and as the Automation API gives it. */
export interface StackConfig {
  readonly config: SiteConfig;
  readonly values: ConfigMap;
}

/** The stack's own encrypted values, as the Automation API gives them. */
function sourcesOf({ config, values }: StackConfig): SecretSources {
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
  site: StackConfig,
  read: typeof readSecrets = readSecrets,
): Promise<{ readonly known: Examined["known"]; readonly findings: readonly Finding[] }> {
  const known = new Map<string, string>();
  const sources = sourcesOf(site);
  // One login reads them all: what a service account asks is counted.
  let vaults: Promise<Vaults> | undefined;
  const open: typeof openVaults = (given) => (vaults ??= openVaults(given));
  const findings = await Promise.all(
    siteSecrets(site.config).map(async (use): Promise<Finding> => {
      const subject = `secret ${use.path}`;
      try {
        known.set(use.path, (await read([use], sources, open)).reveal(use.ref));
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

/** Logins at Connect servers: the program's own, and that of the operator in the cluster. */
export function secretChecks({
  config,
  known,
}: Pick<Examined, "config" | "known">): readonly Check[] {
  const { connect, token } = secretSources(config.onePassword);
  return [
    ...(connect === undefined ? [] : tokenChecks(programsToken, token)),
    ...tokenChecks(operatorsToken, known.get(operatorsToken.path)),
  ];
}

/** An access token of a Connect server. */
export interface ConnectToken {
  readonly subject: string;
  /** Where a new one goes. */
  readonly renewal: string;
}

export const programsToken: ConnectToken = {
  subject: "1Password Connect token",
  renewal: "put it into OP_CONNECT_TOKEN",
};

/** The operator goes on as Ready without it, and its Secrets stay as they are. */
export const operatorsToken = {
  path: "homelab:onePassword.operator.token",
  subject: "token of 1Password's operator",
  renewal: "put it where homelab:onePassword.operator.token points, and run up",
} as const satisfies ConnectToken & { readonly path: string };

const tokenChecks = (one: ConnectToken, token: string | undefined): readonly Check[] =>
  token === undefined
    ? []
    : [{ subject: one.subject, run: () => Promise.resolve(judgeConnectToken(one, token)) }];

/**
 * How long a token of 1Password Connect lasts: it is a JWT (RFC 7519), with the claim `exp` when it ends at all. Nothing
 * about one in another form: reading the secrets shows whether the program's is good.
 */
export function judgeConnectToken(
  { subject, renewal }: ConnectToken,
  token: string,
  now = new Date(),
): readonly Finding[] {
  const [, claims] = /^eyJ[\w-]+\.(eyJ[\w-]+)\.[\w-]+$/.exec(token) ?? [];
  if (claims === undefined) return [];
  const { exp } = JSON.parse(Buffer.from(claims, "base64url").toString()) as { exp?: unknown };
  if (typeof exp !== "number") return [ok(subject, "does not end")];
  const remedy = `issue a new one (op connect token create), ${renewal}: docs/secrets.md`;
  return [judgeEnd({ subject, ends: new Date(exp * 1000), remedy }, now)];
}
