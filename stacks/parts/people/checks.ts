import type { Problem } from "../../../components/problem.ts";
import { repeated } from "../../config/lists.ts";
import type { SiteConfig } from "../../schema.ts";

/** Nobody is in a group twice. */
export function checkPeople({ people }: SiteConfig): readonly Problem[] {
  return Object.entries(people).flatMap(([group, members]) =>
    repeated(`homelab:people.${group}`, members),
  );
}
