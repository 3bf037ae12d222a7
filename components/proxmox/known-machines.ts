import { getOrganization, getProject, getStack, runtime } from "@pulumi/pulumi";
import type { HandOverState } from "../argocd/gitops/phase.ts";
import { knownBackups, type KnownBackup } from "../backup/known.ts";
import { edgeObjects, type EdgeObject } from "../edge/known.ts";
import { handOverState } from "../argocd/gitops/seen.ts";
import { doneStep, foundedWith, installedRole, type Founded } from "../rke2/founded.ts";
import { lastUp, type LastUp } from "../rke2/renewal.ts";
import type { AddressPool } from "../network/pool.ts";
import { knownClaims, type KnownClaim } from "../storage/known.ts";
import { provenImages } from "../postgres/proven.ts";
import { triedClasses, type TriedClass } from "../storage/proof.ts";
import type { DiskSeen } from "./disks.ts";
import { knownWorkloads, type KnownWorkload } from "../workload/known.ts";
import { generationsOf } from "./tags.ts";

/** A resource of this stack as its last run left it. */
interface KnownResource {
  readonly type: string;
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** A disk in the state of a VM. */
interface StoredDisk {
  readonly interface: string;
  readonly datastoreId: string;
  readonly pathInDatastore?: string;
  readonly size: number;
  readonly serial?: string;
  readonly importFrom?: string;
}

/** What this stack's state has on Proxmox, and of the cluster there. */
export interface Known {
  readonly machines: readonly KnownMachine[];
  /** Ids of resource pools. */
  readonly pools: readonly string[];
  /** Names of mappings of PCI and of USB devices. */
  readonly pciMappings: readonly string[];
  readonly usbMappings: readonly string[];
  /** NAMESPACE/NAME of claims in the cluster. */
  readonly claims?: readonly string[];
  /** Backups of volumes. */
  readonly backups?: readonly KnownBackup[];
  /** Objects of the cluster that take data with them when they go. */
  readonly keepers?: readonly DataKeeper[];
  /** Deployments in the cluster. */
  readonly workloads?: readonly KnownWorkload[];
  /** Claims of volumes with data of applications. */
  readonly volumes?: readonly KnownClaim[];
  /** By Postgres cluster, the image that it was last seen to run. */
  readonly images?: ReadonlyMap<string, string>;
  /** Classes of storage that were tried. */
  readonly classes?: readonly TriedClass[];
  /** What the cluster was founded with, once there is one. */
  readonly founded?: Founded | undefined;
  /** Addresses of LoadBalancer services, once there is a pool of them. */
  readonly loadBalancers?: AddressPool | undefined;
  /** What Cloudflare has of the site. */
  readonly edge?: readonly EdgeObject[];
  /** What Argo CD was given, and what the cluster has of the program. */
  readonly handOvers?: HandOverState;
  /** What the last `up` has left in the stack's outputs, once there was one. */
  readonly lastUp?: LastUp;
}

/** An object of the cluster whose data goes with it, as the last run has made it. */
export interface DataKeeper {
  readonly kind:
    | "Cluster"
    | "ObjectStore"
    | "Dragonfly"
    | "Kafka"
    | "KafkaNodePool"
    | "KafkaTopic"
    | "ObjectBucketClaim";
  readonly namespace: string;
  readonly name: string;
  readonly spec: Readonly<Record<string, unknown>>;
}

/**
 * Types of such objects: Postgres clusters own their volumes, a Redis instance holds all in its memory, Kafka's topics hold what
 * was written to them, and claims of buckets own in most classes their bucket. What a cluster's backups go to and what Kafka's
 * nodes are is among them, for what a run would change of it: nothing is lost with these objects.
 */
const keeperTypes = {
  "kubernetes:postgresql.cnpg.io/v1:Cluster": "Cluster",
  "kubernetes:barmancloud.cnpg.io/v1:ObjectStore": "ObjectStore",
  "kubernetes:dragonflydb.io/v1alpha1:Dragonfly": "Dragonfly",
  "kubernetes:kafka.strimzi.io/v1:Kafka": "Kafka",
  "kubernetes:kafka.strimzi.io/v1:KafkaNodePool": "KafkaNodePool",
  "kubernetes:kafka.strimzi.io/v1:KafkaTopic": "KafkaTopic",
  "kubernetes:objectbucket.io/v1alpha1:ObjectBucketClaim": "ObjectBucketClaim",
} as const;

/** A machine as the state has it. */
export interface KnownMachine {
  readonly vmId: number;
  readonly name: string;
  readonly host: string;
  readonly tags: readonly string[];
  /** In the order of the program's list. */
  readonly disks: readonly DiskSeen[];
  /** What it was installed with: its IPv4 address, and RKE2's role. Missing until a step has reached it. */
  readonly address?: string | undefined;
  readonly role?: "server" | "agent" | undefined;
  /** Datastore of its cloud-init document. */
  readonly snippets?: string | undefined;
  /** Whether it boots by UEFI. */
  readonly uefi?: boolean | undefined;
  /** Name of the image's file that it was built from. */
  readonly image?: string | undefined;
}

/**
 * Reads this stack's own state, as the last run that ended or was killed left it; nothing before the first run. The
 * engine answers from its backend (pulumi/pkg resource/deploy/builtins.go): what a refresh of this very run has found
 * is not in it yet.
 */
export async function readKnown(): Promise<Known> {
  const stackName = `${getOrganization()}/${getProject()}/${getStack()}`;
  const { outputs } = (await runtime.invoke("pulumi:pulumi:readStackResourceOutputs", {
    stackName,
  })) as { readonly outputs: Readonly<Record<string, KnownResource>> };
  return knownOf(Object.values(outputs));
}

/** What of a state's resources is on Proxmox, and what the steps that ran there have made of it. */
export function knownOf(resources: readonly KnownResource[]): Known {
  const of = (type: string): readonly KnownResource["outputs"][] =>
    resources.filter((resource) => resource.type === type).map(({ outputs }) => outputs);
  const [stack] = of("pulumi:pulumi:Stack");
  const steps = of("command:remote:Command").flatMap((command) => doneStep(command) ?? []);
  return {
    machines: of("proxmoxve:index/vmLegacy:VmLegacy").map((vm) => {
      const name = String(vm["name"]);
      const tags = (vm["tags"] ?? []) as readonly string[];
      const [generation = ""] = generationsOf(tags);
      const reached = steps.some(
        ({ machine, parameters }) => machine === name && parameters["GENERATION"] === generation,
      );
      return {
        ...{ name, tags },
        vmId: Number(vm["vmId"]),
        host: String(vm["nodeName"]),
        disks: ((vm["disks"] ?? []) as readonly (StoredDisk | null)[]).flatMap((disk) => {
          // A refresh leaves a gap in the list for a disk that it has not found.
          if (disk === null) return [];
          const { interface: slot, datastoreId, pathInDatastore = "", size, serial = "" } = disk;
          return [{ slot, datastore: datastoreId, volume: pathInDatastore, sizeGiB: size, serial }];
        }),
        // An address at which nothing was ever reached may be a slip of the pen.
        address: reached ? addressOf(vm) : undefined,
        role: installedRole(steps, name, generation),
        snippets: snippetsOf(vm),
        image: imageOf(vm),
        uefi: typeof vm["bios"] === "string" ? vm["bios"] === "ovmf" : undefined,
      };
    }),
    pools: of("proxmoxve:index/poolLegacy:PoolLegacy").map((pool) => String(pool["poolId"])),
    pciMappings: of("proxmoxve:hardware/mapping/pci:Pci").map((pci) => String(pci["name"])),
    usbMappings: of("proxmoxve:hardware/mapping/usb:Usb").map((usb) => String(usb["name"])),
    claims: of("kubernetes:core/v1:PersistentVolumeClaim").map(pathOf),
    backups: knownBackups(resources),
    keepers: Object.entries(keeperTypes).flatMap(([type, kind]) =>
      of(type).map((object) => {
        const { namespace = "", name = "" } = (object["metadata"] ?? {}) as Metadata;
        return { kind, namespace, name, spec: (object["spec"] ?? {}) as DataKeeper["spec"] };
      }),
    ),
    volumes: knownClaims(resources),
    workloads: knownWorkloads(resources),
    images: provenImages(steps),
    classes: triedClasses(steps),
    founded: foundedWith(steps),
    edge: edgeObjects(resources),
    handOvers: handOverState(resources, steps),
    loadBalancers: poolOf(of("kubernetes:cilium.io/v2:CiliumLoadBalancerIPPool")[0]),
    ...(stack === undefined ? {} : { lastUp: lastUp(stack) }),
  };
}

/** The part of a VM's state that holds its first card's address, `192.168.1.21/24`, and its document's volume id. */
interface VmOutputs {
  readonly initialization?: {
    readonly userDataFileId?: string;
    readonly ipConfigs?: readonly { readonly ipv4?: { readonly address?: string } }[];
  };
}

/** The part of a Kubernetes object's state that names it. */
interface Metadata {
  readonly namespace?: string;
  readonly name?: string;
}

/** NAMESPACE/NAME of an object. */
function pathOf(object: Readonly<Record<string, unknown>>): string {
  const { namespace = "", name = "" } = (object["metadata"] ?? {}) as Metadata;
  return `${namespace}/${name}`;
}

function addressOf({ initialization }: VmOutputs): string | undefined {
  return initialization?.ipConfigs?.[0]?.ipv4?.address?.split("/")[0];
}

function snippetsOf({ initialization }: VmOutputs): string | undefined {
  const volume = initialization?.userDataFileId;
  return volume === undefined || volume === "" ? undefined : volume.split(":")[0];
}

function imageOf(vm: Readonly<Record<string, unknown>>): string | undefined {
  const [root] = (vm["disks"] ?? []) as readonly (StoredDisk | null)[];
  return root?.importFrom?.split("/").at(-1);
}

/** The pool of load-balancers.ts, which has one block. */
function poolOf(pool: Readonly<Record<string, unknown>> | undefined): AddressPool | undefined {
  type Block = { readonly cidr: string } | { readonly start: string; readonly stop: string };
  const { blocks } = (pool?.["spec"] ?? {}) as { readonly blocks?: readonly Block[] };
  const [block] = blocks ?? [];
  if (block === undefined) return undefined;
  return "cidr" in block ? block.cidr : { start: block.start, stop: block.stop };
}
