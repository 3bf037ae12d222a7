/** The Cluster (`postgresql.cnpg.io/v1`) of a plan. */
import { digest } from "../digest.ts";
import { hostLabel } from "../storage/classes.ts";
import { barmanPlugin, firstDatabase, postgresNamespace } from "./names.ts";
import type { ClusterPlan, DiskPlan, RecoveryPlan } from "./plan.ts";

/** What the cluster that is recovered from is called in the new one's spec. */
const origin = "origin";

/**
 * No two instances share a Proxmox host. A drain is let through by the operator's own budgets: it moves the primary away
 * first, which a cluster of one instance cannot, so that one has no budget (cloudnative-pg v1.30.0,
 * pkg/specs/poddisruptionbudget.go, docs/src/kubernetes_upgrade.md). Nobody logs in as `postgres` over the network.
 */
export function cluster(plan: ClusterPlan) {
  const { name, image, instances, storage, wal, memoryMiB, backup } = plan;
  const memory = memoryQuantity(memoryMiB);
  return {
    apiVersion: "postgresql.cnpg.io/v1",
    kind: "Cluster",
    metadata: { name, namespace: postgresNamespace.name },
    spec: {
      instances,
      imageName: image,
      enableSuperuserAccess: false,
      enablePDB: instances > 1,
      affinity: {
        enablePodAntiAffinity: true,
        topologyKey: hostLabel,
        podAntiAffinityType: "required",
      },
      storage: disk(storage),
      ...(wal === undefined ? {} : { walStorage: disk(wal) }),
      resources: { requests: { cpu: "100m", memory }, limits: { memory } },
      postgresql: markedSettings(plan),
      ...beginning(plan),
      ...(backup === undefined
        ? {}
        : {
            plugins: [
              {
                name: barmanPlugin,
                isWALArchiver: true,
                parameters: archive(name, backup.archive),
              },
            ],
          }),
    },
  };
}

function settings({ storage, wal, memoryMiB, parameters, preload }: ClusterPlan) {
  return {
    parameters: {
      shared_buffers: `${Math.floor(memoryMiB / 4)}MB`,
      // The operator keeps a slot for each instance, also for one whose host is away, and log for it without an end
      // (internal/management/controller/slots/reconciler/replicationslot.go): the primary's volume would fill up.
      max_slot_wal_keep_size: `${(wal ?? storage).sizeGiB * 512}MB`,
      ...parameters,
    },
    ...(preload.length === 0 ? {} : { shared_preload_libraries: [...preload] }),
  };
}

/** A mark of all settings that PostgreSQL is to have. */
export function settingsMark(plan: ClusterPlan): string {
  return digest(JSON.stringify(settings(plan)));
}

/** Parameter that says which settings an instance has loaded; PostgreSQL takes any that has a dot in its name. The proof asks for it. */
const markParameter = "homelab.plan";

function markedSettings(plan: ClusterPlan) {
  const { parameters, ...rest } = settings(plan);
  return { parameters: { ...parameters, [markParameter]: settingsMark(plan) }, ...rest };
}

/**
 * In its canonical form, `1Gi` and never `1024Mi`: the operator's webhook fills in what a Cluster leaves out and writes all of it
 * anew (internal/webhook/v1/cluster_webhook.go; controller-runtime, pkg/webhook/admission/defaulter_custom.go), and another form
 * would be told as a change ever after (apimachinery, pkg/api/resource/quantity.go).
 */
export function memoryQuantity(mebibytes: number): string {
  const units = ["Mi", "Gi", "Ti"];
  let size = mebibytes;
  while (units.length > 1 && size % 1024 === 0) {
    size /= 1024;
    units.shift();
  }
  return `${size}${units[0]}`;
}

function disk({ class: storageClass, sizeGiB }: DiskPlan) {
  return { size: `${sizeGiB}Gi`, ...(storageClass === undefined ? {} : { storageClass }) };
}

/** By which ObjectStore and folder the plugin finds an archive; the folder would be the cluster's name without. */
function archive(store: string, folder: string) {
  return { barmanObjectName: store, serverName: folder };
}

/** Read when a Cluster is made, and never again. */
function beginning({ recover }: Pick<ClusterPlan, "recover">) {
  const app = { database: firstDatabase, owner: firstDatabase };
  if (recover === undefined) return { bootstrap: { initdb: app } };
  const { from, archive: folder, at } = recover satisfies RecoveryPlan;
  return {
    bootstrap: {
      recovery: {
        source: origin,
        ...app,
        ...(at === undefined ? {} : { recoveryTarget: { targetTime: at } }),
      },
    },
    externalClusters: [
      { name: origin, plugin: { name: barmanPlugin, parameters: archive(from, folder) } },
    ],
  };
}
