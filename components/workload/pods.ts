import type { apps, core } from "@pulumi/kubernetes/types/input.js";
import type { Input } from "@pulumi/pulumi";
import { fingerprintAnnotation } from "./fingerprint.ts";
import { spreadOverNodes } from "./placement.ts";
import { appLabels, appSelector, restrictedContainer, restrictedPod } from "./restricted.ts";

/** What runs in the pods of a workload. */
export interface PodsPlan {
  /** Name of the container, and of the workload's objects and their namespace. */
  readonly app: string;
  readonly replicas: number;
  /** The container, but for its name and its security. */
  readonly container: Omit<core.v1.Container, "name" | "securityContext">;
  /** What a pod has besides: its volumes, the seconds that it may take to leave, its account where it speaks with the API. */
  readonly pod?: Pick<
    core.v1.PodSpec,
    | "volumes"
    | "terminationGracePeriodSeconds"
    | "dnsPolicy"
    | "dnsConfig"
    | "serviceAccountName"
    | "automountServiceAccountToken"
  >;
  /** Capabilities that its program cannot do without; none when left out. */
  readonly capabilities?: readonly "NET_BIND_SERVICE"[];
  /** Annotations of the pods: a change of one rolls them out. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Secret with the login by which the image is pulled. */
  readonly pullSecret?: string;
  /** Changes with the Secret that the container reads, so that its pods are rolled out then. */
  readonly fingerprint?: Input<string>;
}

/**
 * Spec of a workload's Deployment: restricted pods, spread over nodes, which do not speak with the cluster's API unless
 * `pod` says so. A new pod is ready before an old one leaves.
 */
export function deploymentSpec(plan: PodsPlan): apps.v1.DeploymentSpec {
  const { app, replicas, container, pod, capabilities, pullSecret, fingerprint } = plan;
  const annotations = {
    ...plan.annotations,
    ...(fingerprint === undefined ? {} : { [fingerprintAnnotation]: fingerprint }),
  };
  return {
    replicas,
    selector: appSelector(app),
    strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    template: {
      metadata: {
        labels: appLabels(app),
        ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
      },
      spec: {
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: restrictedPod(),
        topologySpreadConstraints: spreadOverNodes(app),
        containers: [
          { name: app, ...container, securityContext: restrictedContainer(capabilities) },
        ],
        ...(pullSecret === undefined ? {} : { imagePullSecrets: [{ name: pullSecret }] }),
        ...pod,
      },
    },
  };
}
