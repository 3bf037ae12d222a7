import { filesOf, servedBy, type DefinitionSet, type PinnedFiles } from "./definition-set.ts";

/** CloudNativePG's release by the version of its chart, which runs it (`appVersion` of its Chart.yaml). */
const operators: Readonly<Record<string, string>> = { "0.29.0": "v1.30.0" };

/** CloudNativePG's own kinds by its release, as its chart would bring them. */
const operatorKinds: Readonly<Record<string, PinnedFiles>> = {
  "v1.30.0": {
    "postgresql.cnpg.io_backups.yaml":
      "694bafce2eda4603629657c2141a89189c15250c74215002a6987538d3d78ff5",
    "postgresql.cnpg.io_clusterimagecatalogs.yaml":
      "a409d4e9418110672d14c263793d0458dd328f794caac668671c08c257e762ae",
    "postgresql.cnpg.io_clusters.yaml":
      "ae47f4a00f6e998faef57e480f9a3960cd48ea16a79270861fc7442601507472",
    "postgresql.cnpg.io_databaseroles.yaml":
      "bbe900fb057c5ea29bb3f41537b941eee80f528f22733e54a5b2704c4bd9516d",
    "postgresql.cnpg.io_databases.yaml":
      "53f7dfca6d23eb70246f41f1e7db596f8782341cd4fffb6ad990107cc8a588e7",
    "postgresql.cnpg.io_failoverquorums.yaml":
      "c97e5376830385bf47f2d669269e40812ae9251668dbf630d25f94361a82413f",
    "postgresql.cnpg.io_imagecatalogs.yaml":
      "dce0b11005f65a4728144c155a78183169eeb63d42c57b6af6270b4fbdf2b8aa",
    "postgresql.cnpg.io_poolers.yaml":
      "9e0dad05355f72dceb154a12b43ebe8a410d470133ad228bf711c1fdee221124",
    "postgresql.cnpg.io_publications.yaml":
      "481121c9f7232402726364a7331f8684ce540c45805574e20a11b6dfb36fd2df",
    "postgresql.cnpg.io_scheduledbackups.yaml":
      "1dffb969a92ed6b09abe59d9c848ff97c6646c7824e75f8e0b8379df8473a145",
    "postgresql.cnpg.io_subscriptions.yaml":
      "d6ed0223df8a7898ff10b9ca6c2d2543144cade69f351adaff349da6b97458f5",
  },
};

/** The barman-cloud plugin's release by the version of its chart. */
const plugins: Readonly<Record<string, string>> = { "0.7.0": "v0.13.0" };

/** The plugin's own kind by its release. */
const pluginKinds: Readonly<Record<string, PinnedFiles>> = {
  "v0.13.0": {
    "barmancloud.cnpg.io_objectstores.yaml":
      "7c98720494253421339acd03aa77487869326ea20d4768a0c3aef8ff076daaef",
  },
};

/** Versions of the cloudnative-pg chart whose kinds are pinned, oldest first. */
export const cloudNativePgVersions: readonly string[] = Object.keys(operators);

/** Versions of the plugin-barman-cloud chart whose kind is pinned, oldest first. */
export const barmanCloudVersions: readonly string[] = Object.keys(plugins);

/** The kinds of the CloudNativePG that a pinned version of its chart runs; throws for another one. */
export function cloudNativePg(chart: string): DefinitionSet {
  const tag = operators[chart] ?? "";
  const files = operatorKinds[tag];
  if (files === undefined) throw new Error(`the cloudnative-pg chart ${chart} is not pinned`);
  return {
    name: "cloudnative-pg",
    title: `CloudNativePG ${tag}`,
    files: filesOf({ repository: "cloudnative-pg/cloudnative-pg", tag, folder }, files),
    serves: servedBy(Object.keys(files), "v1"),
  };
}

/** The kind ObjectStore of the plugin that a pinned version of its chart runs; throws for another one. */
export function barmanCloud(chart: string): DefinitionSet {
  const tag = plugins[chart] ?? "";
  const files = pluginKinds[tag];
  if (files === undefined) throw new Error(`the plugin-barman-cloud chart ${chart} is not pinned`);
  return {
    name: "barman-cloud",
    title: `the barman-cloud plugin ${tag}`,
    files: filesOf({ repository: "cloudnative-pg/plugin-barman-cloud", tag, folder }, files),
    serves: servedBy(Object.keys(files), "v1"),
  };
}

const folder = "config/crd/bases";
