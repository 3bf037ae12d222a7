import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import {
  all,
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
import { drawnKey, fingerprintAnnotation, secretMark } from "../workload/fingerprint.ts";
import { drawnPassword, type StoreLogin } from "../workload/login.ts";
import { kafkaNamespace, passwordKey, passwordSecret, topicObject } from "./names.ts";
import { kafka, login, nodePool, topic, user } from "./objects.ts";
import type { ClusterPlan, UserPlan } from "./plan.ts";

export interface KafkaClusterArgs {
  readonly plan: ClusterPlan;
  /** Passwords that the site gives by itself, by the user's name; others are drawn. */
  readonly passwords: Readonly<Record<string, Output<string>>>;
  /** DNS domain of the cluster's services. */
  readonly clusterDomain: string;
  /** Where the cluster is asked. */
  readonly server: ReachedMachine;
  /** Operator and storage, and the gateway that clients come by. */
  readonly after: readonly Resource[];
}

type ByUser = ReadonlyMap<string, Output<string>>;

/**
 * A Kafka cluster with its topics and users. Topics and users are made after the cluster and go before it: a topic whose
 * operator is gone is never let go, for the sake of its finalizer `strimzi.io/topic-operator`. Ready means proven: all nodes are,
 * and every topic and user was taken. The cluster's provider is that of `opts.providers`.
 */
export class KafkaCluster extends ComponentResource {
  /** Logins of users that have a password, by the user's name. */
  readonly logins: ReadonlyMap<string, StoreLogin>;

  constructor(name: string, args: KafkaClusterArgs, opts?: ComponentResourceOptions) {
    super("homelab:kafka:Cluster", name, {}, opts);
    const { plan, after } = args;
    // Pools first, and so gone last: the operator makes nothing of a cluster without, and ends its nodes while they are there.
    const pools = [
      this.object(
        `${name}-controllers`,
        nodePool(plan.name, "controller", plan.controllers),
        after,
      ),
      this.object(`${name}-brokers`, nodePool(plan.name, "broker", plan.brokers), after),
    ];
    const made = this.object(`${name}-cluster`, kafka(plan), pools);
    const passwords = this.passwords(name, args);
    const marks = this.marks(name, passwords);
    const users = plan.users.map((one) => this.user(name, args, one, { passwords, marks }, made));
    const topics = plan.topics.map((one) =>
      this.object(`${name}-topic-${one.name}`, topic(plan.name, one), [made]),
    );
    const ready = this.waitUntilReady(name, args, marks, [made, ...users, ...topics]);
    this.logins = this.usersLogins(args, passwords, ready);
    this.registerOutputs({});
  }

  private object(
    name: string,
    object: { apiVersion: string; kind: string; metadata: object; spec: object },
    after: readonly Resource[],
  ): Resource {
    return new CustomResource(name, object, { parent: this, dependsOn: [...after] });
  }

  /** By user. */
  private passwords(name: string, { plan: { users }, passwords }: KafkaClusterArgs): ByUser {
    return new Map(
      users
        .filter(({ by }) => by === "password")
        .map(({ name: of }) => [
          of,
          passwords[of] ?? drawnPassword(`${name}-password-${of}`, this),
        ]),
    );
  }

  /** By user, what changes with its password. */
  private marks(name: string, passwords: ByUser): ByUser {
    const key = drawnKey(`${name}-fingerprint`, this);
    const mark = (password: Output<string>): Output<string> =>
      secretMark(
        key,
        password.apply((plain) => ({ [passwordKey]: plain })),
      );
    return new Map([...passwords].map(([of, password]) => [of, mark(password)]));
  }

  /**
   * The operator looks at a user when it changes, or every two minutes: of a Secret it takes the name for the user's
   * (user-operator 1.2.0, UserController.java, enqueueUserSecret). So the user is marked with its password.
   */
  private user(
    name: string,
    { plan: { name: cluster } }: KafkaClusterArgs,
    plan: UserPlan,
    { passwords, marks }: { readonly passwords: ByUser; readonly marks: ByUser },
    made: Resource,
  ): Resource {
    const [password, mark] = [passwords.get(plan.name), marks.get(plan.name)];
    const before =
      password === undefined
        ? []
        : [
            new Secret(
              `${name}-login-${plan.name}`,
              {
                metadata: { name: passwordSecret(plan.name), namespace: kafkaNamespace.name },
                stringData: { [passwordKey]: password },
              },
              { parent: this, dependsOn: [made] },
            ),
          ];
    const object = user(cluster, plan);
    const metadata = {
      ...object.metadata,
      ...(mark === undefined ? {} : { annotations: { [fingerprintAnnotation]: mark } }),
    };
    return this.object(`${name}-user-${plan.name}`, { ...object, metadata }, [made, ...before]);
  }

  private waitUntilReady(
    name: string,
    { plan, server }: KafkaClusterArgs,
    marks: ByUser,
    after: readonly Resource[],
  ): Resource {
    const { topics, users, controllers, brokers } = plan;
    const objects = [
      ...topics.map((one) => `kafkatopic ${topicObject(plan.name, one.name)}`),
      ...users.map((one) => `kafkauser ${one.name}`),
    ];
    return new RemoteStep(
      `${name}-ready`,
      {
        machine: server,
        title: "kafka-ready",
        script: rke2Script + scriptText(import.meta.url, "ready.sh"),
        parameters: {
          NAMESPACE: kafkaNamespace.name,
          CLUSTER: plan.name,
          NODES: String(controllers.replicas + brokers.replicas),
          OBJECTS: objects.join("\n"),
          // Not read: what runs is proven again where it differs.
          PLAN: all([...marks.values()]).apply((secrets) => JSON.stringify([plan, secrets])),
        },
        limitSeconds: 7200,
        after,
      },
      { parent: this },
    ).done;
  }

  private usersLogins(
    { plan, clusterDomain }: KafkaClusterArgs,
    passwords: ByUser,
    ready: Resource,
  ): ReadonlyMap<string, StoreLogin> {
    return new Map(
      [...passwords].map(([of, password]) => {
        const values = password.apply((plain): Readonly<Record<string, string>> =>
          login(plan.name, of, { password: plain, clusterDomain }),
        );
        return [of, { values: secret(values), ready }];
      }),
    );
  }
}
