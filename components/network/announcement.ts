/** A custom resource: version of its group, kind, name, labels and spec. */
export interface CiliumResource {
  readonly version: "v2" | "v2alpha1";
  readonly kind: string;
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec: Readonly<Record<string, unknown>>;
}

/** Name of the custom resource definition of a kind of `cilium.io`, which its operator installs. */
export function definitionOf({ kind }: Pick<CiliumResource, "kind">): string {
  const plural = kind.endsWith("y") ? `${kind.slice(0, -1)}ies` : `${kind}s`;
  return `${plural.toLowerCase()}.cilium.io`;
}
