import type { Finding, ResourceRule } from "../rule.ts";
import { elements, fields, text, unknown, type Seen } from "../seen.ts";

const containerLists = ["containers", "initContainers", "ephemeralContainers"];

/** A pod that restarts must get what it had before. */
export const images: ResourceRule = {
  name: "images-are-pinned",
  description:
    "Every container's image names one release, by a tag with its version or by digest: `latest` or no tag is another " +
    "program after the next restart.",
  judge: ({ type, inputs }) => {
    if (type === "command:remote:Command") return manifestImages(text(inputs["stdin"]) ?? "");
    if (!type.startsWith("kubernetes:") || type.startsWith("kubernetes:helm.sh/")) return [];
    return containerImages("", inputs);
  },
};

/** What is wrong with an image's reference; undefined when it names one release. */
export function imageProblem(image: string): string | undefined {
  if (/@sha256:[0-9a-f]{64}$/.test(image)) return undefined;
  if (image.includes("@")) return "has a digest that is no `@sha256:` with 64 hex digits";
  const tag = /:([^:/]+)$/.exec(image)?.[1];
  if (tag === undefined) return "has no tag, which means latest";
  return isRelease(tag) ? undefined : `has the tag ${tag}, which moves`;
}

/**
 * A tag of three numbers, of a day or of a commit; `v1` and `1.4` are moved to the next release. Nobody can tell those from
 * whole versions of two numbers, such as PostgreSQL's: these need a digest.
 */
const isRelease = (tag: string): boolean =>
  /\d+[._]\d+[._]\d+|\d{8}|\d{4}-\d{2}-\d{2}|(?=[0-9a-f]*\d)[0-9a-f]{7,}/.test(tag);

function finding(where: string, image: string): readonly Finding[] {
  const problem = imageProblem(image);
  return problem === undefined
    ? []
    : [`${where}: ${image} ${problem}; use a tag with the whole version, or @sha256:DIGEST`];
}

function containerImages(path: string, value: Seen): readonly Finding[] {
  const inner = elements(value).map((element, i) => [`${path}[${i}]`, element] as const);
  const named = fields(value).map(
    ([key, field]) => [path === "" ? key : `${path}.${key}`, field] as const,
  );
  return [...inner, ...named].flatMap(([where, field]) =>
    containerLists.some((list) => where.endsWith(`.${list}`))
      ? elements(field).flatMap((container, i) => ofContainer(`${where}[${i}]`, container))
      : containerImages(where, field),
  );
}

function ofContainer(where: string, container: Seen): readonly Finding[] {
  const image = fields(container).find(([key]) => key === "image")?.[1];
  if (image === unknown) return [];
  return finding(`${where}.image`, text(image) ?? "");
}

/** Manifests that a script writes on a machine, such as static pods. */
function manifestImages(stdin: string): readonly Finding[] {
  return [...stdin.matchAll(/^[ -]*image:[ ]*["']?([^\s"']+)/gm)].flatMap(([, image = ""]) =>
    image.includes("$") ? [] : finding("stdin, image", image),
  );
}
