import { z } from "zod";
import type { Derivation } from "../../config/derivation.ts";
import type { People } from "./schema.ts";

/** Where groups are named, and why their members' addresses are needed there. */
interface Naming {
  /** Path of the list, for example `homelab:edge.access.family.people`. */
  readonly path: string;
  readonly groups: readonly string[];
  /** Who tells people apart by their addresses, as a clause: `Access knows people by e-mail address alone`. */
  readonly why: string;
}

/**
 * E-mail addresses of the members of groups of `homelab:people`, in their order. Reports groups that there are not, and
 * members who are known by a login of the tailnet alone.
 */
export function addresses(
  { path, groups, why }: Naming,
  people: People,
  derivation: Derivation,
): readonly string[] {
  return groups.flatMap((group, i) => {
    const at = `${path}[${i}]`;
    const members = people[group];
    if (members === undefined) {
      const known = Object.keys(people).join(", ") || "none";
      derivation.report(at, `${group} is no group of homelab:people; known are ${known}`);
      return [];
    }
    for (const member of members.filter((one) => !z.email().safeParse(one).success)) {
      const text = `${member} of ${group} is a login of the tailnet, and ${why}; name a group of addresses here`;
      derivation.report(at, text);
    }
    return members;
  });
}
