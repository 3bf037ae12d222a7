import type { apps, core } from "@pulumi/kubernetes/types/input.js";
import type { Input } from "@pulumi/pulumi";
import { fingerprintAnnotation } from "../workload/fingerprint.ts";
import {
  appLabels,
  appSelector,
  restrictedContainer,
  restrictedPod,
  spreadOverNodes,
} from "../workload/restricted.ts";

export interface TypeoPlan {
  /** Name of the objects and of their namespace. */
  readonly name: string;
  /** Image with its tag. */
  readonly image: string;
  readonly replicas: number;
  /** Secret that holds the environment, and a mark that changes with it. */
  readonly environment?: { readonly secret: string; readonly fingerprint: Input<string> };
}

/** Port that the application listens on, and its Service too. */
export const typeoPort = 8080;

/** Spec of Typeo's Deployment: a web application that keeps nothing on its disk but temporary files. */
export function typeoDeployment(plan: TypeoPlan): apps.v1.DeploymentSpec {
  const { name, environment } = plan;
  return {
    replicas: plan.replicas,
    selector: appSelector(name),
    strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    template: {
      metadata: {
        labels: appLabels(name),
        ...(environment === undefined
          ? {}
          : { annotations: { [fingerprintAnnotation]: environment.fingerprint } }),
      },
      spec: {
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: restrictedPod(),
        topologySpreadConstraints: spreadOverNodes(name),
        containers: [container(plan)],
        volumes: [{ name: "tmp", emptyDir: { sizeLimit: "64Mi" } }],
      },
    },
  };
}

function container({ name, image, environment }: TypeoPlan): core.v1.Container {
  const probe = { httpGet: { path: "/", port: "http" } };
  return {
    name,
    image,
    ...(environment === undefined
      ? {}
      : { envFrom: [{ secretRef: { name: environment.secret } }] }),
    ports: [{ name: "http", containerPort: typeoPort }],
    startupProbe: { ...probe, periodSeconds: 2, failureThreshold: 60 },
    readinessProbe: { ...probe, periodSeconds: 5 },
    livenessProbe: { ...probe, periodSeconds: 10, failureThreshold: 6 },
    resources: {
      requests: { cpu: "10m", memory: "64Mi" },
      limits: { memory: "256Mi" },
    },
    securityContext: restrictedContainer(),
    volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
  };
}
