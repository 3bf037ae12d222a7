import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import {
  ComponentResource,
  output,
  secret,
  type ComponentResourceOptions,
  type Input,
  type Output,
  type Resource,
} from "@pulumi/pulumi";
import { trustLabel } from "../certificates/cert-manager-values.ts";
import type { ReachedMachine } from "../machine.ts";
import { RemoteStep } from "../remote/remote-step.ts";
import { scriptText } from "../remote/shell.ts";
import { rke2Script } from "../rke2/scripts.ts";
import { makeNamespace } from "../workload/namespace.ts";
import { helmRelease } from "../workload/release.ts";
import { argoCharts, argocdNamespace, argocdServer } from "./names.ts";
import { application, project, type ApplicationPlan, type ProjectPlan } from "./objects.ts";
import { repositoryLabels } from "./repository.ts";
import { refreshScript } from "./scripts.ts";
import { argocdValues, type ArgoCdPlan, type SignOnPlan } from "./values.ts";

const seenScript = rke2Script + refreshScript + scriptText(import.meta.url, "seen.sh");
const letGoScript = rke2Script + scriptText(import.meta.url, "let-go.sh");

/** A Secret's content by key; plain. */
export type SecretData = Readonly<Record<string, string>>;

interface SecretPlan {
  readonly name: string;
  readonly labels: Record<string, string>;
  readonly annotations?: Record<string, string>;
  readonly data: Output<SecretData>;
}

export interface ArgoCdArgs extends Omit<ArgoCdPlan, "signOn"> {
  readonly signOn?: Input<SignOnPlan>;
  /** Version of the argo-cd chart. */
  readonly chart: string;
  /** What `argocd-secret` holds by key: the administrator's hash, secrets of webhooks and of sign-on. */
  readonly settings: Output<SecretData>;
  /** Secrets of repositories by the repository's name. */
  readonly repositories: Readonly<Record<string, Output<SecretData>>>;
  readonly projects: readonly ProjectPlan[];
  readonly applications: readonly ApplicationPlan[];
  /** A server, where the cluster is asked. */
  readonly server: ReachedMachine;
  /** What must be there before: Argo CD's kinds, and those of monitors. */
  readonly after: readonly Resource[];
}

/**
 * Argo CD, its projects and repositories, and the Applications from which it goes on by itself. Ready means proven: its
 * server answers, and it has read and rendered what each Application names. What Argo CD has brought to the cluster stays
 * when this goes. The cluster's provider is that of `opts.providers`.
 */
export class ArgoCd extends ComponentResource {
  /** The step that saw the Applications rendered. */
  readonly seen: Resource;
  /** The release: what asks for Argo CD's Services depends on it. */
  readonly release: Resource;

  constructor(name: string, args: ArgoCdArgs, opts?: ComponentResourceOptions) {
    super("homelab:argocd:ArgoCd", name, {}, opts);
    const namespace = makeNamespace(
      `${name}-namespace`,
      args.trusting === true ? { ...argocdNamespace, labels: trustLabel } : argocdNamespace,
      { parent: this, dependsOn: [...args.after] },
    );
    const letGo = this.letGo(name, args, namespace);
    const settings = this.secret(`${name}-settings`, namespace, {
      name: "argocd-secret",
      labels: partOf,
      // Argo CD writes it too: a password that was changed in its UI is the site's again when that changes.
      annotations: { "pulumi.com/patchForce": "true" },
      data: args.settings,
    });
    this.release = this.chart(args, [settings, letGo]);
    const repositories = this.repositories(name, args, namespace);
    const projects = args.projects.map((plan) =>
      this.object(`${name}-project-${plan.name}`, project(plan), [this.release]),
    );
    const applications = args.applications.map((plan) =>
      this.object(`${name}-app-${plan.name}`, application(plan), [...repositories, ...projects]),
    );
    const brought = [...repositories, ...projects, ...applications];
    this.seen = this.waitUntilSeen(name, args, [this.release, ...brought]);
    this.registerOutputs({});
  }

  /** In `data` each key has an owner: one that goes from here goes from the Secret, and Argo CD's own keys stay. */
  private secret(
    name: string,
    namespace: Resource,
    { data: plain, ...metadata }: SecretPlan,
  ): Resource {
    const data = plain.apply((values) =>
      Object.fromEntries(
        Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
      ),
    );
    return new Secret(
      name,
      {
        metadata: { ...metadata, namespace: argocdNamespace.name },
        data: secret(data),
      },
      { parent: this, dependsOn: [namespace] },
    );
  }

  private repositories(
    name: string,
    { repositories }: ArgoCdArgs,
    namespace: Resource,
  ): readonly Resource[] {
    return Object.entries(repositories).map(([repository, data]) =>
      this.secret(`${name}-repository-${repository}`, namespace, {
        name: `repository-${repository}`,
        labels: { ...repositoryLabels },
        data,
      }),
    );
  }

  private object(
    name: string,
    object: ReturnType<typeof project> | ReturnType<typeof application>,
    after: readonly Resource[],
  ): Resource {
    return new CustomResource(name, object, { parent: this, dependsOn: [...after] });
  }

  /** Deleted after the release: what waits for a controller that is gone would hold the namespace for ever. */
  private letGo(name: string, { server }: ArgoCdArgs, namespace: Resource): Resource {
    return new RemoteStep(
      `${name}-let-go`,
      {
        machine: server,
        title: "argocd-let-go",
        script: letGoScript,
        parameters: { NAMESPACE: argocdNamespace.name },
        limitSeconds: 300,
        after: [namespace],
        runs: "at-delete",
        goesWithMachine: true,
      },
      { parent: this },
    ).done;
  }

  private chart(args: ArgoCdArgs, before: readonly Resource[]): Resource {
    return helmRelease(
      "argo-cd",
      {
        name: "argocd",
        namespace: argocdNamespace.name,
        chart: "argo-cd",
        version: args.chart,
        repositoryOpts: { repo: argoCharts },
        skipCrds: true,
        values: output(args.signOn).apply((signOn) => argocdValues({ ...args, signOn })),
        timeout: 900,
      },
      { parent: this, dependsOn: [...before] },
    );
  }

  private waitUntilSeen(name: string, args: ArgoCdArgs, after: readonly Resource[]): Resource {
    const { server, applications, chart, repositories } = args;
    return new RemoteStep(
      `${name}-seen`,
      {
        machine: server,
        title: "argocd-seen",
        script: seenScript,
        parameters: {
          NAMESPACE: argocdNamespace.name,
          SERVER: `${argocdServer.name}:${argocdServer.port}`,
          APPLICATIONS: names(applications, false),
          SETS: names(applications, true),
          // Not read: another release, other Applications and other logins are proven again.
          RELEASE: chart,
          PLANS: JSON.stringify(applications),
          LOGINS: output(repositories).apply((all) => JSON.stringify(all)),
        },
        limitSeconds: 1800,
        after,
      },
      { parent: this },
    ).done;
  }
}

/** Argo CD reads settings only from objects with this label (util/settings, partOfArgoCDSelector). */
const partOf = { "app.kubernetes.io/name": "argocd-secret", "app.kubernetes.io/part-of": "argocd" };

function names(applications: readonly ApplicationPlan[], each: boolean): string {
  return applications
    .filter((one) => one.each === each)
    .map(({ name }) => name)
    .join(" ");
}
