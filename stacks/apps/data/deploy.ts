import type { Resource } from "@pulumi/pulumi";
import {
  ApplicationData,
  type Backups,
  type DataPlan,
} from "../../../components/workload/stateful/data.ts";
import type { RunningCluster } from "../../../components/workload/running-cluster.ts";
import type { Site } from "../../open-site.ts";
import type { SiteStorage } from "../../parts/storage/deploy.ts";
import type { Application } from "../application.ts";
import type { SiteBackup } from "../../parts/backup/deploy.ts";
import { ofApplication } from "../../parts/backup/volumes.ts";
import { siteData, siteVolumes, type SiteVolume } from "./volumes.ts";

/** What is there before pods of a namespace are, by namespace. */
export type SiteData = ReadonlyMap<string, readonly Resource[]>;

/** What volumes find there. */
export interface DataSurroundings {
  readonly running: RunningCluster;
  readonly storage: SiteStorage | undefined;
  /** Volumes whose applications are gone: they stay, and are saved no more. */
  readonly kept: readonly DataPlan[];
  readonly backup?: SiteBackup | undefined;
}

/** Makes namespaces and volumes of applications and libraries, and goes on keeping those that nobody uses any more. */
export function deployData(
  { config }: Pick<Site, "config">,
  { running: { ready, kubernetes }, storage, kept, backup }: DataSurroundings,
  all?: Readonly<Record<string, Application>>,
): SiteData {
  const dependsOn = [ready, ...(storage === undefined ? [] : [storage.ready])];
  const own = siteVolumes(config, all);
  return new Map(
    together(siteData(config, all), kept).map((plan) => {
      const { name } = plan.namespace;
      const opts = { providers: [kubernetes], dependsOn };
      const backups = backup && backupsIn(own, name, backup);
      const { namespace, volumes } = new ApplicationData(
        name,
        { ...plan, ...(backups === undefined ? {} : { backups }) },
        opts,
      );
      return [name, [namespace, ...volumes]];
    }),
  );
}

/** Backups of the volumes of a namespace that are worth one. */
function backupsIn(all: readonly SiteVolume[], space: string, backup: SiteBackup): Backups {
  return ({ name }, { parent, namespace }) => {
    const found = all.find((one) => one.namespace === space && one.name === name);
    if (found?.backup !== true) return undefined;
    const wanted = ofApplication(found);
    const { ready, filler } = backup.repository(name, wanted, { parent, dependsOn: [namespace] });
    if (filler === undefined) throw new Error(`${name} is made here, and nothing would fill it`);
    return {
      ...{ from: filler.object, after: filler.made },
      save: (volume) => backup.save(name, wanted, { parent, dependsOn: [ready, volume] }),
    };
  };
}

/** A namespace that is used has the volumes that are kept in it besides its own. */
function together(own: readonly DataPlan[], kept: readonly DataPlan[]): readonly DataPlan[] {
  const isOwn = (name: string): boolean => own.some(({ namespace }) => namespace.name === name);
  return [
    ...own.map((plan) => ({
      ...plan,
      volumes: [
        ...plan.volumes,
        ...kept
          .filter(({ namespace }) => namespace.name === plan.namespace.name)
          .flatMap(({ volumes }) => volumes),
      ],
    })),
    ...kept.filter(({ namespace }) => !isOwn(namespace.name)),
  ];
}
