import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { Deployment } from "@pulumi/kubernetes/apps/v1/deployment.js";
import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import { Service } from "@pulumi/kubernetes/core/v1/service.js";
import { ServiceAccount } from "@pulumi/kubernetes/core/v1/serviceAccount.js";
import { PodDisruptionBudget } from "@pulumi/kubernetes/policy/v1/podDisruptionBudget.js";
import { Role } from "@pulumi/kubernetes/rbac/v1/role.js";
import { RoleBinding } from "@pulumi/kubernetes/rbac/v1/roleBinding.js";
import {
  all,
  ComponentResource,
  secret,
  type ComponentResourceOptions,
  type Output,
  type Resource,
} from "@pulumi/pulumi";
import { drawnKey, secretMark } from "../workload/fingerprint.ts";
import { makeNamespace } from "../workload/namespace.ts";
import { deploymentSpec } from "../workload/pods.ts";
import { reloadsWith } from "../workload/reloader.ts";
import { appSelector } from "../workload/restricted.ts";
import { dexConfig, dexFile, type DexPlan } from "./dex-config.ts";
import {
  dexApp,
  dexBackendTls,
  dexCertificate,
  dexGrant,
  dexMetadata,
  dexPods,
  dexRules,
  dexSecrets,
} from "./dex-objects.ts";
import { dexPorts, dexService, identityNamespace } from "./names.ts";

export interface DexArgs {
  /** Release of Dex, for example `2.45.1`. */
  readonly version: string;
  /** Pods; two of them survive the loss of a node. */
  readonly replicas: number;
  /** Domain of the cluster's Services. */
  readonly clusterDomain: string;
  readonly plan: DexPlan;
  /** bcrypt hashes of people's passwords by their address; secret. */
  readonly hashes: Readonly<Record<string, Output<string>>>;
  /** Secrets of clients by their id; secret. */
  readonly clients: Readonly<Record<string, Output<string>>>;
  /** Namespaces of routes whose policies ask it. */
  readonly askedFrom: readonly string[];
}

/**
 * Dex: the site's own provider of OpenID Connect. All that it knows is in its config, whose change begins its pods anew; what it
 * keeps, its keys and the logins in progress, are objects of its namespace. Nothing has to be restored: where they are lost,
 * people sign on again. `opts.providers` has the cluster's provider, and `opts.dependsOn` says after what pods run, certificates
 * are signed, and its kinds and those of gateways are known.
 */
export class Dex extends ComponentResource {
  /** Its pods answer, with the people and services of the plan. */
  readonly ready: Resource;

  constructor(name: string, args: DexArgs, opts?: ComponentResourceOptions) {
    super("homelab:identity:Dex", name, {}, opts);
    const namespace = makeNamespace(`${name}-namespace`, identityNamespace, { parent: this });
    const config = all([all(args.hashes), all(args.clients)]).apply(([hashes, clients]) =>
      dexConfig(args.plan, { hashes, clients }),
    );
    const before = [
      this.config(name, config, namespace),
      this.object(`${name}-certificate`, dexCertificate(args.clusterDomain), namespace),
      ...this.account(name, namespace),
    ];
    this.ready = this.pods(name, args, config, before);
    this.service(name, namespace);
    this.budget(name, namespace);
    this.object(`${name}-tls`, dexBackendTls(args.clusterDomain), namespace);
    if (args.askedFrom.length > 0)
      this.object(`${name}-policies`, dexGrant(args.askedFrom), namespace);
    this.registerOutputs({});
  }

  private config(name: string, config: Output<string>, namespace: Resource): Resource {
    const metadata = { ...dexMetadata(), name: dexSecrets.config };
    return new Secret(
      `${name}-config`,
      { metadata, stringData: { [dexFile]: secret(config) } },
      { parent: this, dependsOn: [namespace] },
    );
  }

  private object(
    name: string,
    object: ReturnType<typeof dexCertificate | typeof dexBackendTls | typeof dexGrant>,
    namespace: Resource,
  ): Resource {
    return new CustomResource(name, object, { parent: this, dependsOn: [namespace] });
  }

  /** Its account, with the right to its own objects. */
  private account(name: string, namespace: Resource): readonly Resource[] {
    const inside = { parent: this, dependsOn: [namespace] };
    const metadata = dexMetadata();
    const account = new ServiceAccount(`${name}-account`, { metadata }, inside);
    const role = new Role(`${name}-role`, { metadata, rules: dexRules }, inside);
    const binding = new RoleBinding(
      `${name}-binding`,
      {
        metadata,
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: dexApp },
        subjects: [{ kind: "ServiceAccount", name: dexApp, namespace: identityNamespace.name }],
      },
      { parent: this, dependsOn: [role] },
    );
    return [account, binding];
  }

  /** It reads a renewed certificate from a mounted Secret at its start alone: the folder's link changes, not the file. */
  private pods(
    name: string,
    { version, replicas }: DexArgs,
    config: Output<string>,
    before: readonly Resource[],
  ): Resource {
    const key = drawnKey(`${name}-fingerprint-key`, this);
    const mark = secretMark(
      key,
      config.apply((value) => ({ value })),
    );
    const spec = deploymentSpec({
      ...{ app: dexApp, replicas, fingerprint: mark },
      ...dexPods(version),
    });
    return new Deployment(
      `${name}-deployment`,
      { metadata: { ...dexMetadata(), annotations: reloadsWith(dexSecrets.tls) }, spec },
      { parent: this, dependsOn: [...before] },
    );
  }

  private service(name: string, namespace: Resource): void {
    new Service(
      `${name}-service`,
      {
        metadata: dexMetadata(),
        spec: {
          selector: appSelector(dexApp).matchLabels,
          ports: [{ name: "https", port: dexService.port, targetPort: dexPorts.https }],
        },
      },
      { parent: this, dependsOn: [namespace] },
    );
  }

  private budget(name: string, namespace: Resource): void {
    new PodDisruptionBudget(
      `${name}-budget`,
      { metadata: dexMetadata(), spec: { maxUnavailable: 1, selector: appSelector(dexApp) } },
      { parent: this, dependsOn: [namespace] },
    );
  }
}
