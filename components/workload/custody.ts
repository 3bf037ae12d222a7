import type { CustomResourceOptions, Resource } from "@pulumi/pulumi";

/** An object of the cluster, or a Helm release: `Release reloader/reloader`. */
export interface ObjectName {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** In whose hands something of the cluster is: the program's, or Argo CD's, or on the way from one to the other. */
export interface Custody {
  /** Whether the program registers it. */
  readonly here: boolean;
  /** Options of one of its resources, from those that it has anyway. */
  options(object: ObjectName, own: CustomResourceOptions): CustomResourceOptions;
  /** Is told once what was registered, and where: without `here` only what stays with the program. */
  registered(resources: readonly Resource[]): void;
}

/** What nobody has handed over. */
export const own: Custody = {
  here: true,
  options: (_, options) => options,
  registered: () => undefined,
};

/** How an object is called among those that a state has. */
export function objectText({ kind, namespace, name }: ObjectName): string {
  return `${kind} ${namespace}/${name}`;
}
