/** A file of a repository, pinned by its content. */
export interface DefinitionFile {
  readonly url: string;
  /** SHA-256 of the file, 64 hex digits. */
  readonly sha256: string;
}

/** Definitions that belong together and are applied in one step: those of one release of one project. */
export interface DefinitionSet {
  /** Name of the set, for resources: `gateway-api`. */
  readonly name: string;
  /** What people call it, with its version: `Gateway API v1.6.1`. */
  readonly title: string;
  /** Applied in this order. */
  readonly files: readonly DefinitionFile[];
  /** Versions that must be served once the files are applied, by the name of the custom resource definition. */
  readonly serves: Readonly<Record<string, readonly string[]>>;
}

/** Where a set's files lie: a folder of a GitHub repository at a tag. */
export interface DefinitionSource {
  /** `kubernetes-sigs/gateway-api` */
  readonly repository: string;
  readonly tag: string;
  readonly folder: string;
}

/** What is pinned of one release: SHA-256 by file name, in the order in which they are applied. */
export type PinnedFiles = Readonly<Record<string, string>>;

/** The pinned files of a folder, with their addresses. */
export function filesOf(
  { repository, tag, folder }: DefinitionSource,
  pinned: PinnedFiles,
): readonly DefinitionFile[] {
  return Object.entries(pinned).map(([file, sha256]) => ({
    url: `https://raw.githubusercontent.com/${repository}/${tag}/${folder}/${file}`,
    sha256,
  }));
}

/** What files named `GROUP_PLURAL.yaml` define, each a definition that serves the version. */
export function servedBy(files: readonly string[], version: string): DefinitionSet["serves"] {
  const definitions = files.map((file) => {
    const [group = "", plural = ""] = file.replace(/\.yaml$/, "").split("_");
    return [`${plural}.${group}`, [version]] as const;
  });
  return Object.fromEntries(definitions);
}

/** Parameters of scripts/apply.sh for a set. */
export function setParameters({ title, files, serves }: DefinitionSet): Record<string, string> {
  return {
    TITLE: title,
    FILES: files.map(({ url, sha256 }) => `${sha256} ${url}`).join("\n"),
    SERVES: Object.entries(serves)
      .map(([definition, versions]) => [definition, ...versions].join(" "))
      .join("\n"),
  };
}

/**
 * The command by which a person applies definitions of a set anew, as its step did. The step itself runs again only when the
 * set changes: no refresh looks at what a script has made.
 */
export function applyCommand(
  { files }: Pick<DefinitionSet, "files">,
  definitions: readonly string[],
): string {
  const plurals = definitions.map((name) => name.split(".")[0] ?? "");
  const named = files.filter(({ url }) =>
    plurals.some((plural) => url.endsWith(`_${plural}.yaml`)),
  );
  // Not every project calls its files so.
  const wanted = named.length === plurals.length ? named : files;
  return [
    "kubectl apply --server-side --force-conflicts --field-manager=homelab",
    ...wanted.map(({ url }) => `-f ${url}`),
  ].join(" ");
}
