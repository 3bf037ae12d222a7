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
    const users = plan.users.map((one) =>
      this.user(name, plan.name, one, passwords.get(one.name), made),
    );
    const topics = plan.topics.map((one) =>
      this.object(`${name}-topic-${one.name}`, topic(plan.name, one), [made]),
    );
    const ready = this.waitUntilReady(name, args, [made, ...users, ...topics]);
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
  private passwords(
    name: string,
    { plan: { users }, passwords }: KafkaClusterArgs,
  ): ReadonlyMap<string, Output<string>> {
    return new Map(
      users
        .filter(({ by }) => by === "password")
        .map(({ name: of }) => [
          of,
          passwords[of] ?? drawnPassword(`${name}-password-${of}`, this),
        ]),
    );
  }

  private user(
    name: string,
    cluster: string,
    plan: UserPlan,
    password: Output<string> | undefined,
    made: Resource,
  ): Resource {
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
    return this.object(`${name}-user-${plan.name}`, user(cluster, plan), [made, ...before]);
  }

  private waitUntilReady(
    name: string,
    { plan, server }: KafkaClusterArgs,
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
          PLAN: JSON.stringify(plan),
        },
        limitSeconds: 7200,
        after,
      },
      { parent: this },
    ).done;
  }

  private usersLogins(
    { plan, clusterDomain }: KafkaClusterArgs,
    passwords: ReadonlyMap<string, Output<string>>,
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
