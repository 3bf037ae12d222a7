/** Objects of Dex that are calculation alone. */
import type { core } from "@pulumi/kubernetes/types/input.js";
import { trustBundle } from "../certificates/cert-manager-values.ts";
import { internalIssuer } from "../certificates/issuers.ts";
import { certificateSpec } from "../certificates/plan.ts";
import type { PodsPlan } from "../workload/pods.ts";
import { appLabels } from "../workload/restricted.ts";
import { dexFile, dexFolders } from "./dex-config.ts";
import { dexHost, dexPorts, dexService, identityNamespace } from "./names.ts";

/** Its container, its account and the labels of its pods. */
export const dexApp = dexService.name;

/** Secret with its config, and the one that cert-manager keeps its certificate in. */
export const dexSecrets = { config: "dex-config", tls: "dex-tls" } as const;

export const dexMetadata = () => ({
  name: dexApp,
  namespace: identityNamespace.name,
  labels: appLabels(dexApp),
});

/**
 * What runs. The image's own entrypoint would take the config for a template, and write what it makes of it to a disk that is
 * read-only (dex v2.45.1, cmd/docker-entrypoint). `/healthz` writes into the storage and reads it there.
 */
export function dexPods(version: string): Pick<PodsPlan, "container" | "pod"> {
  const mount = (name: "config" | "tls") => ({
    ...{ name, mountPath: dexFolders[name], readOnly: true },
  });
  const volume = (name: "config" | "tls"): core.v1.Volume => ({
    name,
    secret: { secretName: dexSecrets[name] },
  });
  return {
    container: {
      image: `ghcr.io/dexidp/dex:v${version}`,
      command: ["/usr/local/bin/dex"],
      args: ["serve", `${dexFolders.config}/${dexFile}`],
      ports: [
        { name: "https", containerPort: dexPorts.https },
        { name: "metrics", containerPort: dexPorts.telemetry },
      ],
      readinessProbe: {
        httpGet: { path: "/healthz", port: "https", scheme: "HTTPS" },
        periodSeconds: 5,
      },
      livenessProbe: {
        httpGet: { path: "/healthz/live", port: "metrics" },
        initialDelaySeconds: 10,
        periodSeconds: 10,
        failureThreshold: 6,
      },
      resources: { requests: { cpu: "10m", memory: "48Mi" }, limits: { memory: "192Mi" } },
      volumeMounts: [mount("config"), mount("tls")],
    },
    pod: {
      ...{ serviceAccountName: dexApp, automountServiceAccountToken: true },
      volumes: [volume("config"), volume("tls")],
    },
  };
}

/** Its certificate is for the Service's name: people's is the gateway's. */
export function dexCertificate(clusterDomain: string) {
  return {
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: dexMetadata(),
    spec: certificateSpec({
      secret: dexSecrets.tls,
      names: [dexHost(clusterDomain)],
      issuer: internalIssuer.name,
    }),
  };
}

/** The rights of its account: its own objects, in its own namespace. */
export const dexRules = [{ apiGroups: ["dex.coreos.com"], resources: ["*"], verbs: ["*"] }];

/**
 * Proxies speak with it by TLS, and take no certificate but its own: for the route of people, and for policies that ask it.
 * @see https://gateway-api.sigs.k8s.io/api-types/backendtlspolicy/
 */
export function dexBackendTls(clusterDomain: string) {
  const { configMap } = trustBundle;
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "BackendTLSPolicy",
    metadata: dexMetadata(),
    spec: {
      targetRefs: [{ group: "", kind: "Service", name: dexService.name }],
      validation: {
        hostname: dexHost(clusterDomain),
        caCertificateRefs: [{ group: "", kind: "ConfigMap", name: configMap }],
      },
    },
  };
}

/**
 * Lets policies of routes in these namespaces refer to the Service.
 * @see https://gateway-api.sigs.k8s.io/api-types/referencegrant/
 */
export function dexGrant(namespaces: readonly string[]) {
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "ReferenceGrant",
    metadata: dexMetadata(),
    spec: {
      from: namespaces.map((namespace) => ({
        group: "gateway.envoyproxy.io",
        kind: "SecurityPolicy",
        namespace,
      })),
      to: [{ group: "", kind: "Service", name: dexService.name }],
    },
  };
}
