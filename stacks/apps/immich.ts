import type { Problem } from "../../components/problem.ts";
import { fits, preload, vectorChordIn } from "./immich-versions.ts";
import { namesOf } from "./names.ts";
import type { Exposure } from "./schema.ts";
import type { SiteView } from "./site-view.ts";
import { statefulApplication } from "./stateful.ts";

/** The application that is its machine learning, where the site has it. */
const learning = "immich-machine-learning";

/**
 * Immich's server. Its database is a Postgres with VectorChord, its queue a Redis, and its machine learning an application of its
 * own (docs/docs/install/environment-variables.md). The image runs as anybody who may write to /data (docs/docs/FAQ.mdx, "How can I
 * run Immich as a non-root user?").
 */
export const immich = statefulApplication({
  title: "Immich",
  about: "Immich, photos and videos",
  image: "ghcr.io/immich-app/immich-server",
  port: 2283,
  probe: { path: "/api/server/ping" },
  // Before it listens it makes its indexes of vectors anew, after another VectorChord and as the library grows; a kill rolls all of it
  // back, and the next start begins anew (immich #30613).
  startSeconds: 7200,
  user: { uid: 1000, gid: 1000 },
  volumes: [{ name: "library", folder: "/data", sizeGiB: 200, backup: true }],
  cpu: "200m",
  // ffmpeg is in it: one process beyond the limit takes all of the container along (kubernetes, memory.oom.group).
  memory: { request: "1Gi", limit: "6Gi" },
  environment: ({ site }) => ({
    DB_VECTOR_EXTENSION: "vectorchord",
    IMMICH_MEDIA_LOCATION: "/data",
    ...(site.apps[learning] === undefined
      ? { IMMICH_MACHINE_LEARNING_ENABLED: "false" }
      : { IMMICH_MACHINE_LEARNING_URL: `http://${learning}.${learning}.svc:3003` }),
  }),
  logins: {
    postgres: {
      ...{ DB_HOSTNAME: "host", DB_PORT: "port", DB_DATABASE_NAME: "dbname" },
      ...{ DB_USERNAME: "username", DB_PASSWORD: "password" },
    },
    redis: { REDIS_HOSTNAME: "host", REDIS_PORT: "port", REDIS_PASSWORD: "password" },
  },
  // What the newest version is; maps are drawn by browsers.
  egress: [{ names: ["api.github.com", "version.immich.cloud"], ports: [443] }, { app: learning }],
  traps: [
    {
      from: "3.0.0",
      says: "it takes VectorChord alone: a database that still has pgvecto.rs is moved by a release of 2 first (docs/docs/administration/postgres-standalone.md)",
    },
  ],
  checks: ({ config, site }, path) => [
    ...stores(config.logins, path),
    ...config.logins.flatMap(({ to }, i) => [
      ...database(site, to, config.version, `${path}.logins[${i}].to`),
      ...queue(site, to, `${path}.logins[${i}].to`),
    ]),
  ],
  notices: ({ name, config, site }, path) => [
    ...namesOf(name, config)
      .filter(({ to }) => to === "public")
      .map(
        ({ hostname }) =>
          `${hostname} takes no upload above 100 MB: Cloudflare refuses larger ones (413) on its smaller plans; let the app upload by a name for the LAN or the tailnet, and share by this one (${path})`,
      ),
    ...unknownPairs(config, site, path),
  ],
});

function stores(logins: Exposure["logins"], path: string): readonly Problem[] {
  return ["postgres", "redis"]
    .filter((kind) => !logins.some(({ to }) => to.startsWith(`${kind}/`)))
    .map((kind) => ({
      path: `${path}.logins`,
      text: `lacks a login to ${kind}, without which Immich does not start; add { to: ${kind === "postgres" ? "postgres/CLUSTER/DATABASE" : "redis/NAME"} }`,
    }));
}

/** The cluster that an address of a database names, and the database's name. */
function clusterOf({ postgres }: SiteView, to: string) {
  const [kind, cluster = "", database = ""] = to.split("/");
  const found = kind === "postgres" ? postgres?.clusters[cluster] : undefined;
  return found && { cluster, database, ...found };
}

/** What the cluster of its database must be. As superuser it makes its extensions itself; that it is there logins are checked for. */
function database(site: SiteView, to: string, version: string, path: string): readonly Problem[] {
  const found = clusterOf(site, to);
  if (found === undefined) return [];
  const { cluster, database: name, image, preload: loaded, databases, roles, pooler } = found;
  const at = `homelab:postgres.clusters.${cluster}`;
  const problem = (text: string): Problem => ({ path, text });
  const vectorChord = vectorChordIn(image);
  const pair = vectorChord === undefined ? undefined : fits(version, vectorChord);
  return [
    ...(vectorChord === undefined
      ? [
          problem(
            `leads to a cluster of ${image}, which has no VectorChord as far as its name tells; use ${at}.image: ghcr.io/tensorchord/cloudnative-vectorchord:PG-VCHORD`,
          ),
        ]
      : []),
    ...(pair?.ok === false
      ? [
          problem(
            `leads to VectorChord ${vectorChord ?? ""}, and Immich ${version} takes ${pair.range ?? ""}; change ${at}.image and the version of Immich together`,
          ),
        ]
      : []),
    ...(loaded.includes(preload)
      ? []
      : [
          problem(
            `leads to a cluster that does not load VectorChord; add ${preload} to ${at}.preload`,
          ),
        ]),
    ...(roles[databases[name]?.owner ?? ""]?.superuser === true
      ? []
      : [
          problem(
            `leads to a database whose owner is no superuser, by which Immich makes and upgrades its extensions; set ${at}.roles.${databases[name]?.owner ?? name}.superuser`,
          ),
        ]),
    // Its locks are a session's (server/src/repositories/database.repository.ts, withLock).
    ...(pooler?.mode === "transaction"
      ? [
          problem(
            `leads to a cluster whose pooler is of the mode transaction, in which Immich's locks stay with nobody and starts wait for them for ever; set ${at}.pooler.mode: session`,
          ),
        ]
      : []),
  ];
}

/** Its queue runs scripts that touch keys which they do not declare, and keeps what is still to be done. */
function queue({ redis }: SiteView, to: string, path: string): readonly Problem[] {
  const [kind, name = ""] = to.split("/");
  const found = kind === "redis" ? redis?.instances[name] : undefined;
  if (found === undefined) return [];
  const at = `homelab:redis.instances.${name}`;
  const refuses = `leads to an instance that refuses Immich's scripts; set ${at}.undeclaredKeys`;
  const forgets = `leads to an instance that forgets keys when it is full, and with them what Immich has still to do; remove ${at}.evicts`;
  return [...(found.undeclaredKeys ? [] : [refuses]), ...(found.evicts ? [forgets] : [])].map(
    (text) => ({ path, text }),
  );
}

function unknownPairs(
  { version, logins }: Pick<Exposure, "logins"> & { readonly version: string },
  site: SiteView,
  path: string,
): readonly string[] {
  return logins.flatMap(({ to }) => {
    const image = clusterOf(site, to)?.image;
    const vectorChord = image === undefined ? undefined : vectorChordIn(image);
    if (vectorChord === undefined || fits(version, vectorChord).known) return [];
    return [
      `whether Immich ${version} takes VectorChord ${vectorChord} is not known here: read server/src/constants.ts of that release before the up (${path}.version)`,
    ];
  });
}
