import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { lazyArchive, type Archive } from "./archive.ts";
import type { OffersOf } from "./offer.ts";
import type { TarEntry } from "./tar.ts";

/** What the release is built from. */
export interface TailscaleReleaseOptions {
  /** The only version that exists, for example `1.102.3`. */
  readonly version: string;
  /** The stand-in's binary: one program for both names. */
  readonly binary: string;
  /** The unit and its settings, the archive's folder `systemd`. */
  readonly unitFiles: string;
  /** Where the archives are kept; they are built once for each content. */
  readonly cacheDir: string;
}

/** Both names hold the lab's own binary: a machine of the lab has the host's architecture, whatever it asks for. */
const architectures = ["amd64", "arm64"] as const;

/**
 * pkgs.tailscale.com as far as the stable static binaries go (https://pkgs.tailscale.com/stable/#static): the archive
 * with `tailscale` and `tailscaled`, and beside it its bare SHA-256.
 */
export function tailscaleOffers(options: TailscaleReleaseOptions): OffersOf {
  const archives = new Map<string, () => Promise<Archive>>(
    architectures.map((architecture) => {
      const name = `tailscale_${options.version}_${architecture}`;
      const archive = lazyArchive(name, () => archiveEntries(name, options), options.cacheDir);
      return [`/stable/${name}.tgz`, archive];
    }),
  );
  return async (path) => {
    const archive = archives.get(path.replace(/\.sha256$/, ""));
    if (archive === undefined) return undefined;
    const { file, sha256 } = await archive();
    if (path.endsWith(".sha256")) return { body: Buffer.from(sha256), type: "text/plain" };
    return { file, type: "application/octet-stream" };
  };
}

/** The real archive's layout: everything in one folder of the archive's name. */
function archiveEntries(
  folder: string,
  { binary, unitFiles }: TailscaleReleaseOptions,
): TarEntry[] {
  const body = readFileSync(binary);
  return [
    ...["tailscale", "tailscaled"].map((program) => ({
      ...{ path: `${folder}/${program}`, body, executable: true },
    })),
    ...readdirSync(unitFiles)
      .sort()
      .map((name) => ({
        path: `${folder}/systemd/${name}`,
        body: readFileSync(join(unitFiles, name)),
      })),
  ];
}
