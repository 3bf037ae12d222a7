/** What two sites have with others: Cloudflare, stores of S3, and whoever watches them. */
import type { SiteFile } from "../open-site.ts";
import { bucketsFolder, volumesFolder } from "../parts/backup/volumes.ts";
import { copiedNames } from "../parts/buckets/copies.ts";
import { edgeClaims } from "../parts/edge/claims.ts";
import { disjoint, type Claim, type Judge } from "./rule.ts";

const everywhere = { meet: () => true };

/** Records of one zone, and tunnels and Access' objects of one account. */
export const edge: Judge = disjoint({
  ...everywhere,
  of: (site) =>
    edgeClaims(site).map(({ kind, name, within, path }) => ({
      path,
      value: `the ${kind} ${name} in ${within}`,
    })),
  why: "Cloudflare leads a name to one site. Give one of them another name",
});

/** Folders of buckets; a folder holds what is below it. */
export const buckets: Judge = disjoint({
  ...everywhere,
  of: folders,
  collide: (one, other) => `${one}/`.startsWith(`${other}/`) || `${other}/`.startsWith(`${one}/`),
  why: "each deletes what it does not know after its own time, and would restore the other's. Name another folder or bucket",
});

/** Where a site keeps what outlives it. */
function folders({ name, config }: SiteFile): readonly Claim[] {
  const { cluster, postgres, backup } = config;
  const own = (path: string, usual: string, s3: Store | undefined): readonly Claim[] =>
    s3 === undefined
      ? []
      : [
          {
            path: `${path}.s3.${s3.folder === undefined ? "bucket" : "folder"}`,
            value: folder(s3, s3.folder ?? usual),
          },
        ];
  return [
    ...own("homelab:cluster.snapshots", name, cluster.snapshots.s3),
    ...own("homelab:backup", volumesFolder(name), backup?.s3),
    ...(backup === undefined || copiedNames(config).length === 0
      ? []
      : [
          {
            path: "homelab:backup.s3",
            value: folder(backup.s3, bucketsFolder(name, backup)),
          },
        ]),
    ...Object.entries(postgres?.clusters ?? {}).flatMap(([cluster, { backup: to }]) =>
      to?.s3 === undefined
        ? []
        : [
            {
              path: `homelab:postgres.clusters.${cluster}.backup`,
              value: folder(to.s3, to.archive),
            },
          ],
    ),
  ];
}

/** A store, as far as it says where something is. */
interface Store {
  readonly endpoint: string;
  readonly bucket: string;
  readonly folder?: string | undefined;
}

const folder = ({ endpoint, bucket }: Store, inside: string): string =>
  `${new URL(endpoint).origin}/${bucket}/${inside}`;

/** A watch that two sites tell of themselves is content with one. */
export const heartbeats: Judge = disjoint({
  ...everywhere,
  of: ({ config: { monitoring } }) => {
    const url = monitoring?.heartbeat?.url;
    // What `config:` refers to is each stack's own.
    return url === undefined || !url.startsWith("op://")
      ? []
      : [{ path: "homelab:monitoring.heartbeat.url", value: `the heartbeat ${url}` }];
  },
  why: "one site's silence would not be noticed while the other speaks. Make a check for each",
});
