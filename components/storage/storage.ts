import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import type { Namespace } from "@pulumi/kubernetes/core/v1/namespace.js";
import type { ReleaseArgs } from "@pulumi/kubernetes/helm/v3/release.js";
import { StorageClass } from "@pulumi/kubernetes/storage/v1/storageClass.js";
import {
  ComponentResource,
  type ComponentResourceOptions,
  type Resource,
  type ResourceHookBinding,
} from "@pulumi/pulumi";
import type { ReachedMachine } from "../machine.ts";
import { products, releaseStepHook } from "../release-step.ts";
import { RemoteStep } from "../remote/remote-step.ts";
import { scriptText } from "../remote/shell.ts";
import { rke2Script } from "../rke2/scripts.ts";
import { makeNamespace } from "../workload/namespace.ts";
import { helmRelease } from "../workload/release.ts";
import type { ClusterPlan } from "./cluster-plan.ts";
import { cephRelease, clusterValues } from "./cluster-values.ts";
import { driverValues, operatorValues, repositories, storageNamespace } from "./operator-values.ts";
import { snapshotClassForm, snapshotClassName, storageClassForm } from "./storage-classes.ts";
import { expected, storageGone, trials, tryingClasses } from "./proof.ts";
import { purgeScript } from "./purge.ts";

const script = (file: string): string => rke2Script + scriptText(import.meta.url, file);

/** Releases of what storage runs. */
export interface StorageVersions {
  /** Charts rook-ceph and rook-ceph-cluster, and Rook itself. */
  readonly rook: string;
  /** Chart ceph-csi-drivers. */
  readonly csiDrivers: string;
}

export interface StorageArgs extends ClusterPlan {
  readonly versions: StorageVersions;
  /** Where the cluster's state is read. */
  readonly server: ReachedMachine;
  /** By name, the life of each machine (its generation): disks of another one went with it. */
  readonly lives: ReadonlyMap<string, string>;
  /** What must be before disks are taken: the nodes' labels, from which Ceph learns what is lost together. */
  readonly labelled: Resource;
}

/**
 * Ceph on the machines' disks, run by Rook, with a StorageClass for each class. Ready means proven: every disk has its
 * daemon, Ceph is healthy, and in each class a claim was bound, written, snapshotted, restored and expanded. The cluster's
 * provider is that of `opts.providers`.
 */
export class Storage extends ComponentResource {
  /** The step that tried each class: what has claims depends on it. */
  readonly ready: Resource;

  constructor(name: string, args: StorageArgs, opts?: ComponentResourceOptions) {
    super("homelab:storage:Storage", name, {}, opts);
    const namespace = makeNamespace(`${name}-storage-namespace`, storageNamespace, {
      parent: this,
    });
    const operator = this.operator(args, namespace);
    const csi = this.drivers(args, namespace, operator);
    const cluster = this.cluster(args, namespace, csi);
    const healthy = this.waitForHealth(name, args, cluster);
    const classes = [...this.classes(args, healthy), ...this.snapshotClasses(args, healthy)];
    this.ready = this.tryClasses(name, args, [healthy, ...classes]);
    this.registerOutputs({});
  }

  private operator({ versions, monitoring }: StorageArgs, namespace: Namespace): Resource {
    return this.release(
      "rook-ceph",
      namespace,
      [],
      {
        version: versions.rook,
        repositoryOpts: { repo: repositories.rook },
        values: operatorValues({ monitoring }),
      },
      { beforeUpdate: [releaseStepHook(products.rook, versions.rook)] },
    );
  }

  private drivers(args: StorageArgs, namespace: Namespace, operator: Resource): Resource {
    return this.release("ceph-csi-drivers", namespace, [operator], {
      version: args.versions.csiDrivers,
      repositoryOpts: { repo: repositories.csi },
      values: driverValues(args),
    });
  }

  /** Its going ends with the operator's word that Ceph is gone: Helm alone would not wait, and leave nobody to let it go. */
  private cluster(args: StorageArgs, namespace: Namespace, csi: Resource): Resource {
    const gone = new RemoteStep(
      storageGone,
      {
        machine: args.server,
        title: "storage-gone",
        script: script("gone.sh"),
        parameters: {
          NAMESPACE: storageNamespace.name,
          WIPED: args.wipeOnDestroy ? args.machines.map(({ name }) => name).join(" ") : "",
        },
        limitSeconds: 1800,
        // Also when the whole site goes: nobody else would wait, and the operators would be gone before the CephCluster.
        runs: "at-delete",
        after: [csi],
      },
      { parent: this },
    ).done;
    return this.release(
      "rook-ceph-cluster",
      namespace,
      [csi, gone, args.labelled],
      {
        version: args.versions.rook,
        repositoryOpts: { repo: repositories.rook },
        values: clusterValues(args),
      },
      // Rook refuses no Ceph that is older than what runs.
      { beforeUpdate: [releaseStepHook(products.ceph, args.ceph, cephRelease)] },
    );
  }

  private release(
    name: string,
    namespace: Namespace,
    after: readonly Resource[],
    args: Pick<ReleaseArgs, "version" | "repositoryOpts" | "values">,
    hooks: ResourceHookBinding = {},
  ): Resource {
    return helmRelease(
      name,
      { name, namespace: namespace.metadata.name, chart: name, timeout: 900, ...args },
      { parent: this, dependsOn: [...after], hooks },
    );
  }

  private waitForHealth(name: string, args: StorageArgs, cluster: Resource): Resource {
    return new RemoteStep(
      `${name}-storage-healthy`,
      {
        machine: args.server,
        title: "storage-healthy",
        script: rke2Script + purgeScript + scriptText(import.meta.url, "healthy.sh"),
        parameters: {
          NAMESPACE: storageNamespace.name,
          ...expected(args),
          // Rook's first.
          RELEASES: [args.versions.rook, args.versions.csiDrivers, args.ceph].join(" "),
        },
        limitSeconds: 5400,
        after: [cluster],
      },
      { parent: this },
    ).done;
  }

  /** A class that changes is made anew: Kubernetes lets nothing of it be changed but whether claims may grow. */
  private classes({ classes }: StorageArgs, healthy: Resource): readonly Resource[] {
    return classes.map((plan) => {
      const { provisioner, parameters, mountOptions } = storageClassForm(plan);
      return new StorageClass(
        `storage-class-${plan.name}`,
        {
          metadata: {
            name: plan.name,
            annotations: { "storageclass.kubernetes.io/is-default-class": String(plan.default) },
          },
          provisioner,
          parameters,
          ...(mountOptions === undefined ? {} : { mountOptions: [...mountOptions] }),
          reclaimPolicy: plan.reclaim,
          allowVolumeExpansion: plan.kind !== "bucket" && plan.expansion,
          volumeBindingMode: "Immediate",
        },
        { parent: this, dependsOn: [healthy], deleteBeforeReplace: true },
      );
    });
  }

  private snapshotClasses({ classes }: StorageArgs, healthy: Resource): readonly Resource[] {
    return (["block", "file"] as const)
      .filter((kind) => classes.some((plan) => plan.kind === kind))
      .map(
        (kind) =>
          new CustomResource(
            `snapshot-class-${kind}`,
            {
              apiVersion: "snapshot.storage.k8s.io/v1",
              kind: "VolumeSnapshotClass",
              metadata: {
                name: snapshotClassName(kind),
                // A default is one of its driver.
                annotations: { "snapshot.storage.kubernetes.io/is-default-class": "true" },
              },
              ...snapshotClassForm(kind),
            },
            { parent: this, dependsOn: [healthy], deleteBeforeReplace: true },
          ),
      );
  }

  private tryClasses(name: string, args: StorageArgs, after: readonly Resource[]): Resource {
    return new RemoteStep(
      `${name}-storage-tried`,
      {
        machine: args.server,
        title: tryingClasses,
        script: script("ceph.sh") + scriptText(import.meta.url, "trial.sh"),
        parameters: {
          NAMESPACE: storageNamespace.name,
          ...trials(args),
          RELEASES: [args.versions.rook, args.versions.csiDrivers, args.ceph].join(" "),
        },
        limitSeconds: 3600,
        after,
      },
      { parent: this },
    ).done;
  }
}
