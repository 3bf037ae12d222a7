import { argocdNamespace, argocdServer, webhookPath } from "../argocd/names.ts";

/** What a stranger must not meet without Access in front: whoever gets in there has the site. */

/** A Service, as far as it is known. */
export interface Surface {
  readonly namespace: string;
  readonly service: string;
  /** Beginning of the paths that lead there, where not all do. */
  readonly path?: string;
}

/** Namespaces in which everything is for administrators, and what it is. */
const namespaces: Readonly<Record<string, string>> = {
  alloy: "logs",
  argocd: "Argo CD",
  "cert-manager": "certificates",
  "cnpg-system": "databases",
  "kube-system": "the cluster itself",
  loki: "logs",
  onepassword: "1Password",
  "rook-ceph": "Ceph",
  strimzi: "Kafka",
  tailscale: "Tailscale's operator",
};

/** Services by their names, wherever they are. */
const services: readonly (readonly [RegExp, string])[] = [
  [/^argo-?cd(-|$)/, "Argo CD"],
  [
    /^(grafana|prometheus|alertmanager)(-|$)|-(grafana|prometheus|alertmanager)$/,
    "Grafana and its like",
  ],
  [/^hubble-/, "Hubble"],
  [/^rook-ceph-|ceph.*dashboard/, "Ceph"],
  [
    /^(postgres|postgresql|redis|dragonfly|valkey|kafka|mariadb|mysql|mongo|mongodb|pgadmin)(-|$)/,
    "a database",
  ],
  [/-(rw|ro|postgres|postgresql|redis|dragonfly|kafka-bootstrap)$/, "a database"],
];

/**
 * What is administered behind a Service, undefined where it is nothing of that kind. Home Assistant and its like are not
 * among them: whoever opens one has said why in `withoutAccess`.
 */
export function administered({ namespace, service, path }: Surface): string | undefined {
  // Whoever keeps repositories cannot pass Access, and Argo CD believes what is signed with the webhook's secret alone.
  if (namespace === argocdNamespace.name && service === argocdServer.name && path === webhookPath)
    return undefined;
  if (namespace === "default" && service === "kubernetes") return "the cluster itself";
  return (
    (Object.hasOwn(namespaces, namespace) ? namespaces[namespace] : undefined) ??
    services.find(([form]) => form.test(service))?.[1]
  );
}
