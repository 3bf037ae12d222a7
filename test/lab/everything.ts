/** Home with all that the lab can run of it beyond its file: stores, applications over them, and a store outside for what they keep. */
import { readFile } from "node:fs/promises";
import { openAuthority } from "../../lab/world/authority.ts";
import type { Application } from "../../stacks/apps/application.ts";
import { applications as known } from "../../stacks/apps/index.ts";
import { attempt, paths, run } from "./command.ts";
import { isSettled, setConfigs, up } from "./site.ts";
import { labRuns } from "./states.ts";
import { client, postgresRelease } from "./stores.ts";

const postgres = "homelab:postgres.clusters.main";
const redis = "homelab:redis.instances.cache";
const kafka = "homelab:kafka.clusters.main";
const pictures = "homelab:buckets.pictures";
const apps = "homelab:apps";

/** Applications that keep something in volumes, all that a site can name. */
export const applications: Readonly<Record<string, { readonly namespace: string }>> =
  Object.fromEntries(
    Object.entries<Application>(known)
      .filter(([, one]) => one.kept !== undefined)
      .map(([name, { library = name }]) => [name, { namespace: library }]),
  );

/** Of these, what home has no more after a while. */
const leavers = ["prowlarr", "seerr", "plex", "sonarr", "bazarr", "qbittorrent"];

/** Lets go what leaves for good. */
export const allow: Readonly<Record<string, string>> = Object.fromEntries(
  ["kafka/main", ...leavers.map((name) => `apps/${name}`)].map((entry, i) => [
    `homelab:allowDataLoss[${i}]`,
    entry,
  ]),
);

/** Keys of the store outside, which has a certificate of an authority of its own. */
async function outside(at: string, bucket: string): Promise<Record<string, string>> {
  const { certificateFile } = await openAuthority(paths.ca);
  return {
    [`${at}.endpoint`]: "https://nas.home.arpa:9000",
    [`${at}.bucket`]: bucket,
    [`${at}.ca`]: await readFile(certificateFile, "utf8"),
    [`${at}.accessKey`]: "op://Homelab/NAS/access-key",
    [`${at}.secretKey`]: "op://Homelab/NAS/secret-key",
  };
}

const lan = (name: string): Record<string, string> => ({
  [`${apps}.${name}.expose[0].host`]: `${name}.home.arpa`,
  [`${apps}.${name}.expose[0].to`]: "lan",
});

/** One cluster for all, of the image that Immich's database wants: a second one would cost instances, and show nothing more. */
const stores = async (): Promise<Record<string, string | number | boolean>> => ({
  [`${postgres}.version`]: await postgresRelease(),
  [`${postgres}.image`]: `ghcr.io/tensorchord/cloudnative-vectorchord:${await postgresRelease()}-1.1.1`,
  [`${postgres}.preload[0]`]: "vchord.so",
  [`${postgres}.roles.photos.superuser`]: true,
  [`${postgres}.storage.sizeGiB`]: 2,
  [`${postgres}.databases.notes.extensions[0]`]: "pg_trgm",
  [`${postgres}.databases.history.owner`]: "history",
  [`${postgres}.databases.photos.owner`]: "photos",
  ...(await outside(`${postgres}.backup.s3`, "postgres")),
  [`${redis}.memoryMiB`]: 512,
  [`${redis}.undeclaredKeys`]: true,
  [`${redis}.snapshots.bucket`]: "ceph-bucket",
  [`${kafka}.controllers.sizeGiB`]: 1,
  [`${kafka}.brokers.sizeGiB`]: 2,
  [`${kafka}.topics.words.keepHours`]: 24,
  [`${kafka}.users.reader.reads[0]`]: "words",
  [`${pictures}.maxGiB`]: 1,
  [`${apps}.${client}.logins[0].to`]: "postgres/main/notes",
  [`${apps}.${client}.logins[1].to`]: "redis/cache",
  [`${apps}.${client}.logins[2].to`]: "bucket/pictures",
  [`${apps}.${client}.logins[3].to`]: "kafka/main/reader",
});

const overStores: Readonly<Record<string, string | number>> = {
  "homelab:libraries.media.sizeGiB": 20,
  [`${apps}.home-assistant.version`]: "2026.8.3",
  ...lan("home-assistant"),
  [`${apps}.home-assistant.logins[0].to`]: "postgres/main/history",
  [`${apps}.immich.version`]: "v3.1.0",
  [`${apps}.immich.volumes.library.sizeGiB`]: 20,
  ...lan("immich"),
  [`${apps}.immich.logins[0].to`]: "postgres/main/photos",
  [`${apps}.immich.logins[1].to`]: "redis/cache",
  [`${apps}.immich-machine-learning.version`]: "v3.1.0",
  [`${apps}.plex.version`]: "1.43.3.10896",
  [`${apps}.plex.address`]: "10.96.0.20",
  ...lan("plex"),
  [`${apps}.sonarr.version`]: "4.0.19.3001",
  ...lan("sonarr"),
  [`${apps}.radarr.version`]: "6.4.1.10545",
  ...lan("radarr"),
  [`${apps}.prowlarr.version`]: "2.6.1.5509",
  ...lan("prowlarr"),
  [`${apps}.bazarr.version`]: "1.6.0",
  ...lan("bazarr"),
  [`${apps}.seerr.version`]: "v3.4.1",
  [`${apps}.seerr.expose[0].host`]: "wishes.example.net",
  [`${apps}.seerr.expose[0].to`]: "public",
  [`${apps}.seerr.expose[0].access[0]`]: "family",
  [`${apps}.qbittorrent.version`]: "5.2.3",
  ...lan("qbittorrent"),
  [`${apps}.qbittorrent.vpn.endpoint`]: "198.51.100.7",
  [`${apps}.qbittorrent.vpn.publicKey`]: "VNNO5MYorFu1UerHvoXccW6TvotxbJ1GAGJKtzM9HTY=",
  [`${apps}.qbittorrent.vpn.address`]: "10.64.0.2/32",
  [`${apps}.qbittorrent.vpn.privateKey`]: "op://Homelab/VPN/private-key",
};

/** Names by which devices of the LAN reach applications. */
export const onLan: readonly string[] = Object.values(overStores)
  .map(String)
  .filter((value) => value.endsWith(".home.arpa"));

/** Where volumes are saved, and the bucket is copied. */
export const backup = async (): Promise<Record<string, string | number>> => ({
  ...(await outside("homelab:backup.s3", "volumes")),
  "homelab:backup.password": "op://Homelab/Backup/password",
  [`${pictures}.backup.keepDays`]: 7,
});

/** Home is up with stores and applications, as `npm run up` brings them. */
export async function everythingIsUp(): Promise<void> {
  await labRuns();
  const { code } = await attempt`pulumi config get --stack home --path ${`${postgres}.version`}`;
  if (code !== 0) await setConfigs({ ...(await stores()), ...overStores });
  if (!(await isSettled("home"))) await up("home");
}

/** Takes Kafka and some of the applications out of home's file. */
export async function wantLess(): Promise<void> {
  const gone = [
    "homelab:kafka",
    `${apps}.${client}.logins[3]`,
    ...leavers.map((name) => `${apps}.${name}`),
  ];
  await run`pulumi config rm-all --stack home --path ${gone}`;
}

/** What the cluster of a raised site begins with: what the life before it has archived. */
export async function recovered(): Promise<Record<string, string>> {
  const [major] = (await postgresRelease()).split(".");
  const archive = `main-${major}`;
  return {
    [`${postgres}.recover.archive`]: archive,
    [`${postgres}.backup.archive`]: `${archive}-b`,
  };
}
