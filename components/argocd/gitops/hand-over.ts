import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import {
  ComponentResource,
  mergeOptions,
  type ComponentResourceOptions,
  type CustomResourceOptions,
  type Resource,
} from "@pulumi/pulumi";
import type { ReachedMachine } from "../../machine.ts";
import { RemoteStep } from "../../remote/remote-step.ts";
import { objectText, own, type Custody, type ObjectName } from "../../workload/custody.ts";
import { argocdNamespace, siteProject } from "../names.ts";
import { application } from "../objects.ts";
import type { HandOverStep, Phase } from "./phase.ts";
import { handOverScripts } from "./scripts.ts";
import { handOverTitle } from "./seen.ts";
import { contents, type TreePlan } from "./tree.ts";

/** Where trees are: a folder of a repository that Argo CD reads. */
export interface TreeSource {
  /** Address of the repository. */
  readonly repository: string;
  readonly revision: string;
  /** Folder in which each tree has one of its name. */
  readonly folder: string;
}

export interface HandOverArgs {
  readonly plan: TreePlan;
  readonly phase: Exclude<Phase, "own">;
  /** Undefined where Argo CD is left without trees, which only what is returned may be. */
  readonly source: TreeSource | undefined;
  /** Objects that stand in the cluster, as `objectText` calls them, and are to be taken over as they are. */
  readonly adopts: readonly string[];
  /** A server, where the cluster is asked. */
  readonly server: ReachedMachine;
  /** What must be there before: Argo CD, and what Argo CD takes over. */
  readonly after: readonly Resource[];
}

/**
 * One thing on its way to Argo CD, there, or on its way back; phase.ts says what each phase is. Its objects are never
 * deleted on the way, and no pod starts anew. The cluster's provider is that of `opts.providers`.
 */
export class HandOver extends ComponentResource {
  /** Argo CD has it, or has let go of it. */
  readonly done: Resource;

  constructor(name: string, args: HandOverArgs, opts?: ComponentResourceOptions) {
    super("homelab:argocd:HandOver", name, {}, opts);
    const app = args.phase === "returned" ? [] : this.application(name, args);
    this.done = this.step(name, args, [...args.after, ...app]);
    if (args.phase === "left") this.forget(name, args);
    this.registerOutputs({});
  }

  private application(name: string, args: HandOverArgs): readonly Resource[] {
    const app = applicationOf(args);
    return app === undefined
      ? []
      : [new CustomResource(`${name}-app`, app, { parent: this, dependsOn: [...args.after] })];
  }

  private step(name: string, args: HandOverArgs, after: readonly Resource[]): Resource {
    const { plan, phase, source, server } = args;
    const going = phase !== "returned";
    return new RemoteStep(
      `${name}-step`,
      {
        machine: server,
        title: handOverTitle,
        script: going ? handOverScripts.take : handOverScripts.return,
        parameters: {
          ...this.common(args),
          STEP: stepOf[phase],
          ...(going
            ? {
                FOLDER: `${source?.folder ?? ""}/${plan.name}`,
                OBJECTS: objectsOf(plan).map(objectText).join("\n"),
                // Not read: another repository or folder is proven again.
                PLAN: JSON.stringify(applicationOf(args)),
              }
            : { RELEASE: releaseOf(args) }),
        },
        limitSeconds: 2400,
        after,
      },
      { parent: this },
    ).done;
  }

  private forget(name: string, args: HandOverArgs): void {
    new RemoteStep(
      `${name}-forget`,
      {
        machine: args.server,
        title: "hand-over-forget",
        script: handOverScripts.forget,
        parameters: { ...this.common(args), RELEASE: releaseOf(args) },
        limitSeconds: 1800,
        after: [this.done],
      },
      { parent: this },
    );
  }

  private common({ plan }: HandOverArgs) {
    return { NAMESPACE: argocdNamespace.name, NAME: plan.name };
  }
}

const stepOf: Readonly<Record<HandOverArgs["phase"], HandOverStep>> = {
  offered: "take",
  left: "leave",
  returned: "return",
};

/** What is not a release: of that the program knows no object. */
const objectsOf = (plan: TreePlan): readonly ObjectName[] =>
  contents(plan).filter(({ kind }) => kind !== "Release");

/** A release whose record in the cluster is of no use any more: `NAMESPACE NAME`, or nothing. */
function releaseOf({ plan, phase, adopts }: HandOverArgs): string {
  const release = contents(plan).find(({ kind }) => kind === "Release");
  if (release === undefined) return "";
  // What the state still has is retained as it is, record and all.
  if (phase === "returned" && !adopts.includes(objectText(release))) return "";
  return `${release.namespace} ${release.name}`;
}

function applicationOf({ plan, source }: HandOverArgs) {
  if (source === undefined) return undefined;
  const { repository, revision, folder } = source;
  return application({
    ...{ name: plan.name, project: siteProject, namespace: plan.namespace, each: false },
    ...{ repository, revision, path: `${folder}/${plan.name}` },
    // The tree holds no data: what a chart's next version no longer has is to go.
    prune: true,
  });
}

/**
 * The custody of something in a phase. What is returned waits until Argo CD has let go of it. The cluster's provider is that
 * of `opts.providers`.
 */
export function custodyOf(
  name: string,
  phase: Phase,
  args: Omit<HandOverArgs, "phase">,
  opts: ComponentResourceOptions,
): Custody {
  if (phase === "own") return own;
  if (phase === "returned") {
    const { done } = new HandOver(name, { ...args, phase }, opts);
    return {
      here: true,
      options: (object, options) =>
        mergeOptions({ ...options, ...handOverOptions(phase, args.adopts, object) }, { dependsOn: done }),
      registered: () => undefined,
    };
  }
  return {
    here: phase === "offered",
    options: (object, options) =>
      phase === "left" ? options : { ...options, ...handOverOptions(phase, args.adopts, object) },
    registered: (resources) => {
      new HandOver(name, { ...args, phase, after: [...args.after, ...resources] }, opts);
    },
  };
}

/**
 * What Pulumi is told of one object. What stands in the cluster is read into the state and then brought to what the program
 * says, in one run (pulumi/pkg resource/deploy/step_generator.go, ContinueStepsFromImport); a release is installed anew, for
 * Helm takes objects over by its marks.
 */
export function handOverOptions(
  phase: Exclude<Phase, "own" | "left">,
  adopts: readonly string[],
  object: ObjectName,
): Pick<CustomResourceOptions, "retainOnDelete" | "import"> {
  return {
    ...(phase === "offered" ? { retainOnDelete: true } : {}),
    ...(object.kind !== "Release" && adopts.includes(objectText(object))
      ? { import: `${object.namespace}/${object.name}` }
      : {}),
  };
}
