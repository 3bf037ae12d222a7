import { brokenEdges } from "./broken-edges.ts";
import { brokenSecrets } from "./broken-secrets.ts";
import { brokenTailnets } from "./broken-tailnets.ts";
import { brokenFoundations } from "./broken-foundations.ts";
import type { Changes } from "./sample.ts";

/** A site whose config must be refused. */
export interface BrokenSite {
  readonly what: string;
  /** What differs from the home site. */
  readonly changes?: Changes;
  /** Further values by full key, as the engine hands them over. */
  readonly raw?: Readonly<Record<string, string>>;
  /** Full keys that stand encrypted in the stack's file. */
  readonly encrypted?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Stack's name; home when left out. */
  readonly stack?: string;
  /** Config path that the refusal names. */
  readonly path: string;
  /** What it says to do. */
  readonly advice: RegExp;
}

/** Site configs that differ from the home site by what makes each of them wrong. */
export const brokenSites: readonly BrokenSite[] = [
  ...[...brokenFoundations, ...brokenTailnets, ...brokenEdges].map(
    ([what, path, advice, changes]) => ({
      ...{ what, path, advice, changes },
    }),
  ),
  ...brokenSecrets,
  {
    what: "a section that does not exist",
    raw: { "homelab:tailscale": "{}" },
    path: "homelab:tailscale",
    advice: /unknown key; known are site, versions, proxmox, .*tailnet/,
  },
  {
    what: "plain text in place of a section",
    raw: { "homelab:edge": "example.net" },
    path: "homelab:edge",
    advice: /write a structure in YAML/,
  },
  {
    what: "a stack whose name cannot be a tag",
    stack: "Home_1",
    path: "stack",
    advice: /use lower-case letters, digits and hyphens/,
  },
];
