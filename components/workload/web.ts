import { deviceLimits } from "../devices/names.ts";
import type { PodsPlan } from "./pods.ts";

/** What a web application asks of its pods. Each has a default. */
export interface WebShape {
  /** Port that it listens on; its Service has the same. Default 8080. */
  readonly port?: number;
  /** Path that answers with 200 or a redirect once it works. Default `/`. */
  readonly path?: string;
  /** Processor time that a node must have left for a pod, as Kubernetes writes it. Default `10m`. */
  readonly cpu?: string;
  /** Memory that a node must have left for a pod, and the most that it gets. Default `64Mi` and `256Mi`. */
  readonly memory?: { readonly request: string; readonly limit: string };
}

/** A web application and what it is given. */
export interface WebPlan extends WebShape {
  /** Image with its tag. */
  readonly image: string;
  /** Environment that is no secret. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Secret whose values are its environment too. */
  readonly settings?: string;
  /** Secrets whose values are files of folders. */
  readonly mounted?: readonly { readonly name: string; readonly folder: string }[];
  /** Devices of machines that its container gets, by name. */
  readonly devices?: readonly string[];
  /** ConfigMap whose values are files of a folder; a change reaches pods that run within a minute or two. */
  readonly files?: { readonly folder: string; readonly from: string };
}

/** Port that a web application listens on unless it says otherwise. */
export const webPort = 8080;

/** Container and pod of a web application that keeps nothing on its disk but temporary files. */
export function webPods(plan: WebPlan): Pick<PodsPlan, "container" | "pod"> {
  const { image, environment = {}, settings, port = webPort, path = "/", cpu = "10m" } = plan;
  const { files, mounted = [], devices } = plan;
  const env = Object.entries(environment).map(([name, value]) => ({ name, value }));
  const { request, limit } = plan.memory ?? { request: "64Mi", limit: "256Mi" };
  const probe = { httpGet: { path, port: "http" } };
  return {
    container: {
      image,
      ...(env.length === 0 ? {} : { env }),
      ...(settings === undefined ? {} : { envFrom: [{ secretRef: { name: settings } }] }),
      ports: [{ name: "http", containerPort: port }],
      startupProbe: { ...probe, periodSeconds: 2, failureThreshold: 60 },
      readinessProbe: { ...probe, periodSeconds: 5 },
      livenessProbe: { ...probe, periodSeconds: 10, failureThreshold: 6 },
      resources: {
        requests: { cpu, memory: request },
        limits: { memory: limit, ...deviceLimits(devices) },
      },
      volumeMounts: [
        { name: "tmp", mountPath: "/tmp" },
        ...(files === undefined
          ? []
          : [{ name: "files", mountPath: files.folder, readOnly: true }]),
        ...mounted.map(({ folder }, i) => ({
          ...{ name: `secret-${i}`, mountPath: folder, readOnly: true },
        })),
      ],
    },
    pod: {
      volumes: [
        { name: "tmp", emptyDir: { sizeLimit: "64Mi" } },
        ...(files === undefined ? [] : [{ name: "files", configMap: { name: files.from } }]),
        ...mounted.map(({ name: secretName }, i) => ({
          ...{ name: `secret-${i}`, secret: { secretName } },
        })),
      ],
    },
  };
}
