import { argocdSite } from "./argocd-site.ts";
import type { Changes } from "./sample.ts";

/** Home's changes by which people sign on to Grafana, Argo CD, the Kubernetes API and before a route, with the section that differs so. */
export function identitySite(changes: object = {}): Changes {
  const { "gateway.routes": routes, argocd } = argocdSite({ signOn: undefined });
  return {
    "gateway.routes": {
      ...(routes as object),
      grafana: {
        hostnames: ["grafana.home.arpa"],
        ...{ namespace: "monitoring", service: "grafana", port: 80 },
      },
      hubble: {
        ...{ hostnames: ["hubble.home.arpa", "flows.home.arpa"], allow: ["192.168.1.0/24"] },
        ...{ namespace: "kube-system", service: "hubble-ui", port: 80 },
      },
    },
    argocd,
    monitoring: { grafanaPassword: "op://Homelab/Grafana/password" },
    "edge.team": "house",
    people: { admins: ["Admin@example.net"], family: ["family@example.net", "admin@example.net"] },
    identity: {
      session: "4h",
      grafana: { hostname: "grafana.home.arpa", admins: ["admins"], viewers: ["family"] },
      argocd: { admins: ["admins"], readers: ["family"] },
      kubernetes: { admins: ["admins"], readers: ["family"] },
      routes: { hubble: ["admins"] },
      ...changes,
    },
  };
}

/** The same without an edge: people sign on by Dex, with what of its section differs. */
export function dexSite(changes: object = {}, dex: object = {}): Changes {
  const { "gateway.routes": routes, ...rest } = identitySite({
    dex: { hostname: "id.home.arpa", ...dex },
    ...changes,
  });
  return {
    ...rest,
    "gateway.routes": {
      ...(routes as object),
      id: { hostnames: ["id.home.arpa"], namespace: "identity", service: "dex", port: 443 },
    },
    ...{ edge: undefined, "edge.team": undefined, "apps.typeo": undefined },
  };
}
