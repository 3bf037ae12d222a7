/** How two sites of one folder are held against each other. */
import type { SiteFile } from "../open-site.ts";

/** A key of a site's file. */
export interface Place {
  readonly site: string;
  /** Config path, such as `homelab:network.pods`. */
  readonly path: string;
}

/** Two keys of two files that do not go together. */
export interface Clash {
  readonly at: Place;
  readonly against: Place;
  /** What is wrong, and what to do. */
  readonly text: string;
}

/** Judges two sites. Each pair is judged once. */
export type Judge = (one: SiteFile, other: SiteFile) => readonly Clash[];

/** Judges either site of a pair by the other, where a rule looks from one of them. */
export const bothWays =
  (judge: Judge): Judge =>
  (one, other) => [...judge(one, other), ...judge(other, one)];

/** Something that a site takes for itself, by the key that says so. */
export interface Claim {
  readonly path: string;
  readonly value: string;
}

/** Things of which no two sites may have the same. */
export interface Claims {
  /** Whether what these two take can meet at all. */
  readonly meet: (one: SiteFile, other: SiteFile) => boolean;
  readonly of: (site: SiteFile) => readonly Claim[];
  /** Whether two of them are in each other's way; where they are equal, when left out. */
  readonly collide?: (one: string, other: string) => boolean;
  /** Why not both can have it, and what to do. */
  readonly why: string;
}

/** Every two claims of two sites that are in each other's way. */
export function disjoint({ meet, of, collide, why }: Claims): Judge {
  const collides = collide ?? ((one: string, other: string) => one === other);
  return (one, other) => {
    if (!meet(one, other)) return [];
    const taken = of(other);
    return of(one).flatMap((mine) =>
      taken
        .filter(({ value }) => collides(mine.value, value))
        .map((theirs): Clash => ({
          at: { site: one.name, path: mine.path },
          against: { site: other.name, path: theirs.path },
          text: `${both(mine.value, theirs.value)}; ${why}`,
        })),
    );
  };
}

const both = (mine: string, theirs: string): string =>
  mine === theirs ? `both have ${mine}` : `${mine} and ${theirs} overlap`;
