/** Which Dragonfly a site runs. */

/**
 * The release that the operator was made for (dragonfly-operator v1.6.1, internal/resources/version.go). Snapshots are by
 * Dragonfly's own client of S3 since 1.39, which finds buckets of other stores than Amazon's by path; 1.36 did not find again
 * what it had written there (dragonfly, issue 6345).
 */
export const dragonflyVersion = "v1.39.0";

/** The first release that a site may name. */
export const firstGoodVersion = "1.39.0";

/** Image of a release. */
export function dragonflyImage(version: string): string {
  return `docker.dragonflydb.io/dragonflydb/dragonfly:${version}`;
}
