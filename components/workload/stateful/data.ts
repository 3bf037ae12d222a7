import type { Namespace } from "@pulumi/kubernetes/core/v1/namespace.js";
import { ComponentResource, type ComponentResourceOptions, type Resource } from "@pulumi/pulumi";
import { Volume, type Populator, type VolumePlan } from "../../storage/claim.ts";
import { makeNamespace, type NamespacePlan } from "../namespace.ts";

/** A volume of an application. */
export interface DataVolume extends Omit<VolumePlan, "namespace"> {
  /** Its class, by name: a default that changes would be another volume. */
  readonly class: string;
  readonly data: string;
}

/** A namespace with the volumes in it, which outlive what runs there. */
export interface DataPlan {
  readonly namespace: NamespacePlan;
  readonly volumes: readonly DataVolume[];
}

/** What a volume begins with, and who saves it from then on. */
export interface Saved {
  readonly from: Populator;
  /** After what the volume is made. */
  readonly after: Resource;
  /** Saves it, after the volume is there. */
  save(volume: Resource): void;
}

/** Backups of volumes: undefined of one that is not saved. Registers what it needs below `parent`, after the namespace. */
export type Backups = (
  volume: DataVolume,
  around: { readonly parent: Resource; readonly namespace: Resource },
) => Saved | undefined;

/**
 * A namespace and its volumes, apart from the application that uses them: their names in the state depend on nothing but
 * their own, so that they are the same ones when the application is gone, and when it is back. What a state has is thus
 * never made anew; an object that is there and that no state knows would be refused (pulumi-kubernetes 4.32,
 * provider/pkg/await/await.go: without upsertExistingObjects a create is no apply). The cluster's provider is
 * `opts.providers`', and `opts.dependsOn` says after what claims are bound.
 */
export class ApplicationData extends ComponentResource {
  readonly namespace: Namespace;
  /** All are bound once these are there. */
  readonly volumes: readonly Volume[];

  constructor(
    name: string,
    { namespace, volumes, backups }: DataPlan & { readonly backups?: Backups },
    opts?: ComponentResourceOptions,
  ) {
    super("homelab:workload:ApplicationData", `${name}-data`, {}, opts);
    this.namespace = makeNamespace(`${name}-namespace`, namespace, { parent: this });
    this.volumes = volumes.map((plan) => this.volume(plan, backups));
    this.registerOutputs({});
  }

  private volume(plan: DataVolume, backups: Backups | undefined): Volume {
    const saved = backups?.(plan, { parent: this, namespace: this.namespace });
    const volume = new Volume(
      plan.name,
      {
        ...{ ...plan, namespace: this.namespace.metadata.name },
        ...(saved === undefined ? {} : { from: saved.from }),
      },
      { parent: this, dependsOn: saved === undefined ? [] : [saved.after] },
    );
    saved?.save(volume);
    return volume;
  }
}
