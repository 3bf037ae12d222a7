import { filesOf, type DefinitionSet, type PinnedFiles } from "./definition-set.ts";

/** The kinds of Dex by its release, as its storage would make them (dex, storage/kubernetes/types.go). */
const kinds: Readonly<Record<string, PinnedFiles>> = {
  "2.45.1": {
    "authcodes.yaml": "da1f8327038057d92062b44e34d21f8b6a29a04668e097c233828a93ba06878f",
    "authrequests.yaml": "3bd218edaaaf9ab1a3587b1c4af4c570e59b4701b63b7811f5394fb811f31870",
    "connectors.yaml": "f3b52d5c8caf7631ebb12875c5ae7314fddbef63036bdba2755cbf04585629de",
    "devicerequests.yaml": "8b1243fe58c9d0f0807dc9335336d7d1618ef80db137f485b7b77a7d4adb4aec",
    "devicetokens.yaml": "6dda05428c85fd554448e2bcb0a6279426fcc584d628dba1aac65f252538d88b",
    "oauth2clients.yaml": "3cdc0a892296e7911cdfe8cb4befc2ae517d8088a7abb9f053abee612d5bb3c4",
    "offlinesessionses.yaml": "82656af7d1dfce48b878ea1de409cbc1e7ecde911ff6c9e17bf3e76cc8ad759e",
    "passwords.yaml": "5324be41102b62fa40eda34a8d155f08481844397ac72192017c82a2fe7e16e1",
    "refreshtokens.yaml": "295e52326bcb9562ec0a9099c2fb2e60b27ed7c5093c0ea71108006ce3f3c002",
    "signingkeies.yaml": "7ab54fddb6c7715959ca548c8c04262e81d88d5ad94104b782958b44d2ff1523",
  },
};

/** Releases of Dex whose kinds are pinned, oldest first. */
export const dexVersions: readonly string[] = Object.keys(kinds);

/**
 * What Dex keeps: its keys and logins in progress. It would make the kinds itself, ask for them before the API serves them, and
 * end for that at its very first start. Throws for a release that is not pinned.
 */
export function dex(version: string): DefinitionSet {
  const files = kinds[version];
  if (files === undefined) throw new Error(`Dex ${version} is not pinned`);
  const source = { repository: "dexidp/dex", tag: `v${version}`, folder: "scripts/manifests/crds" };
  return {
    name: "dex",
    title: `Dex ${version}`,
    files: filesOf(source, files),
    serves: Object.fromEntries(
      Object.keys(files).map((file) => [file.replace(/\.yaml$/, ".dex.coreos.com"), ["v1"]]),
    ),
  };
}
