import type { Problem } from "../../components/problem.ts";
import type { SiteConfig } from "../schema.ts";

/** A class of the site, or one that somebody else has made where the site has no storage. */
export function checkVolumeClass(
  { storage }: Pick<SiteConfig, "storage">,
  path: string,
  name: string | undefined,
): readonly Problem[] {
  if (storage === undefined)
    return name === undefined
      ? [
          {
            path,
            text: "is missing: the site has no storage, so it has no default class; name a class of your own",
          },
        ]
      : [];
  const found = storage.classes.find((one) =>
    name === undefined ? one.default : one.name === name,
  );
  const blocks = storage.classes.filter(({ kind }) => kind === "block").map((one) => one.name);
  const known = `known are ${blocks.join(", ") || "none"}`;
  if (found === undefined)
    return [
      {
        path,
        text:
          name === undefined
            ? `is missing, and no class is the default; name a block class: ${known}`
            : `${name} is no class of homelab:storage; name a block class: ${known}`,
      },
    ];
  if (found.kind === "block") return [];
  return [
    { path, text: `${found.name} is of the kind ${found.kind}; name a block class: ${known}` },
  ];
}
