/** Deployments of the program's own, as a state has them. */

/** A Deployment as the last run has made it. */
export interface KnownWorkload {
  readonly namespace: string;
  readonly name: string;
  /** Images of its containers, by the container's name. */
  readonly images: Readonly<Record<string, string>>;
}

interface StoredResource {
  readonly type: string;
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** The parts of a Deployment's state that count here. */
interface StoredDeployment {
  readonly metadata?: { readonly namespace?: string; readonly name?: string };
  readonly spec?: {
    readonly template?: {
      readonly spec?: {
        readonly containers?: readonly { readonly name?: string; readonly image?: string }[];
      };
    };
  };
}

/** The Deployments among a state's resources. */
export function knownWorkloads(resources: readonly StoredResource[]): readonly KnownWorkload[] {
  return resources.flatMap(({ type, outputs }) => {
    if (type !== "kubernetes:apps/v1:Deployment") return [];
    const { metadata = {}, spec } = outputs as StoredDeployment;
    const { namespace, name } = metadata;
    if (namespace === undefined || name === undefined) return [];
    const containers = spec?.template?.spec?.containers ?? [];
    const images = Object.fromEntries(
      containers.map((one) => [one.name ?? "", one.image ?? ""] as const),
    );
    return [{ namespace, name, images }];
  });
}

/** The tag of an image, without its digest: `2026.8.3`. */
export function tagOf(image: string): string | undefined {
  return /:([\w][\w.-]*)(?:@sha256:[0-9a-f]+)?$/.exec(image)?.[1];
}
