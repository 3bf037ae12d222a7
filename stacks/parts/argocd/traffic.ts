import { argocdNamespace, argocdServer } from "../../../components/argocd/names.ts";
import { repositoryPlace } from "../../../components/argocd/repository.ts";
import { apiServer, names, pods, tcp, type Flow } from "../../../components/policies/flow.ts";
import { dnsName } from "../../../components/policies/names.ts";
import type { SiteConfig } from "../../schema.ts";
import { handable, type Handable } from "./handable.ts";
import type { ArgocdConfig } from "./schema.ts";

const { name: namespace } = argocdNamespace;

/** Pods by the label that the chart gives them. */
const called = (title: string, name: string) =>
  pods(title, namespace, { "app.kubernetes.io/name": `argocd-${name}` });
/** What a route to the Service of Argo CD's server reaches. */
export const server = called("Argo CD's server", "server");
const controller = called("Argo CD's controller", "application-controller");
const sets = called("Argo CD's controller of ApplicationSets", "applicationset-controller");
const reader = called("Argo CD's reader of repositories", "repo-server");
const passwords = called("the drawing of Redis' password", "redis-secret-init");

/** Redis: one, or three behind proxies (redis-ha chart: templates/redis-ha-statefulset.yaml, redis-haproxy-deployment.yaml). */
const single = called("Redis", "redis");
const proxy = called("Redis' proxies", "redis-ha-haproxy");
const members = pods("Redis", namespace, { app: "redis-ha" });

/** Where Redis and its sentinels listen. */
const redis = tcp(6379);
const member = tcp(6379, 26_379);

/**
 * The API server alone is told what is to be; repositories are read by one kind of pod, which reaches nothing in the
 * cluster but Redis. By the API server the site's proof asks the server.
 */
export function argocdTraffic(config: SiteConfig): readonly Flow[] {
  const { argocd } = config;
  if (argocd === undefined) return [];
  return [
    ...[server, controller, sets, passwords].map((from): Flow => ({
      from,
      to: apiServer,
      why: "objects of Argo CD and of what it brings",
    })),
    ...[server, controller, sets].map((from): Flow => ({
      ...{ from, to: reader, ports: tcp(8081) },
      why: "what repositories say",
    })),
    { from: apiServer, to: server, ports: tcp(argocdServer.inPod), why: "whether it answers" },
    ...cache(argocd),
    ...outside(argocd, argocd.gitops === undefined ? [] : handable(config).flatMap(chartHost)),
  ];
}

function cache({ highlyAvailable }: ArgocdConfig): readonly Flow[] {
  const to = highlyAvailable ? proxy : single;
  const why = "what was computed before";
  const users = [server, controller, reader].map((from): Flow => ({ from, to, ports: redis, why }));
  if (!highlyAvailable) return users;
  return [
    ...users,
    { from: proxy, to: members, ports: member, why: "which of them is the master" },
    { from: members, to: members, ports: member, why: "copies, and who is the master" },
  ];
}

/** Where the chart is of what can be handed over: what comes back may have to be rendered while it is let go. */
function chartHost({ tree: { brings } }: Handable): readonly string[] {
  return "release" in brings ? [new URL(brings.release.repo).hostname] : [];
}

/** The server alone asks a provider of its own. */
const signsOn = (host: string): Flow => ({
  ...{ from: server, to: names(dnsName(host)), ports: tcp(443), why: "who somebody is" },
});

/** Repositories, hosts of charts, and the identity provider: each to whom needs it. */
function outside(
  { repositories, hosts, signOn }: ArgocdConfig,
  charts: readonly string[],
): readonly Flow[] {
  const places = [
    ...Object.values(repositories).flatMap(({ url }) => repositoryPlace(url) ?? []),
    ...[...hosts, ...charts].map((host) => ({ host, port: 443 })),
  ];
  const ports = [...new Set(places.map(({ port }) => port))];
  const read = ports.map((port): Flow => {
    const at = places.filter((place) => place.port === port).map(({ host }) => host);
    return {
      from: reader,
      to: names(...[...new Set(at)].map(dnsName)),
      ports: tcp(port),
      why: "repositories and charts",
    };
  });
  return signOn === undefined ? read : [...read, signsOn(new URL(signOn.issuer).hostname)];
}
