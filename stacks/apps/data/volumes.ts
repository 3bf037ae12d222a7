/** The volumes of a site that outlive what runs on them: those of applications, and the libraries that they share. */
import type { Owner } from "../../../components/storage/claim.ts";
import { laxest } from "../../../components/workload/exceptions.ts";
import type { NamespacePlan } from "../../../components/workload/namespace.ts";
import type { DataPlan, DataVolume } from "../../../components/workload/stateful/data.ts";
import { classInForce } from "../../config/volume-class.ts";
import type { SiteConfig } from "../../schema.ts";
import type { Application, Kept } from "../application.ts";
import { applications } from "../index.ts";
import type { Apps } from "../names.ts";

/** A volume, and where the site file has it. */
export interface SiteVolume extends DataVolume {
  readonly namespace: string;
  readonly shared: boolean;
  /** Whether what is in it is worth a copy elsewhere. */
  readonly backup: boolean;
  /** User and group that its files belong to: whoever copies them elsewhere runs as these. */
  readonly owner: Owner;
  /** Config path of its size and its class. */
  readonly path: string;
  /** The class that the config names; the one in force may be the site's default. */
  readonly named: string | undefined;
}

/** An application that keeps data, as a site has it. */
export interface KeptApp extends Kept {
  readonly name: string;
  readonly namespace: string;
}

type All = Readonly<Record<string, Application>>;

/** Applications of a site that keep data, in the config's order. */
export function keptApps(config: SiteConfig, all: All = applications): readonly KeptApp[] {
  const apps: Apps = config.apps;
  return Object.entries(apps).flatMap(([name, app]) => {
    const kept = app === undefined ? undefined : all[name]?.kept?.(name, app, config);
    if (kept === undefined) return [];
    return [{ ...kept, name, namespace: all[name]?.library ?? name }];
  });
}

/** Numbers of the user that applications of a library run as, and to whom what is in it belongs. */
export const libraryOwner: Owner = { uid: 1000, gid: 1000 };

/** Every volume of a site, applications' first. */
export function siteVolumes(config: SiteConfig, all: All = applications): readonly SiteVolume[] {
  const own = keptApps(config, all).flatMap(({ name, namespace, volumes }) =>
    volumes.map(({ volume, claim, class: named, ...rest }) => ({
      ...{ ...rest, namespace, name: claim, named, data: `apps/${name}/${volume}` },
      class: classOf(config, named, rest.shared),
      path: `homelab:apps.${name}.volumes.${volume}`,
    })),
  );
  const shared = Object.entries(config.libraries).map(([name, { sizeGiB, class: named }]) => ({
    ...{ name, namespace: name, sizeGiB, named, data: `libraries/${name}` },
    ...{ shared: true, backup: false, owner: libraryOwner },
    class: classOf(config, named, true),
    path: `homelab:libraries.${name}`,
  }));
  return [...own, ...shared];
}

/** The class in force; none where there is no default, which is refused. */
function classOf(
  { storage }: Pick<SiteConfig, "storage">,
  named: string | undefined,
  shared: boolean,
): string {
  const kind = shared ? "file" : "block";
  return named ?? classInForce(storage?.classes ?? [], undefined, kind)?.name ?? "";
}

/** The namespaces of applications: those with volumes, and of libraries, and those of all others. */
export function appNamespaces(
  config: SiteConfig,
  all: All = applications,
): readonly NamespacePlan[] {
  const kept = keptApps(config, all);
  const plain = Object.keys(config.apps)
    .filter((name) => !kept.some((one) => one.name === name))
    .map((name) => ({ name }));
  return [...plain, ...dataNamespaces(config, kept)];
}

/** One profile counts for all pods of a namespace: that of the application which needs most. */
function dataNamespaces(
  { libraries }: SiteConfig,
  kept: readonly KeptApp[],
): readonly NamespacePlan[] {
  const names = [...kept.map(({ namespace }) => namespace), ...Object.keys(libraries)];
  return [...new Set(names)].map((name) => {
    const inside = kept.filter(({ namespace }) => namespace === name);
    const security = laxest(inside.map(({ level }) => level));
    const annotations = Object.assign({}, ...inside.map(({ exceptions }) => exceptions)) as Record<
      string,
      string
    >;
    return {
      ...{ name, security },
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    };
  });
}

/** What is made of them: each namespace with its volumes. */
export function siteData(config: SiteConfig, all: All = applications): readonly DataPlan[] {
  const volumes = siteVolumes(config, all);
  return dataNamespaces(config, keptApps(config, all)).map((namespace) => ({
    namespace,
    volumes: volumes.filter((one) => one.namespace === namespace.name),
  }));
}
