import type { Resource } from "@pulumi/pulumi";
import { ApplicationData, type DataPlan } from "../../../components/workload/stateful/data.ts";
import type { RunningCluster } from "../../../components/workload/running-cluster.ts";
import type { Site } from "../../open-site.ts";
import type { SiteStorage } from "../../parts/storage/deploy.ts";
import type { Application } from "../application.ts";
import { siteData } from "./volumes.ts";

/** What is there before pods of a namespace are, by namespace. */
export type SiteData = ReadonlyMap<string, readonly Resource[]>;

/** What volumes find there. */
export interface DataSurroundings {
  readonly running: RunningCluster;
  readonly storage: SiteStorage | undefined;
  /** Volumes whose applications are gone. */
  readonly kept: readonly DataPlan[];
}

/** Makes namespaces and volumes of applications and libraries, and goes on keeping those that nobody uses any more. */
export function deployData(
  { config }: Pick<Site, "config">,
  { running: { ready, kubernetes }, storage, kept }: DataSurroundings,
  all?: Readonly<Record<string, Application>>,
): SiteData {
  const dependsOn = [ready, ...(storage === undefined ? [] : [storage.ready])];
  return new Map(
    together(siteData(config, all), kept).map((plan) => {
      const { name } = plan.namespace;
      const opts = { providers: [kubernetes], dependsOn };
      const { namespace, volumes } = new ApplicationData(name, plan, opts);
      return [name, [namespace, ...volumes]];
    }),
  );
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
