/** What a push is made of while it runs: a Job with the vehicle-command proxy, and a Secret that goes with it. */
import { appLabels, restrictedContainer, restrictedPod } from "../workload/restricted.ts";
import { ports, proxyCertificate, pushedMap, pushJob, teslaNamespace } from "./names.ts";
import { curlImage, proxyImage } from "./releases.ts";

const { name: namespace } = teslaNamespace;

/** Longest time that a push may take, and how long its Job stays after its end for who looks why, both in seconds. */
export const pushSeconds = { most: 300, stays: 120 } as const;

const url = (path: string): string => `https://localhost:${ports.proxy}${path}`;
const folders = { tls: "/tls", push: "/push" } as const;

const container = (name: string, image: string) => ({
  ...{ name, image, securityContext: restrictedContainer() },
  resources: { requests: { cpu: "10m", memory: "32Mi" }, limits: { memory: "128Mi" } },
  volumeMounts: [
    { name: "tls", mountPath: folders.tls, readOnly: true },
    { name: "push", mountPath: folders.push, readOnly: true },
  ],
});

const curl = (name: string, ...args: readonly string[]) => ({
  ...container(name, curlImage),
  command: ["curl"],
  args: [
    "--silent",
    "--show-error",
    "--max-time",
    "60",
    "--cacert",
    `${folders.tls}/ca.crt`,
    ...args,
  ],
});

/**
 * The Job. The proxy signs what it is given with the application's key and hands it on to Tesla (vehicle-command v0.4.1,
 * pkg/proxy/proxy.go, handleFleetTelemetryConfig); it asks nobody who comes, so it listens on its pod's loopback, and ends with
 * the push. The pod waits for its Secret, whose owner the Job is: both go by themselves, also when nobody is left to delete them.
 */
export function pushJobObject() {
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: pushJob, namespace, labels: appLabels(pushJob) },
    spec: {
      // A second try by itself would be a second push.
      backoffLimit: 0,
      activeDeadlineSeconds: pushSeconds.most,
      ttlSecondsAfterFinished: pushSeconds.stays,
      template: {
        metadata: { labels: appLabels(pushJob) },
        spec: {
          restartPolicy: "Never",
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          securityContext: restrictedPod(),
          initContainers: [
            {
              ...container("proxy", proxyImage),
              // A sidecar: it runs beside what follows, and is ended after it.
              restartPolicy: "Always",
              args: [
                ...["-host", "localhost", "-port", String(ports.proxy)],
                ...["-cert", `${folders.tls}/tls.crt`, "-tls-key", `${folders.tls}/tls.key`],
                ...["-key-file", `${folders.push}/key.pem`],
              ],
            },
            curl(
              "proxy-answers",
              ...["--retry", "60", "--retry-connrefused", "--retry-delay", "1", url("/health")],
            ),
          ],
          containers: [
            curl(
              "push",
              ...["--header", `@${folders.push}/header`],
              ...["--header", "Content-Type: application/json"],
              ...["--data-binary", `@${folders.push}/body.json`],
              ...["--write-out", "\\n%{http_code}", url("/api/1/vehicles/fleet_telemetry_config")],
            ),
          ],
          volumes: [
            { name: "tls", secret: { secretName: proxyCertificate.secret } },
            { name: "push", secret: { secretName: pushJob } },
          ],
        },
      },
    },
  };
}

/** What is secret of a push. */
export interface PushSecrets {
  readonly privateKey: string;
  /** Of the vehicles' owner: an OAuth access token of Tesla's. */
  readonly accessToken: string;
  readonly body: object;
}

/** The push's Secret; the Job of this uid owns it. */
export function pushSecretObject({ privateKey, accessToken, body }: PushSecrets, uid: string) {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      ...{ name: pushJob, namespace, labels: appLabels(pushJob) },
      ownerReferences: [{ apiVersion: "batch/v1", kind: "Job", name: pushJob, uid }],
    },
    stringData: {
      "key.pem": privateKey,
      header: `Authorization: Bearer ${accessToken}`,
      "body.json": JSON.stringify(body),
    },
  };
}

/** What a push leaves behind, for the doctor and the next push. */
export function pushedObject(pushed: object) {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: pushedMap.name, namespace, labels: appLabels(pushJob) },
    data: { [pushedMap.key]: JSON.stringify(pushed) },
  };
}
