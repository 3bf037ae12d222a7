/** The pods of a site's telemetry, and what leads to them. */
import { certificateSpec } from "../certificates/plan.ts";
import { reloadsWith } from "../workload/reloader.ts";
import type { PodsPlan } from "../workload/pods.ts";
import { appLabels, appSelector } from "../workload/restricted.ts";
import { loadBalancer } from "../workload/load-balancer.ts";
import {
  ports,
  proxyCertificate,
  publicKeyRoute,
  reader,
  server,
  serverCertificate,
  teslaNamespace,
} from "./names.ts";
import type { TelemetryPlan } from "./plan.ts";
import { folders } from "./server-config.ts";
import { readerFolder } from "./reader-config.ts";
import { readerImage, serverImage } from "./releases.ts";

const { name: namespace } = teslaNamespace;

export const metadata = (name: string) => ({ name, namespace, labels: appLabels(name) });

/** Secret with the files of a workload, in which a password of Kafka stands. */
export const filesSecret = (app: string): string => `${app}-files`;

const memory = (request: string, limit: string) => ({
  requests: { cpu: "10m", memory: request },
  limits: { memory: limit },
});

/**
 * The server's pods. Its own port is open only once the certificate was read, a moment after `/status` answers, and a certificate
 * that cannot be read ends it. It reads the certificate once, when it starts.
 */
export function serverPods(replicas: number): PodsPlan {
  const probe = { httpGet: { path: "/status", port: "status" } };
  return {
    app: server,
    replicas,
    container: {
      image: serverImage,
      command: ["/fleet-telemetry"],
      args: [`-config=${folders.config}/config.json`],
      ports: [
        { name: "vehicles", containerPort: ports.vehicles },
        { name: "status", containerPort: ports.status },
        { name: "metrics", containerPort: ports.metrics },
      ],
      startupProbe: { ...probe, periodSeconds: 2, failureThreshold: 30 },
      readinessProbe: { ...probe, periodSeconds: 5 },
      livenessProbe: { ...probe, periodSeconds: 10, failureThreshold: 6 },
      resources: memory("64Mi", "256Mi"),
      volumeMounts: [
        { name: "config", mountPath: folders.config, readOnly: true },
        { name: "certificate", mountPath: folders.certificate, readOnly: true },
      ],
    },
    pod: {
      volumes: [
        { name: "config", secret: { secretName: filesSecret(server) } },
        { name: "certificate", secret: { secretName: serverCertificate.secret } },
      ],
    },
  };
}

/** New pods when cert-manager has renewed the certificate; for another config the program makes them itself. */
export const serverAnnotations = reloadsWith(serverCertificate.secret);

/** The pod that reads records: two would count each half of them, by partitions that change hands. */
export function readerPods(): PodsPlan {
  const probe = { httpGet: { path: "/metrics", port: "metrics" } };
  return {
    app: reader,
    replicas: 1,
    container: {
      image: readerImage,
      // Past the image's own start, which hands files over to a user that there is not.
      command: ["telegraf", "--config", `${readerFolder}/telegraf.conf`],
      ports: [{ name: "metrics", containerPort: ports.reader }],
      startupProbe: { ...probe, periodSeconds: 2, failureThreshold: 60 },
      readinessProbe: { ...probe, periodSeconds: 10 },
      livenessProbe: { ...probe, periodSeconds: 30, failureThreshold: 4 },
      resources: memory("64Mi", "192Mi"),
      volumeMounts: [{ name: "files", mountPath: readerFolder, readOnly: true }],
    },
    pod: { volumes: [{ name: "files", secret: { secretName: filesSecret(reader) } }] },
  };
}

/** Where vehicles arrive: an address that is announced like all of the pool's. TLS passes through untouched. */
export function vehiclesService({ address, port }: Pick<TelemetryPlan, "address" | "port">) {
  return {
    metadata: { ...metadata(server), annotations: { "lbipam.cilium.io/ips": address } },
    spec: {
      ...loadBalancer,
      selector: appSelector(server).matchLabels,
      ports: [{ name: "vehicles", port, targetPort: "vehicles" }],
    },
  };
}

/** Certificates (`cert-manager.io/v1`): the server's, and the one of the proxy's loopback while a push runs. */
export function certificates({ hostname, issuer }: Pick<TelemetryPlan, "hostname" | "issuer">) {
  return [
    { ...serverCertificate, names: [hostname], issuer },
    { ...proxyCertificate, names: ["localhost"], issuer: "internal" },
  ].map((one) => ({
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: metadata(one.name),
    spec: certificateSpec(one),
  }));
}

/**
 * The answer that shows the public key, given by the gateway's proxies themselves (`gateway.envoyproxy.io/v1alpha1`,
 * HTTPRouteFilter): no pod has to run for a file of three lines.
 */
export function publicKeyAnswer(publicKey: string) {
  return {
    apiVersion: "gateway.envoyproxy.io/v1alpha1",
    kind: "HTTPRouteFilter",
    metadata: { name: publicKeyRoute, namespace },
    spec: {
      directResponse: {
        contentType: "application/x-pem-file",
        statusCode: 200,
        body: { type: "Inline", inline: publicKey },
      },
    },
  };
}
