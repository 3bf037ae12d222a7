/**
 * Readers of a Secret in the ways that a site has them: a Deployment, a StatefulSet, and pods that another operator makes,
 * here Envoy Gateway, with the value in their environment. Each asks for new pods when the Secret changes.
 */
import { kubectl, run } from "./command.ts";

/** Asks for it where it stands: on a workload, or on the template of its pods. */
const reloads = { "reloader.stakater.com/auto": "true" };

const restricted = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };

/** A workload of one pod that has a Secret's keys in its environment. */
function workload(kind: "Deployment" | "StatefulSet", namespace: string, secret: string) {
  const name = kind.toLowerCase();
  const labels = { reader: name };
  return {
    ...{ apiVersion: "apps/v1", kind },
    metadata: { name, namespace, annotations: reloads },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      ...(kind === "StatefulSet" ? { serviceName: name } : {}),
      template: {
        metadata: { labels },
        spec: {
          automountServiceAccountToken: false,
          securityContext: {
            ...{ runAsNonRoot: true, runAsUser: 65532 },
            seccompProfile: { type: "RuntimeDefault" },
          },
          containers: [
            {
              ...{ name: "reader", image: "registry.k8s.io/e2e-test-images/agnhost:2.59" },
              args: ["pause"],
              envFrom: [{ secretRef: { name: secret } }],
              securityContext: restricted,
            },
          ],
        },
      },
    },
  };
}

/** Where Envoy Gateway runs the proxies of all gateways. */
export const proxies = "envoy-gateway-system";

/** A gateway whose proxies have a key of a Secret of theirs in their environment; its owner takes annotations for pods. */
function gateway(namespace: string, secret: string, key: string): readonly object[] {
  const metadata = { name: "readers", namespace };
  const value = { valueFrom: { secretKeyRef: { name: secret, key } } };
  const envoyDeployment = {
    replicas: 1,
    pod: { annotations: reloads },
    container: { env: [{ name: key, ...value }] },
  };
  return [
    {
      ...{ apiVersion: "gateway.envoyproxy.io/v1alpha1", kind: "EnvoyProxy", metadata },
      spec: {
        provider: {
          type: "Kubernetes",
          kubernetes: { envoyDeployment, envoyService: { type: "ClusterIP" } },
        },
      },
    },
    {
      ...{ apiVersion: "gateway.networking.k8s.io/v1", kind: "Gateway", metadata },
      spec: {
        gatewayClassName: "envoy",
        infrastructure: {
          parametersRef: {
            group: "gateway.envoyproxy.io",
            kind: "EnvoyProxy",
            name: metadata.name,
          },
        },
        listeners: [{ name: "http", protocol: "HTTP", port: 8080 }],
      },
    },
  ];
}

/** All three of an item: the first two in its namespace, the proxies by the same item as a Secret beside them. */
export function readersOf(namespace: string, secret: string, key: string, itemPath: string) {
  return [
    workload("Deployment", namespace, secret),
    workload("StatefulSet", namespace, secret),
    {
      ...{ apiVersion: "onepassword.com/v1", kind: "OnePasswordItem" },
      metadata: { name: secret, namespace: proxies },
      spec: { itemPath },
    },
    ...gateway(namespace, secret, key),
  ];
}

/** A pod of a reader. */
export interface ReadingPod {
  readonly uid: string;
  /** What the process in it has in its environment. */
  readonly value: string | undefined;
}

interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly deletionTimestamp?: string;
  };
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/** The pods of all three that are Ready and stay, by reader. */
export async function readingPods(
  namespace: string,
  key: string,
): Promise<ReadonlyMap<string, readonly ReadingPod[]>> {
  const selectors: readonly (readonly [string, string, string])[] = [
    ["Deployment", namespace, "reader=deployment"],
    ["StatefulSet", namespace, "reader=statefulset"],
    ["proxies", proxies, "gateway.envoyproxy.io/owning-gateway-name=readers"],
  ];
  const found = await Promise.all(
    selectors.map(async ([reader, where, selector]) => {
      const { items } = await kubectl<{
        items: readonly Pod[];
      }>`--context home -n ${where} get pods -l ${selector}`;
      return [reader, items.filter(stands)] as const;
    }),
  );
  const nodes = new Set(found.flatMap(([, pods]) => pods.map(({ spec }) => spec.nodeName ?? "")));
  const values = await environments([...nodes], key);
  return new Map(
    found.map(([reader, pods]) => [
      reader,
      pods.map(({ metadata: { name, uid } }) => ({ uid, value: values.get(name) })),
    ]),
  );
}

const stands = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined &&
  (status.conditions ?? []).some(({ type, status: is }) => type === "Ready" && is === "True");

/** A variable of the processes on machines, by the name of their pod. */
async function environments(
  machines: readonly string[],
  variable: string,
): Promise<ReadonlyMap<string, string>> {
  const script = `for file in /proc/[0-9]*/environ; do tr '\\0' '\\n' <$file 2>/dev/null | sed -n 's/^HOSTNAME=//p; s/^${variable}=//p' | paste -sd ' '; done`;
  const said = await Promise.all(machines.map(async (name) => run`ssh ${name} ${script}`));
  return new Map(
    said
      .flatMap((text) => text.split("\n"))
      .map((line) => line.split(" "))
      .flatMap(([pod, value]) => (pod && value ? [[pod, value] as const] : [])),
  );
}
