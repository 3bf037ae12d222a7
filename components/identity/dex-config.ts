import { stringify } from "yaml";
import type { SignOnService } from "./client.ts";
import { dexIssuer, dexPorts } from "./names.ts";

/** Somebody who may sign on. */
export interface Person {
  /** In lower case. */
  readonly email: string;
  /** Of `homelab:people`, by which tokens name them too. */
  readonly groups: readonly string[];
}

export interface DexPlan {
  /** Name that people open it by. */
  readonly hostname: string;
  /** How long a token is good for, in minutes or hours: `8h`. */
  readonly session: string;
  readonly people: readonly Person[];
  /** Services by the id of their client. */
  readonly services: Readonly<Record<string, SignOnService>>;
}

/** Secrets of a plan, in plain. */
export interface DexSecrets {
  /** bcrypt hashes of people's passwords by their address; of a cost from 10 to 16 (dex, server/api.go, checkCost). */
  readonly hashes: Readonly<Record<string, string>>;
  /** Secrets of clients by their id; none of one on people's own machines. */
  readonly clients: Readonly<Record<string, string>>;
}

/** Where the pods find the config, and the certificate with its key. */
export const dexFolders = { config: "/etc/dex/config", tls: "/etc/dex/tls" } as const;

/** Name of the config's file. */
export const dexFile = "config.yaml";

/**
 * Everything that Dex knows: who signs on, with which groups, and to what. It keeps nothing of it, so that who is taken out of
 * here is nobody to the pods that read the new text. It hands out tokens for a login alone: none are refreshed, exchanged or had
 * for a password without a browser. Where the objects are that it does keep (keys, logins in progress), its pod's token says.
 * @see https://github.com/dexidp/dex/blob/v2.45.1/cmd/dex/config.go
 * @see https://dexidp.io/docs/configuration/
 */
export function dexConfig(
  { hostname, session, people, services }: DexPlan,
  { hashes, clients }: DexSecrets,
): string {
  return stringify(
    {
      issuer: dexIssuer(hostname),
      // Its kinds are the program's to make.
      storage: { type: "kubernetes", config: { inCluster: true, crdHandling: "check" } },
      web: {
        https: `0.0.0.0:${dexPorts.https}`,
        tlsCert: `${dexFolders.tls}/tls.crt`,
        tlsKey: `${dexFolders.tls}/tls.key`,
        headers: {
          "X-Frame-Options": "DENY",
          "X-Content-Type-Options": "nosniff",
          "Content-Security-Policy": "frame-ancestors 'none'",
        },
      },
      telemetry: { http: `0.0.0.0:${dexPorts.telemetry}` },
      oauth2: {
        grantTypes: ["authorization_code"],
        responseTypes: ["code"],
        // Whoever signs on here does so to the site's own services.
        skipApprovalScreen: true,
      },
      expiry: { idTokens: session, authRequests: "1h" },
      // By itself every 6 hours. Proxies keep the old keys for a while, and refuse what the new one signed until then.
      signer: { type: "local", config: { keysRotationPeriod: "720h" } },
      enablePasswordDB: true,
      staticPasswords: people.map(({ email, groups }) => ({
        ...{ email, username: email, userID: email },
        hash: given(hashes, email),
        groups: [...groups],
      })),
      staticClients: Object.entries(services).map(([id, { title, redirectUris, ...service }]) => ({
        ...{ id, name: title, redirectURIs: [...redirectUris] },
        ...(service.onPeoplesMachines ? { public: true } : { secret: given(clients, id) }),
      })),
    },
    { lineWidth: 0 },
  );
}

function given(secrets: Readonly<Record<string, string>>, of: string): string {
  const value = secrets[of];
  if (value !== undefined) return value;
  throw new Error(`no secret was made for ${of}`);
}
