import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import {
  all,
  ComponentResource,
  output,
  secret,
  type ComponentResourceOptions,
  type Output,
  type Resource,
} from "@pulumi/pulumi";
import type { ReachedMachine } from "../machine.ts";
import { RemoteStep } from "../remote/remote-step.ts";
import { scriptText } from "../remote/shell.ts";
import { rke2Script } from "../rke2/scripts.ts";
import { bucketKey, type BucketKey } from "../storage/bucket-key.ts";
import { Bucket } from "../storage/claim.ts";
import { drawnKey, secretMark } from "../workload/fingerprint.ts";
import { drawnPassword, type StoreKey, type StoreLogin } from "../workload/login.ts";
import { dragonfly, instanceMark, lifecycle, login, marks } from "./instance-object.ts";
import { bucketName, passwordKey, passwordSecret, redisNamespace, storeSecret } from "./names.ts";
import type { InstancePlan, StorePlan } from "./plan.ts";

const script = (file: string): string =>
  [rke2Script, ...["pods.sh", file].map((part) => scriptText(import.meta.url, part))].join("");

export interface RedisInstanceArgs {
  readonly plan: InstancePlan;
  /** Password that the site gives; drawn without. */
  readonly password?: Output<string>;
  /** Where the store of snapshots is outside. */
  readonly storeKey?: StoreKey;
  /** DNS domain of the cluster's services. */
  readonly clusterDomain: string;
  /** Where the cluster is asked. */
  readonly server: ReachedMachine;
  /** Whether the cluster's API can be asked. */
  readonly answers: () => Promise<boolean>;
  /** Operator, namespace and storage. */
  readonly after: readonly Resource[];
}

/** A store's objects, and the key by which pods log in there. */
interface StoreAccess {
  readonly access: readonly Resource[];
  readonly key: Output<BucketKey>;
}

/**
 * A Redis instance: Dragonfly's pods, one of which is the master. Ready means proven: the master takes writes, the others copy
 * from it, and a snapshot arrives in its store. The cluster's provider is that of `opts.providers`.
 */
export class RedisInstance extends ComponentResource {
  /** How programs log in. */
  readonly login: StoreLogin;

  constructor(name: string, args: RedisInstanceArgs, opts?: ComponentResourceOptions) {
    super("homelab:redis:Instance", name, {}, opts);
    const { plan, clusterDomain } = args;
    const password = args.password ?? drawnPassword(`${name}-password`, this);
    const store = this.storeAccess(name, args);
    const mark = secretMark(
      drawnKey(`${name}-fingerprint`, this),
      all([password, store?.key]).apply(([plain, key]) => ({ [passwordKey]: plain, ...key })),
    );
    const secrets = [this.passwordSecret(name, args, password), ...(store?.access ?? [])];
    const saved = this.saveAlone(name, args, mark, secrets);
    const made = this.object(name, plan, mark, [...secrets, ...saved]);
    const ready = this.waitUntilReady(name, args, mark, made);
    this.login = {
      values: secret(
        password.apply((plain): Readonly<Record<string, string>> =>
          login(plan, { password: plain, clusterDomain }),
        ),
      ),
      ready,
    };
    this.registerOutputs({});
  }

  private passwordSecret(
    name: string,
    { plan, after }: RedisInstanceArgs,
    password: Output<string>,
  ): Resource {
    return new Secret(
      `${name}-login`,
      {
        metadata: { name: passwordSecret(plan.name), namespace: redisNamespace.name },
        stringData: { [passwordKey]: password },
      },
      { parent: this, dependsOn: [...after] },
    );
  }

  /** The store's key: the bucket's own, which its claim brings, or the site's for one outside. */
  private storeAccess(name: string, args: RedisInstanceArgs): StoreAccess | undefined {
    const { plan, storeKey, answers, after } = args;
    if (plan.snapshots === undefined) return undefined;
    const { store } = plan.snapshots;
    if (store.kind === "bucket") {
      const bucket = this.bucket(name, plan, store, after);
      return { access: [bucket], key: bucketKey(`${name}-bucket`, bucket, answers, this) };
    }
    if (storeKey === undefined) throw new Error(`${plan.name}: a store outside needs its key`);
    return { access: [this.outsideKey(name, args, storeKey)], key: output({ ...storeKey }) };
  }

  private bucket(
    name: string,
    plan: InstancePlan,
    { class: storageClass, keepDays }: StorePlan & { readonly kind: "bucket" },
    after: readonly Resource[],
  ): Bucket {
    const bucket = { namespace: redisNamespace.name, name: bucketName(plan.name) };
    return new Bucket(
      `${name}-bucket`,
      { ...bucket, class: storageClass, called: true, lifecycle: lifecycle(keepDays) },
      { parent: this, dependsOn: [...after] },
    );
  }

  private outsideKey(
    name: string,
    { plan, after }: RedisInstanceArgs,
    storeKey: StoreKey,
  ): Resource {
    return new Secret(
      `${name}-store-key`,
      {
        metadata: { name: storeSecret(plan.name), namespace: redisNamespace.name },
        stringData: {
          AWS_ACCESS_KEY_ID: secret(storeKey.accessKey),
          AWS_SECRET_ACCESS_KEY: secret(storeKey.secretKey),
        },
      },
      { parent: this, dependsOn: [...after] },
    );
  }

  private object(
    name: string,
    plan: InstancePlan,
    mark: Output<string>,
    after: readonly Resource[],
  ): Resource {
    const object = dragonfly(plan);
    return new CustomResource(
      `${name}-instance`,
      { ...object, spec: { ...object.spec, ...marks(plan, mark) } },
      { parent: this, dependsOn: [...after] },
    );
  }

  /** Of several pods one is made anew at a time, and the others keep the data. */
  private saveAlone(
    name: string,
    { plan, server }: RedisInstanceArgs,
    mark: Output<string>,
    after: readonly Resource[],
  ): readonly Resource[] {
    if (plan.snapshots === undefined || plan.replicas > 1) return [];
    const { done } = new RemoteStep(
      `${name}-save`,
      {
        machine: server,
        title: "redis-save",
        script: script("save.sh"),
        parameters: {
          NAMESPACE: redisNamespace.name,
          INSTANCE: plan.name,
          // Not read: what is changed is saved before.
          PLAN: mark.apply((secrets) => JSON.stringify([plan, secrets])),
        },
        limitSeconds: 3600,
        after,
      },
      { parent: this },
    );
    return [done];
  }

  private waitUntilReady(
    name: string,
    { plan, server }: RedisInstanceArgs,
    mark: Output<string>,
    made: Resource,
  ): Resource {
    const { snapshots } = plan;
    const store = snapshots?.store;
    return new RemoteStep(
      `${name}-ready`,
      {
        machine: server,
        title: "redis-ready",
        script: script("ready.sh"),
        parameters: {
          NAMESPACE: redisNamespace.name,
          INSTANCE: plan.name,
          REPLICAS: String(plan.replicas),
          STORE: store === undefined ? "" : store.kind === "bucket" ? store.class : store.endpoint,
          MARK: mark.apply((secrets) => instanceMark(plan, secrets)),
        },
        limitSeconds: 3600,
        after: [made],
      },
      { parent: this },
    ).done;
  }
}
