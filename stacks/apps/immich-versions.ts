import { isOlder } from "../parts/versions/order.ts";

/**
 * Which VectorChord an Immich takes: it refuses to start with another one (server/src/constants.ts,
 * VECTORCHORD_VERSION_RANGE, and src/repositories/database.repository.ts). Of releases before and after nothing is known here.
 */
export const vectorChordOf: readonly {
  /** Releases of Immich, from the first to before the last. */
  readonly immich: readonly [from: string, before: string];
  /** Releases of VectorChord likewise. */
  readonly vectorChord: readonly [from: string, before: string];
}[] = [{ immich: ["2.7.0", "3.2.0"], vectorChord: ["0.3.0", "2.0.0"] }];

/** The library that PostgreSQL has to load for VectorChord. */
export const preload = "vchord.so";

/** The release of VectorChord in an image of Postgres: `ghcr.io/tensorchord/cloudnative-vectorchord:18.4-1.1.1`. */
export function vectorChordIn(image: string): string | undefined {
  return /cloudnative-vectorchord:\d+(?:\.\d+)?-(\d+\.\d+\.\d+)/.exec(image)?.[1];
}

/** What is known of an Immich with a VectorChord: that they fit, that they do not, or nothing. */
export function fits(
  version: string,
  vectorChord: string,
): { readonly known: boolean; readonly range?: string; readonly ok?: boolean } {
  const release = /^v?(\d+\.\d+\.\d+)/.exec(version)?.[1];
  const row = vectorChordOf.find(
    ({ immich }) => release !== undefined && isBetween(release, immich),
  );
  if (row === undefined) return { known: false };
  const [from, before] = row.vectorChord;
  return {
    known: true,
    range: `${from} and newer, below ${before}`,
    ok: isBetween(vectorChord, row.vectorChord),
  };
}

const isBetween = (version: string, [from, before]: readonly [string, string]): boolean =>
  !isOlder(version, from) && isOlder(version, before);
