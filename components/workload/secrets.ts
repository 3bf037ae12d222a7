import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import {
  all,
  output,
  secret,
  type CustomResourceOptions,
  type Input,
  type Output,
  type Resource,
} from "@pulumi/pulumi";
import { drawnKey, secretMark } from "./fingerprint.ts";
import { appLabels } from "./restricted.ts";

/** The application whose objects they are, and the namespace that it is in. */
export interface Owner {
  readonly app: string;
  readonly namespace: string;
}

/** Values that a workload reads from a Secret. */
export interface WorkloadSecret {
  /** Name of the Secret. */
  readonly name: string;
  /** What the values are, one word: last part of the resource's name. */
  readonly role: string;
  /** Values by key; all are treated as secret. */
  readonly values: Readonly<Record<string, Input<string>>>;
  /** At least 32 random bytes that key the fingerprint of the values; drawn without. */
  readonly fingerprintKey?: Input<string>;
}

/** A Secret that is a folder of the container. */
export interface MountedSecret {
  /** Name of the Secret, and of its resource after the workload's. */
  readonly name: string;
  readonly folder: string;
  /** Files by name; all are treated as secret. */
  readonly values: Input<Readonly<Record<string, string>>>;
}

/** All that the containers of a workload read and nobody else may. */
export interface SecretValues {
  /** Secrets that are environment; the first one's key is that of the fingerprint, where it has one. */
  readonly all: readonly WorkloadSecret[];
  readonly mounted?: readonly MountedSecret[] | undefined;
}

/** Name of the Secret by which an application's image is pulled. */
export const pullName = (app: string): string => `${app}-pull`;

/** Read when an image is pulled, not by the pods: no pod is new for it. */
export function pullSecret(
  name: string,
  { app, namespace }: Owner,
  config: Input<string>,
  inside: CustomResourceOptions,
): Resource {
  return new Secret(
    `${name}-pull`,
    {
      metadata: { name: pullName(app), namespace, labels: appLabels(app) },
      type: "kubernetes.io/dockerconfigjson",
      stringData: secret({ ".dockerconfigjson": config }),
    },
    inside,
  );
}

/** All Secrets that the container reads, with one mark of everything in them; none without a Secret. */
export function secretObjects(
  name: string,
  { app, namespace, all: own, mounted = [] }: Owner & SecretValues,
  inside: CustomResourceOptions,
): { readonly resources: readonly Resource[]; readonly fingerprint?: Output<string> } {
  const made = [
    ...own.map((one, i) => ({ ...one, before: i === 0 ? "" : `${one.role}:` })),
    ...mounted.map((one) => ({ ...one, role: one.name, before: `${one.folder}/` })),
  ].map(({ name: secretName, role, values, before }) => {
    const stringData = secret(output(values));
    const metadata = { name: secretName, namespace, labels: appLabels(app) };
    return {
      resource: new Secret(`${name}-${role}`, { metadata, stringData }, inside),
      marked: stringData.apply((plain) =>
        Object.entries(plain).map(([key, value]) => [`${before}${key}`, value] as const),
      ),
    };
  });
  if (made.length === 0) return { resources: [] };
  const key = own[0]?.fingerprintKey ?? drawnKey(`${name}-fingerprint`, inside.parent);
  const values = all(made.map(({ marked }) => marked)).apply(
    (plain): Readonly<Record<string, string>> => Object.fromEntries(plain.flat()),
  );
  return {
    resources: made.map(({ resource }) => resource),
    fingerprint: secretMark(key, values),
  };
}
