import type { Problem } from "../../components/problem.ts";
import type { SiteConfig } from "../schema.ts";
import { classInForce } from "./volume-class.ts";

/** A class of the site, or one that somebody else has made where the site has no storage. */
export function checkVolumeClass(
  { storage }: Pick<SiteConfig, "storage">,
  path: string,
  name: string | undefined,
  kind: "block" | "file" = "block",
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
  const right = storage.classes.filter((one) => one.kind === kind).map((one) => one.name);
  const found = classInForce(storage.classes, name, kind);
  const known = `known are ${right.join(", ") || "none"}`;
  if (found === undefined)
    return [
      {
        path,
        text:
          name === undefined
            ? `is missing, and no class is the default; name a ${kind} class: ${known}`
            : `${name} is no class of homelab:storage; name a ${kind} class: ${known}`,
      },
    ];
  if (found.kind === kind) return [];
  return [
    { path, text: `${found.name} is of the kind ${found.kind}; name a ${kind} class: ${known}` },
  ];
}
