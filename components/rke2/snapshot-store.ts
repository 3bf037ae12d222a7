import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import {
  ComponentResource,
  type ComponentResourceOptions,
  type Input,
  type Output,
} from "@pulumi/pulumi";
import { storeSecret } from "./config.ts";

/** Where etcd snapshots go besides the servers' disks. */
export interface StorePlan {
  /** Scheme, host and port. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly folder: string;
  readonly region: string;
  readonly lookup: "auto" | "path" | "dns";
  /** Authority of the store's certificate, PEM, where machines do not trust it anyway. */
  readonly ca?: string | undefined;
  /** Scheduled snapshots that are kept, of all servers together. */
  readonly retention: number;
}

export interface SnapshotStoreArgs extends StorePlan {
  readonly accessKey: Output<string>;
  readonly secretKey: Output<string>;
}

/**
 * The Secret by which RKE2 finds the store: it is read at each snapshot, so that a changed key restarts no server. The
 * cluster's provider is that of `opts.providers`.
 * @see https://docs.rke2.io/datastore/backup_restore, "S3 Configuration Secret Support"
 */
export class SnapshotStore extends ComponentResource {
  constructor(name: string, args: SnapshotStoreArgs, opts?: ComponentResourceOptions) {
    super("homelab:rke2:SnapshotStore", name, {}, opts);
    new Secret(
      `${name}-snapshot-store`,
      {
        metadata: { name: storeSecret, namespace: "kube-system" },
        type: "etcd.k3s.cattle.io/s3-config-secret",
        stringData: {
          ...storeSettings(args),
          "etcd-s3-access-key": args.accessKey,
          "etcd-s3-secret-key": args.secretKey,
        } satisfies Record<string, Input<string>>,
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}

/** The store as RKE2's settings name it, without the key. */
export function storeSettings(plan: StorePlan): Record<string, string> {
  const { protocol, host } = new URL(plan.endpoint);
  return {
    "etcd-s3-endpoint": host,
    "etcd-s3-insecure": String(protocol === "http:"),
    "etcd-s3-bucket": plan.bucket,
    "etcd-s3-bucket-lookup-type": plan.lookup,
    "etcd-s3-folder": plan.folder,
    "etcd-s3-region": plan.region,
    "etcd-s3-retention": String(plan.retention),
    ...(plan.ca === undefined ? {} : { "etcd-s3-endpoint-ca": plan.ca }),
  };
}
