import { objectName } from "../../../components/postgres/names.ts";
import {
  firstGoodMinors,
  fixedParameters,
  isTagged,
  majorOf,
  runnableMajors,
} from "../../../components/postgres/releases.ts";
import type { Problem } from "../../../components/problem.ts";
import { repeated } from "../../config/lists.ts";
import { checkVolumeClass } from "../../config/volume-checks.ts";
import { siteNamespaces } from "../../namespaces.ts";
import type { SiteConfig } from "../../schema.ts";
import { itemNamespaces } from "../items/schema.ts";
import { checkSpread } from "../machines/nodes.ts";
import { checkArchives, checkBackup, checkRecovery } from "./backup-checks.ts";
import type { PostgresConfig } from "./schema.ts";

type Cluster = PostgresConfig["clusters"][string];

/** Each cluster can run, has room, is backed up where it says so, and has names that PostgreSQL takes. */
export function checkPostgres(config: SiteConfig): readonly Problem[] {
  const { postgres } = config;
  if (postgres === undefined) return [];
  return [
    ...Object.entries(postgres.clusters).flatMap(([name, cluster]) => {
      const at = `homelab:postgres.clusters.${name}`;
      return [
        ...releases(postgres, at, cluster),
        ...checkSpread(config, `${at}.instances`, cluster.instances, {
          ...{ what: "instances", each: " instance" },
        }),
        ...disks(config, at, cluster),
        ...settings(at, cluster),
        ...names(at, cluster),
        ...checkBackup(config, at, cluster),
        ...checkRecovery(postgres, at, name, cluster),
      ];
    }),
    ...room(config, postgres),
    ...checkArchives(postgres),
    ...logins(config, postgres),
  ];
}

function releases(
  { charts }: PostgresConfig,
  at: string,
  { version, image }: Cluster,
): readonly Problem[] {
  const problems: Problem[] = [];
  const majors = runnableMajors[charts.operator];
  const major = majorOf(version);
  if (majors !== undefined && !majors.includes(major))
    problems.push({
      path: `${at}.version`,
      text: `CloudNativePG of the chart ${charts.operator} does not run PostgreSQL ${major}, but ${majors.join(", ")}; use one of these`,
    });
  const good = firstGoodMinors[major];
  if (good !== undefined && Number(version.split(".")[1]) < good.minor)
    problems.push({
      path: `${at}.version`,
      text: `${version} is none to begin with: ${good.why}; use ${major}.${good.minor} or newer`,
    });
  if (!isTagged(image, version))
    problems.push({
      path: `${at}.image`,
      text: `the tag of ${image} does not begin with ${version}, and by the tag the operator knows what runs; name both alike, such as :${version}-1`,
    });
  return problems;
}

function disks(config: SiteConfig, at: string, { storage, wal }: Cluster): readonly Problem[] {
  return [
    ...checkVolumeClass(config, `${at}.storage.class`, storage.class),
    ...(wal === undefined ? [] : checkVolumeClass(config, `${at}.wal.class`, wal.class)),
  ];
}

/** What all instances take of a class is part of what it was planned for. */
function room({ storage }: SiteConfig, { clusters }: PostgresConfig): readonly Problem[] {
  return (storage?.classes ?? []).flatMap((plan) => {
    if (plan.kind !== "block" || plan.claimsGiB === 0) return [];
    const wanted = Object.values(clusters).reduce((sum, { instances, storage: data, wal }) => {
      const own = [data, ...(wal === undefined ? [] : [wal])].filter(({ class: name }) =>
        name === undefined ? plan.default : name === plan.name,
      );
      return sum + instances * own.reduce((size, one) => size + one.sizeGiB, 0);
    }, 0);
    if (wanted <= plan.claimsGiB) return [];
    const text = `Postgres alone claims ${wanted} GiB of it, and ${plan.claimsGiB} are planned; raise it, or lower sizes or instances there`;
    return [{ path: `homelab:storage.classes.${plan.name}.claimsGiB`, text }];
  });
}

function settings(at: string, { parameters, preload }: Cluster): readonly Problem[] {
  return [
    ...Object.keys(parameters)
      .filter((name) => fixedParameters.has(name))
      .map((name) => ({
        path: `${at}.parameters.${name}`,
        text:
          name === "shared_preload_libraries"
            ? "is the operator's own; write preload"
            : "is the operator's own, which refuses it; remove it",
      })),
    ...repeated(`${at}.preload`, preload),
  ];
}

/** What every cluster has already: docs/src/declarative_database_management.md, and rules of DatabaseRole. */
const takenDatabases = ["postgres", "template0", "template1", "app"];
const takenRoles = /^(postgres|streaming_replica|app|pg_.*|cnpg_.*)$/;

function names(at: string, { roles, databases }: Cluster): readonly Problem[] {
  return [
    ...Object.keys(roles)
      .filter((name) => takenRoles.test(name))
      .map((name) => ({
        path: name in databases ? `${at}.databases.${name}` : `${at}.roles.${name}`,
        text: `${name} is a role of PostgreSQL's or the operator's own; use another name`,
      })),
    ...Object.keys(databases)
      .filter((name) => takenDatabases.includes(name) && !takenRoles.test(name))
      .map((name) => ({
        path: `${at}.databases.${name}`,
        text: `${name} is a database that every cluster has; use another name`,
      })),
    ...Object.entries(databases).flatMap(([name, one]) => [
      ...repeated(`${at}.databases.${name}.extensions`, one.extensions),
      ...repeated(`${at}.databases.${name}.secretIn`, one.secretIn),
    ]),
  ];
}

/** A namespace has one Secret of a name, and is made by one part. */
function logins(config: SiteConfig, { clusters }: PostgresConfig): readonly Problem[] {
  const operator = config.onePassword?.operator;
  const items = operator === undefined ? [] : itemNamespaces(operator).map(({ name }) => name);
  const made = siteNamespaces({ ...config, postgres: undefined }).map(({ name }) => name);
  const foreign = [...made.filter((name) => !items.includes(name)), "cnpg-system", "postgres"];
  const seen = new Map<string, string>();
  return Object.entries(clusters).flatMap(([cluster, { databases }]) =>
    Object.entries(databases).flatMap(([name, { secretIn }]) => {
      const at = `homelab:postgres.clusters.${cluster}.databases.${name}`;
      return secretIn.flatMap((namespace, i): readonly Problem[] => {
        const path = `${at}.secretIn[${i}]`;
        if (/^(default|kube-.*)$/.test(namespace))
          return [
            {
              path,
              text: `${namespace} is Kubernetes' own; name a namespace of the database's users`,
            },
          ];
        if (namespace in config.apps)
          return [
            {
              path,
              text: `${namespace} is an application of the site's; write homelab:apps.${namespace}.logins with to: postgres/${cluster}/${name} in its place`,
            },
          ];
        if (foreign.includes(namespace))
          return [
            {
              path,
              text: `${namespace} is made by another part of the site; name another namespace`,
            },
          ];
        const key = `${namespace}/${objectName("", name)}`;
        const other = seen.get(key);
        seen.set(key, cluster);
        if (other === undefined || other === cluster) return [];
        const text = `${namespace} has the Secret of a database ${name} of ${other} already; call one of the two otherwise`;
        return [{ path, text }];
      });
    }),
  );
}
