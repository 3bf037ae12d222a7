import { statefulApplication, type StatefulRecipe } from "./stateful.ts";

/** One of the programs that look after a library: what differs between them. */
interface Servarr extends Pick<
  StatefulRecipe<Record<never, never>>,
  "title" | "about" | "port" | "library" | "egress"
> {
  /** Word that its image has, and its variables in capitals. */
  readonly word: string;
}

/**
 * Sonarr and its like: one program of .NET with its own login, which it asks for at the first visit. Each takes settings from
 * variables such as SONARR__SERVER__PORT (Servarr's ConfigFileProvider). Data is SQLite in /config, or a Postgres database:
 * the second one, for logs, is switched off then (home-operations/containers, apps/sonarr; onedr0p/home-ops).
 */
export function servarr({ word, port, library, ...recipe }: Servarr) {
  const prefix = word.toUpperCase();
  return statefulApplication({
    ...recipe,
    ...{ port, probe: { path: "/ping" }, user: { uid: 1000, gid: 1000 } },
    image: `ghcr.io/home-operations/${word}`,
    volumes: [{ name: "config", folder: "/config", sizeGiB: 10, backup: true }],
    ...(library === undefined ? {} : { library }),
    // Its backup copies the whole database there first (BackupService.cs), and Sonarr leaves the copy (its issue 8594).
    tmp: "10Gi",
    cpu: "50m",
    memory: { request: "256Mi", limit: "1Gi" },
    environment: ({ config: { logins } }) => ({
      [`${prefix}__SERVER__PORT`]: String(port),
      ...(logins.length === 0 ? {} : { [`${prefix}__LOG__DBENABLED`]: "False" }),
    }),
    logins: {
      postgres: {
        [`${prefix}__POSTGRES__HOST`]: "host",
        [`${prefix}__POSTGRES__PORT`]: "port",
        [`${prefix}__POSTGRES__USER`]: "username",
        [`${prefix}__POSTGRES__PASSWORD`]: "password",
        [`${prefix}__POSTGRES__MAINDB`]: "dbname",
      },
    },
    audiences: ["lan", "tailnet"],
  });
}

/** Indexers, posters and descriptions are anywhere on the internet. */
export const anywhere = { internet: true as const, ports: [80, 443] };
