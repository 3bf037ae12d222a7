/** Roles, databases and poolers of a cluster (`postgresql.cnpg.io/v1`), and the Secrets with their logins. */
import { hostLabel } from "../storage/classes.ts";
import { spreadWherePossible } from "../workload/placement.ts";
import { objectName, poolerName, ports, postgresNamespace, serviceName } from "./names.ts";
import type { ClusterPlan, DatabasePlan, PoolerPlan, RolePlan } from "./plan.ts";

const apiVersion = "postgresql.cnpg.io/v1";
const { name: namespace } = postgresNamespace;

/** Role and password; the operator looks again when it changes, for the sake of its label (docs/src/declarative_role_management.md). */
export function roleSecret(cluster: string, { name }: Pick<RolePlan, "name">) {
  return {
    metadata: {
      name: objectName(cluster, name),
      namespace,
      labels: { "cnpg.io/reload": "true" },
    },
    type: "kubernetes.io/basic-auth",
  };
}

/** A role that logs in with its Secret. It stays in PostgreSQL when the object goes: what it owns would be nobody's. */
export function databaseRole(cluster: string, { name, superuser, inRoles }: RolePlan) {
  return {
    apiVersion,
    kind: "DatabaseRole",
    metadata: { name: objectName(cluster, name), namespace },
    spec: {
      cluster: { name: cluster },
      name,
      login: true,
      // The operator writes roles back without what is false, and a false one would be told as a change ever after.
      ...(superuser ? { superuser } : {}),
      ...(inRoles.length === 0 ? {} : { inRoles: [...inRoles] }),
      passwordSecret: { name: objectName(cluster, name) },
      databaseRoleReclaimPolicy: "retain",
    },
  };
}

/** A database with its extensions, which the operator makes as superuser. It stays in PostgreSQL when the object goes. */
export function database(cluster: string, { name, owner, extensions }: DatabasePlan) {
  return {
    apiVersion,
    kind: "Database",
    metadata: { name: objectName(cluster, name), namespace },
    spec: {
      cluster: { name: cluster },
      name,
      owner,
      databaseReclaimPolicy: "retain",
      ...(extensions.length === 0
        ? {}
        : { extensions: extensions.map((extension) => ({ name: extension, ensure: "present" })) }),
    },
  };
}

/** PgBouncer before the primary, on hosts of their own as far as there are some. */
export function pooler(cluster: string, { instances, mode }: PoolerPlan) {
  return {
    apiVersion,
    kind: "Pooler",
    metadata: { name: poolerName(cluster), namespace },
    spec: {
      cluster: { name: cluster },
      instances,
      type: "rw",
      pgbouncer: { poolMode: mode },
      template: {
        metadata: { labels: { app: poolerName(cluster) } },
        spec: {
          // The operator puts its own container in the place of this name; the API wants the field.
          containers: [
            {
              name: "pgbouncer",
              resources: {
                requests: { cpu: "20m", memory: "64Mi" },
                limits: { memory: "256Mi" },
              },
            },
          ],
          topologySpreadConstraints: [spreadWherePossible({ app: poolerName(cluster) }, hostLabel)],
        },
      },
    },
  };
}

/** Name of the Secret by which a database is reached from another namespace. */
export function loginName({ name }: Pick<DatabasePlan, "name">): string {
  return `postgres-${name.replaceAll("_", "-")}`;
}

/** What a program needs to reach a database: some keys of the Secret that the operator itself makes for `app`. */
export const loginKeys = ["host", "port", "dbname", "username", "password", "uri"] as const;

/** The login of a database's owner. */
export function login(
  { name: cluster, pooler: before }: Pick<ClusterPlan, "name" | "pooler">,
  { name: dbname, owner }: Pick<DatabasePlan, "name" | "owner">,
  { password, clusterDomain }: { readonly password: string; readonly clusterDomain: string },
): Record<(typeof loginKeys)[number], string> {
  const service = serviceName(cluster, before !== undefined);
  const host = `${service}.${namespace}.svc.${clusterDomain}`;
  const port = String(ports.postgres);
  const word = encodeURIComponent(password);
  return {
    ...{ host, port, dbname, username: owner, password },
    uri: `postgresql://${owner}:${word}@${host}:${port}/${dbname}`,
  };
}
