import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import {
  ComponentResource,
  secret,
  type ComponentResourceOptions,
  type Output,
  type Resource,
} from "@pulumi/pulumi";
import type { ReachedMachine } from "../machine.ts";
import { RemoteStep } from "../remote/remote-step.ts";
import { scriptText } from "../remote/shell.ts";
import { rke2Script } from "../rke2/scripts.ts";
import { Bucket } from "../storage/claim.ts";
import { drawnPassword, type StoreKey, type StoreLogin } from "../workload/login.ts";
import { backupNow, objectStore, scheduledBackup, storeSecret } from "./backup-objects.ts";
import { cluster, settingsMark } from "./cluster-object.ts";
import {
  database,
  databaseRole,
  login,
  loginName,
  pooler,
  roleSecret,
} from "./database-objects.ts";
import { bucketName, objectName, poolerName, postgresNamespace } from "./names.ts";
import type { BackupPlan, ClusterPlan, RolePlan } from "./plan.ts";
import { provingCluster } from "./proven.ts";

const script = (file: string): string => rke2Script + scriptText(import.meta.url, file);

export interface PostgresClusterArgs {
  readonly plan: ClusterPlan;
  /** Passwords of roles that the site gives by itself, by the role's name; others are drawn. */
  readonly passwords: Readonly<Record<string, Output<string>>>;
  /** Where the backup's store is outside. */
  readonly storeKey?: StoreKey;
  /** DNS domain of the cluster's services. */
  readonly clusterDomain: string;
  /** By name, namespaces that get Secrets with logins. */
  readonly consumers: ReadonlyMap<string, Resource>;
  /** Where the cluster is asked. */
  readonly server: ReachedMachine;
  /** Operator, namespace and storage; and the store of the cluster that this one is recovered from. */
  readonly after: readonly Resource[];
}

/**
 * A Postgres cluster with its backup, its roles and its databases. Its volumes go with its Cluster, whose they are
 * (cloudnative-pg v1.30.0, pkg/reconciler/persistentvolumeclaim/build.go): stacks refuse to let one go unasked. Ready means
 * proven: its primary takes writes, its log arrives in the archive, and every role and database is there. The cluster's
 * provider is that of `opts.providers`.
 */
export class PostgresCluster extends ComponentResource {
  /** The step that saw all roles and databases. */
  readonly ready: Resource;
  /** The store of its backups; what is recovered from it depends on it. */
  readonly store: Resource | undefined;
  /** Logins of databases' owners, by the database's name. */
  readonly logins: ReadonlyMap<string, StoreLogin>;

  constructor(name: string, args: PostgresClusterArgs, opts?: ComponentResourceOptions) {
    super("homelab:postgres:Cluster", name, {}, opts);
    const { plan, after } = args;
    this.store = plan.backup && this.objectStore(name, args, plan.backup);
    const made = this.object(
      `${name}-cluster`,
      cluster(plan),
      this.store === undefined ? after : [...after, this.store],
    );
    const whole = this.waitUntilWhole(name, args, made);
    if (plan.backup !== undefined) this.backUp(name, args, plan.backup, whole);
    const passwords = this.passwords(name, args);
    const roles = plan.roles.map((role) => this.role(name, plan, role, passwords, whole));
    const databases = plan.databases.map((one) =>
      this.object(`${name}-db-${one.name}`, database(plan.name, one), roles),
    );
    const before =
      plan.pooler === undefined
        ? []
        : [this.object(`${name}-pooler`, pooler(plan.name, plan.pooler), [whole])];
    this.ready = this.waitUntilApplied(name, args, [whole, ...roles, ...databases, ...before]);
    this.logins = this.ownersLogins(args, passwords);
    this.tellConsumers(args);
    this.registerOutputs({});
  }

  private object(
    name: string,
    object: { apiVersion: string; kind: string; metadata: object; spec: object },
    after: readonly Resource[],
  ): Resource {
    return new CustomResource(name, object, { parent: this, dependsOn: [...after] });
  }

  /** The store with its key: the bucket's own, which its claim brings, or the site's for one outside. */
  private objectStore(name: string, args: PostgresClusterArgs, backup: BackupPlan): Resource {
    const key = this.storeKey(name, args, backup);
    return this.object(`${name}-store`, objectStore(args.plan.name, backup), [key]);
  }

  private storeKey(
    name: string,
    { plan, storeKey, after }: PostgresClusterArgs,
    { store }: BackupPlan,
  ): Resource {
    const namespace = postgresNamespace.name;
    if (store.kind === "bucket") {
      const { class: storageClass, maxSizeGiB } = store;
      return new Bucket(
        `${name}-bucket`,
        {
          ...{ namespace, name: bucketName(plan.name), class: storageClass, called: true },
          ...(maxSizeGiB === undefined ? {} : { maxSizeGiB }),
        },
        { parent: this, dependsOn: [...after] },
      );
    }
    if (storeKey === undefined) throw new Error(`${plan.name}: a store outside needs its key`);
    const { region, ca } = store;
    return new Secret(
      `${name}-store-key`,
      {
        metadata: {
          name: storeSecret(plan.name),
          namespace,
          labels: { "cnpg.io/reload": "true" },
        },
        stringData: {
          accessKeyId: secret(storeKey.accessKey),
          secretAccessKey: secret(storeKey.secretKey),
          region,
          ...(ca === undefined ? {} : { "ca.crt": ca }),
        },
      },
      { parent: this, dependsOn: [...after] },
    );
  }

  private waitUntilWhole(
    name: string,
    { plan, server }: PostgresClusterArgs,
    made: Resource,
  ): Resource {
    const { name: CLUSTER, instances, image: IMAGE, backup } = plan;
    return new RemoteStep(
      `${name}-whole`,
      {
        machine: server,
        title: provingCluster,
        script: script("ready.sh"),
        parameters: {
          NAMESPACE: postgresNamespace.name,
          CLUSTER,
          INSTANCES: String(instances),
          IMAGE,
          MARK: settingsMark(plan),
          ARCHIVE: backup?.archive ?? "",
          // Not read: what runs is proven again where it differs.
          PLAN: JSON.stringify([plan.storage, plan.wal, backup]),
        },
        limitSeconds: 7200,
        after: [made],
      },
      { parent: this },
    ).done;
  }

  /** Nothing waits for the first base backup but the run itself: a large one takes hours. */
  private backUp(
    name: string,
    { plan, server }: PostgresClusterArgs,
    backup: BackupPlan,
    whole: Resource,
  ): void {
    const schedule = this.object(
      `${name}-backup-${backup.archive}`,
      scheduledBackup(plan.name, backup),
      [whole],
    );
    new RemoteStep(
      `${name}-backed-up`,
      {
        machine: server,
        title: "postgres-backed-up",
        script: script("backed-up.sh"),
        parameters: {
          NAMESPACE: postgresNamespace.name,
          CLUSTER: plan.name,
          ARCHIVE: backup.archive,
          BACKUP: JSON.stringify(backupNow(plan.name)),
        },
        limitSeconds: 14_400,
        after: [schedule],
      },
      { parent: this },
    );
  }

  /** By role. */
  private passwords(
    name: string,
    { plan: { roles }, passwords }: PostgresClusterArgs,
  ): ReadonlyMap<string, Output<string>> {
    return new Map(
      roles.map(({ name: role }) => [
        role,
        passwords[role] ?? drawnPassword(`${name}-password-${role}`, this),
      ]),
    );
  }

  private role(
    name: string,
    { name: of }: ClusterPlan,
    role: RolePlan,
    passwords: ReadonlyMap<string, Output<string>>,
    whole: Resource,
  ): Resource {
    const stringData = { username: role.name, password: passwords.get(role.name) ?? "" };
    const login = new Secret(
      `${name}-login-${role.name}`,
      { ...roleSecret(of, role), stringData },
      { parent: this, dependsOn: [whole] },
    );
    return this.object(`${name}-role-${role.name}`, databaseRole(of, role), [login]);
  }

  private waitUntilApplied(
    name: string,
    { plan, server }: PostgresClusterArgs,
    after: readonly Resource[],
  ): Resource {
    const { name: of, roles, databases, pooler: before } = plan;
    const objects = [
      ...roles.map((role) => `databaserole ${objectName(of, role.name)}`),
      ...databases.map((one) => `database ${objectName(of, one.name)}`),
      ...(before === undefined ? [] : [`pooler ${poolerName(of)}`]),
    ];
    return new RemoteStep(
      `${name}-applied`,
      {
        machine: server,
        title: "postgres-applied",
        script: script("applied.sh"),
        parameters: {
          NAMESPACE: postgresNamespace.name,
          CLUSTER: of,
          OBJECTS: objects.join("\n"),
          // Not read: what changes in one of them is proven again.
          PLAN: JSON.stringify([roles, databases, before]),
        },
        limitSeconds: 7200,
        after,
      },
      { parent: this },
    ).done;
  }

  private ownersLogins(
    { plan, clusterDomain }: PostgresClusterArgs,
    passwords: ReadonlyMap<string, Output<string>>,
  ): ReadonlyMap<string, StoreLogin> {
    return new Map(
      plan.databases.map((one) => {
        const password = passwords.get(one.owner);
        if (password === undefined) throw new Error(`the owner of ${one.name} is no role`);
        const values = password.apply((plain): Readonly<Record<string, string>> =>
          login(plan, one, { password: plain, clusterDomain }),
        );
        return [one.name, { values: secret(values), ready: this.ready }];
      }),
    );
  }

  /**
   * For consumers, once what they are told of is there. A Secret is called here as it is there, and not by its cluster: where
   * another cluster takes over, it changes, and is not made anew and then deleted.
   */
  private tellConsumers({ plan, consumers }: PostgresClusterArgs): void {
    for (const one of plan.databases) {
      const values = this.logins.get(one.name)?.values;
      for (const namespace of one.secretIn) {
        const home = consumers.get(namespace);
        new Secret(
          `postgres-login-${namespace}-${one.name}`,
          {
            metadata: { name: loginName(one), namespace },
            ...(values === undefined ? {} : { stringData: values }),
          },
          { parent: this, dependsOn: [this.ready, ...(home === undefined ? [] : [home])] },
        );
      }
    }
  }
}
