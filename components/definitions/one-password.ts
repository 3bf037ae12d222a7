import { filesOf, type DefinitionSet } from "./definition-set.ts";

/** The operator's release by the version of the connect chart, which runs it (`operator.version` of its values). */
const operators: Readonly<Record<string, string>> = { "2.4.1": "v1.12.0" };

/** The operator's own kind by its release. */
const pinned: Readonly<Record<string, string>> = {
  "v1.12.0": "18d40e18088ad58eed1fc6a4dd5eb1de8e7cec71e53abc39d8ef09b61bc0de0b",
};

/** Versions of the connect chart whose kind is pinned, oldest first. */
export const connectVersions: readonly string[] = Object.keys(operators);

/** The kind OnePasswordItem as the operator of a pinned version of the connect chart reads it; throws for another one. */
export function onePassword(chart: string): DefinitionSet {
  const tag = operators[chart] ?? "";
  const sha256 = pinned[tag];
  if (sha256 === undefined) throw new Error(`the connect chart ${chart} is not pinned`);
  const source = { repository: "1Password/onepassword-operator", tag, folder: "config/crd/bases" };
  return {
    name: "1password",
    title: `1Password's operator ${tag}`,
    files: filesOf(source, { "onepassword.com_onepassworditems.yaml": sha256 }),
    serves: { "onepassworditems.onepassword.com": ["v1"] },
  };
}
