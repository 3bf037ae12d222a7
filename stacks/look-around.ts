import type { Provider as Proxmox } from "@muhlba91/pulumi-proxmoxve/provider.js";
import type { PlannedMachine } from "../components/machine.ts";
import type { ListStore } from "../components/backup/store.ts";
import type { Keeper } from "../components/certificates/keeper.ts";
import { readInventory, type ExistingMachine } from "../components/proxmox/inventory.ts";
import { readKnown, type Known } from "../components/proxmox/known-machines.ts";
import { proxmoxPower, type Power } from "../components/proxmox/power.ts";
import type { DataPlan } from "../components/workload/stateful/data.ts";
import { proxmoxApi, type ProxmoxApi } from "../components/proxmox/proxmox-api.ts";
import { readStorages, sharedNames } from "../components/proxmox/storages.ts";
import type { Renewal } from "../components/rke2/renewal.ts";
import type { Site } from "./open-site.ts";
import { judgeBackups } from "./parts/backup/look.ts";
import { judgeCopies } from "./parts/buckets/look.ts";
import { judgeHandOvers, type FoundHandOvers } from "./parts/argocd/look.ts";
import { findKept, type KeptFound } from "./parts/certificates/look.ts";
import { accept, type Judged } from "./config/problem.ts";
import { firstProblems } from "./parts/cluster/founded.ts";
import { findRenewal } from "./parts/cluster/look.ts";
import { judgeEdge, type ListCloudflare } from "./parts/edge/look.ts";
import { findItems, type FoundItems, type ReadItem } from "./parts/items/look.ts";
import { readConfigs } from "./parts/machines/configs.ts";
import { judgeSiteDisks } from "./parts/machines/disks.ts";
import { freshGeneration, judgeMachines } from "./parts/machines/look.ts";
import { judgeLan, readNeighbours } from "./parts/machines/neighbours.ts";
import { judgeRestarts, rebuiltBesideStorage } from "./parts/machines/restarts.ts";
import { poolNotes } from "./parts/network/look.ts";
import type { RebuiltMachine } from "./parts/storage/loss-look.ts";
import { classesWithin } from "./parts/storage/machines.ts";
import { proxmoxAccess, proxmoxProvider } from "./parts/proxmox/provider.ts";
import type { ClusterCommand } from "./doctor/examined.ts";
import { judgeDataLoss } from "./data-loss/look.ts";
import { judgeVolumes } from "./apps/data/look.ts";
import { judgeVersions } from "./apps/data/version-look.ts";
import { judgeTold } from "./parts/monitoring/look.ts";
import { judgeKafka } from "./parts/kafka/look.ts";
import { judgeClasses } from "./parts/storage/look.ts";
import { judgePostgres } from "./parts/postgres/look.ts";
import { findTailnet, type AskPolicy, type TailnetFound } from "./parts/tailnet/look.ts";

/** The world as it was found. */
export interface Found {
  readonly proxmox: Proxmox;
  readonly power: Power;
  /** Whether the cluster has begun, as far as the state knows. */
  readonly founded: boolean;
  /** The site's machines, in the config's order. */
  readonly machines: readonly PlannedMachine[];
  /** Datastores whose content all hosts share. */
  readonly sharedDatastores: ReadonlySet<string>;
  /** Undefined for a site without a tailnet. */
  readonly tailnet: TailnetFound | undefined;
  /** Certificates that outlive their cluster; undefined where none is kept. */
  readonly kept: KeptFound | undefined;
  /** The items of 1Password's operator. */
  readonly items: FoundItems;
  /** What is to be done about the cluster's certificates. */
  readonly renewal: Renewal;
  /** How far what is handed over to Argo CD is. */
  readonly handOvers: FoundHandOvers;
  /** Volumes that nobody uses any more, and that stay. */
  readonly volumes: readonly DataPlan[];
}

/** What tests answer in the world's place. */
export interface World {
  /** Names a machine's new generation. */
  readonly fresh?: () => string;
  readonly askPolicy?: AskPolicy;
  readonly readItem?: ReadItem;
  readonly listCloudflare?: ListCloudflare;
  /** Lists what the store of backups has. */
  readonly listStore?: ListStore;
  readonly proxmox?: ProxmoxApi;
  /** What the stack's state has on Proxmox. */
  readonly known?: () => Promise<Known>;
  readonly power?: Power;
  readonly keeper?: Keeper;
  readonly cluster?: ClusterCommand;
}

/**
 * Asks the world what must be known before anything is registered: what Proxmox has, what this stack's state
 * knows of it and of the cluster's certificates, the tailnet's policy, what Cloudflare has under names that the
 * site takes first, the items that become Secrets, and backups of volumes and buckets that are not there yet. Throws when one
 * of them does not answer, or when what was found stands against the site.
 */
export async function lookAround(site: Site, world: World = {}): Promise<Found> {
  const { config } = site;
  const [{ api, inventory, neighbours, storages, known }, tailnet, items] = await Promise.all([
    (async () => {
      const memory = await (world.known ?? readKnown)();
      const asked = world.proxmox ?? proxmoxApi(proxmoxAccess(site));
      const vmIds = [...config.machines, ...memory.machines].map(({ vmId }) => vmId);
      const found = await readInventory(asked, {
        endpoint: config.proxmox.endpoint,
        vmIds: [...new Set(vmIds)],
        pciMappings: config.proxmox.pciMappings.length > 0,
        usbMappings: config.proxmox.usbMappings.length > 0,
      });
      const [neighbours, storages] = await Promise.all([
        readNeighbours(asked, site.name, found),
        readStorages(asked),
      ]);
      return { api: asked, inventory: found, known: memory, neighbours, storages };
    })(),
    findTailnet(site, world.askPolicy),
    findItems(site, world.readItem),
  ]);
  const renewal = findRenewal(known.lastUp);
  const kept = await findKept(site, world.keeper);
  const hosts = new Map(inventory.machines.map((vm) => [vm.vmId, vm.host]));
  const wanted = judgeMachines(site, inventory, known, world.fresh ?? freshGeneration);
  const configs = await readConfigs(api, wanted.found, hosts);
  const disks = judgeSiteDisks(site, wanted.found, { configs, known, storages });
  const founded = known.founded !== undefined;
  const lan = judgeLan(site, wanted.found, founded, neighbours);
  const rest = { problems: firstProblems(wanted.found), notes: poolNotes(config, known) };
  const handOvers = judgeHandOvers(site, known.handOvers);
  const edge = await judgeEdge(site, known.edge ?? [], world.listCloudflare);
  const backups = await judgeBackups(site, known, world.listStore);
  const copies = await judgeCopies(site, known, world.listStore);
  const volumes = judgeVolumes(config, known);
  const steps = judgeVersions(config, known);
  const stores = [judgePostgres, judgeKafka, judgeClasses].map((judge) => judge(config, known));
  const data = [judgeDataLoss(config, known), ...stores, volumes, steps];
  const further = [edge, judgeTold(site), ...data, backups, copies, handOvers];
  accept(site.name, wanted, rest, lan, disks, ...further);
  const machines = disks.found;
  const existing = inventory.machines;
  accept(
    site.name,
    judgeRestarts(site, { machines, existing, configs }),
    await findLoss(
      rebuiltBesideStorage(site, { machines, existing }).map((name) => ({
        name,
        runs: isRunning(machines, existing, name),
        alone: classesWithin(config, name),
      })),
      known,
      world.cluster,
    ),
  );
  const power = world.power ?? proxmoxPower(api);
  return {
    ...{ proxmox: proxmoxProvider(site), power, machines, tailnet, items, kept, renewal },
    founded,
    handOvers: handOvers.found,
    volumes: volumes.found,
    sharedDatastores: sharedNames(storages),
  };
}

/** Whether Proxmox runs a machine, or may. Its id tells it: a guest whose host is down has no name. */
function isRunning(
  machines: readonly PlannedMachine[],
  existing: readonly ExistingMachine[],
  name: string,
): boolean {
  const vmId = machines.find((machine) => machine.name === name)?.vmId;
  return existing.some((one) => (one.vmId === vmId || one.name === name) && one.running !== false);
}

/** What storage would lose with machines. The cluster is asked only when one is built anew, and what asks it is loaded then. */
async function findLoss(
  machines: readonly RebuiltMachine[],
  { lastUp: { kubeconfig } = {} }: Known,
  cluster: ClusterCommand | undefined,
): Promise<Pick<Judged<unknown>, "problems" | "notes">> {
  if (machines.length === 0 || kubeconfig === undefined) return { problems: [], notes: [] };
  const { judgeLoss } = await import("./parts/storage/loss.ts");
  if (cluster !== undefined) return judgeLoss(machines, cluster);
  const { withCluster } = await import("./doctor/cluster.ts");
  return withCluster(kubeconfig, (run) => judgeLoss(machines, run));
}
