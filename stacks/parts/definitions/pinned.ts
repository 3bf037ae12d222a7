import type { Derivation } from "../../config/derivation.ts";

/** A version that the site file names, and those whose kinds the program knows by their checksums, oldest first. */
export interface Pinned {
  /** Its key in `homelab:versions`. */
  readonly key: string;
  readonly version: string;
  readonly known: readonly string[];
  /** What is not known of another one, with the verb: `the checksum of its kind is`. */
  readonly unknown: string;
}

/** A version whose kinds the program knows; the newest of them stands in for another one, which is reported. */
export function pinned({ key, version, known, unknown }: Pinned, derivation: Derivation): string {
  if (known.includes(version)) return version;
  derivation.report(
    `homelab:versions.${key}`,
    `${unknown} not known for ${version}; known are ${known.join(", ")}. docs/definitions.md says how to add a version`,
  );
  return known.at(-1) ?? version;
}
