/** Claims with data of applications, as a state has them. */

/** Annotation of such a claim: what it is called where somebody allows its loss, `apps/home-assistant/config`. */
export const dataAnnotation = "homelab/data";

/** A claim as the last run has made it. */
export interface KnownClaim {
  readonly namespace: string;
  readonly name: string;
  /** What is in it: `apps/home-assistant/config`. */
  readonly data: string;
  /** StorageClass. */
  readonly class: string;
  readonly sizeGiB: number;
  /** Whether pods of several nodes may use it at once. */
  readonly shared: boolean;
}

interface StoredResource {
  readonly type: string;
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** The parts of a PersistentVolumeClaim's state that count here. */
interface StoredClaim {
  readonly metadata?: {
    readonly namespace?: string;
    readonly name?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: {
    readonly storageClassName?: string;
    readonly accessModes?: readonly string[];
    readonly resources?: { readonly requests?: { readonly storage?: string } };
  };
}

/** The claims among a state's resources that say whose data they hold. */
export function knownClaims(resources: readonly StoredResource[]): readonly KnownClaim[] {
  return resources.flatMap(({ type, outputs }) => {
    if (type !== "kubernetes:core/v1:PersistentVolumeClaim") return [];
    const { metadata = {}, spec = {} } = outputs as StoredClaim;
    const { namespace, name, annotations = {} } = metadata;
    const data = annotations[dataAnnotation];
    if (namespace === undefined || name === undefined || data === undefined) return [];
    const { storageClassName = "", accessModes = [], resources: wanted } = spec;
    return [
      {
        ...{ namespace, name, data, class: storageClassName },
        sizeGiB: gibibytes(wanted?.requests?.storage ?? ""),
        shared: accessModes.includes("ReadWriteMany"),
      },
    ];
  });
}

const units: Readonly<Record<string, number>> = { Mi: 1 / 1024, Gi: 1, Ti: 1024 };

/** `10Gi` is 10. What the program never writes is 0: nothing is smaller. */
export function gibibytes(quantity: string): number {
  const [, number, unit = ""] = /^(\d+)([A-Z]i)$/.exec(quantity) ?? [];
  return Number(number ?? 0) * (units[unit] ?? 0);
}
