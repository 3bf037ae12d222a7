import {
  argocdNamespace,
  argocdServer,
  siteProject,
  webhookPath,
} from "../../../components/argocd/names.ts";
import { isKnownHost, repositoryPlace } from "../../../components/argocd/repository.ts";
import { isIn } from "../../../components/names/names.ts";
import type { Problem } from "../../../components/problem.ts";
import type { SiteConfig } from "../../schema.ts";
import { routesTo } from "../gateway/leading.ts";
import { podHosts } from "../machines/nodes.ts";
import type { ArgocdConfig } from "./schema.ts";

const path = "homelab:argocd";

/** Somebody can log in, names lead here, repositories can be read, and what is named is there. */
export function checkArgocd(config: SiteConfig): readonly Problem[] {
  const { argocd } = config;
  if (argocd === undefined) return [];
  return [
    ...logins(config, argocd),
    ...hosts(config, argocd),
    ...route(config, argocd),
    ...repositories(config, argocd),
    ...projects(argocd),
    ...applications(argocd),
    ...issuer(config, argocd),
  ];
}

function logins(
  { identity }: SiteConfig,
  { adminPasswordHash, signOn }: ArgocdConfig,
): readonly Problem[] {
  if (adminPasswordHash !== undefined) return [];
  const admins = [
    ...(signOn === undefined
      ? []
      : [[`${path}.signOn`, [...signOn.admins.groups, ...signOn.admins.emails]] as const]),
    ...(identity?.argocd === undefined
      ? []
      : [["homelab:identity.argocd", identity.argocd.admins] as const]),
  ];
  if (admins.length === 0) {
    const text =
      "nobody could log in; write signOn or homelab:identity.argocd, or adminPasswordHash for the user admin";
    return [{ path, text }];
  }
  const text =
    "names nobody, and the user admin cannot log in: nobody could change anything; name somebody, or write homelab:argocd.adminPasswordHash";
  return admins.flatMap(([at, names]) =>
    names.length > 0 ? [] : [{ path: `${at}.admins`, text }],
  );
}

/** Redis has three of each, every one on a host of its own (redis-ha chart, `hardAntiAffinity`). */
const redisHosts = 3;

function hosts({ machines }: SiteConfig, { highlyAvailable }: ArgocdConfig): readonly Problem[] {
  const { size } = podHosts(machines);
  if (!highlyAvailable || size >= redisHosts) return [];
  const text = `needs ${redisHosts} hosts with pods for Redis, and the site has ${size}; leave it out, one of each is started anew elsewhere within minutes`;
  return [{ path: `${path}.highlyAvailable`, text }];
}

/** Sign-on sends people back to this name, so it has to lead here. */
function route({ gateway }: SiteConfig, { hostname, webhooks }: ArgocdConfig): readonly Problem[] {
  const { name: namespace } = argocdNamespace;
  const { name: service, port } = argocdServer;
  const here = routesTo(gateway, hostname, { namespace, service, port });
  if (here.length === 0) {
    const text = `${hostname} leads nowhere; write a route in homelab:gateway.routes with this name to the Service ${argocdServer.name} in ${namespace}, port ${argocdServer.port}`;
    return [{ path: `${path}.hostname`, text }];
  }
  const open = here.filter(
    ([, one]) =>
      one.gateway === "public" && one.withoutAccess !== undefined && one.path !== webhookPath,
  );
  const believed = Object.values(webhooks).some((one) => one !== undefined);
  return open.map(([name]) => ({
    path: `homelab:gateway.routes.${name}.withoutAccess`,
    text: `the whole of Argo CD would be open to the internet; put access in front${believed ? `, or path: ${webhookPath} for the webhooks alone` : ""}`,
  }));
}

function repositories(
  config: SiteConfig,
  { repositories: all, knownHosts }: ArgocdConfig,
): readonly Problem[] {
  const urls = Object.values(all).map(({ url }) => url);
  return Object.entries(all).flatMap(([name, { url, username, password, sshKey }], i) => {
    const at = `${path}.repositories.${name}`;
    const place = repositoryPlace(url);
    if (place === undefined) return [];
    const problems: Problem[] = [];
    if (urls.indexOf(url) < i)
      problems.push({
        path: `${at}.url`,
        text: "is there twice; keep one, for each has one login",
      });
    if (place.by === "https" && sshKey !== undefined)
      problems.push({
        path: `${at}.sshKey`,
        text: "the address is https, which takes no key of SSH; write password, or an address of SSH",
      });
    if (place.by === "https" && username !== undefined && password === undefined)
      problems.push({
        path: `${at}.username`,
        text: "is no login without password; add it, or remove this",
      });
    if (place.by === "ssh" && sshKey === undefined)
      problems.push({
        path: `${at}.sshKey`,
        text: "is missing: SSH knows a reader by a key alone",
      });
    if (place.by === "ssh" && (password ?? username) !== undefined)
      problems.push({
        path: `${at}.${password === undefined ? "username" : "password"}`,
        text: "SSH knows a reader by a key alone; write sshKey, or an https address",
      });
    if (place.by === "ssh" && !isKnownHost(place, knownHosts)) {
      const port = place.port === 22 ? "" : `-p ${place.port} `;
      problems.push({
        path: `${path}.knownHosts`,
        text: `holds no key of ${place.host}, and Argo CD talks to no host of SSH that it does not know; add what ssh-keyscan ${port}${place.host} prints`,
      });
    }
    return [...problems, ...behindGateway(config, `${at}.url`, place.host)];
  });
}

/** Pods behind the site's own gateways are no names of the world to policies, and their certificate may be the site's own. */
function behindGateway(
  { gateway, network }: SiteConfig,
  at: string,
  host: string,
): readonly Problem[] {
  if (isIn(network.clusterDomain, host)) {
    const text = `${host} is a Service of the cluster, which Argo CD may not reach; use a name outside`;
    return [{ path: at, text }];
  }
  const own = Object.entries(gateway?.routes ?? {}).find(
    ([, { gateway: of, hostnames }]) => of !== "public" && hostnames.includes(host),
  );
  if (own === undefined) return [];
  const text = `${host} is behind the site's own gateway (homelab:gateway.routes.${own[0]}), which Argo CD may not reach; use a name outside`;
  return [{ path: at, text }];
}

function projects({ projects: all, repositories: known }: ArgocdConfig): readonly Problem[] {
  return Object.entries(all).flatMap(([name, { repositories: used, namespaces }]) => {
    const at = `${path}.projects.${name}`;
    const taken =
      name === siteProject || name === "default"
        ? [
            {
              path: at,
              text: `${name} is ${name === siteProject ? "the program's own" : "Argo CD's own, which may bring everything"}; use another name`,
            },
          ]
        : [];
    const own = namespaces.includes(argocdNamespace.name)
      ? [
          {
            path: `${at}.namespaces`,
            text: `whoever may write to ${argocdNamespace.name} makes Applications of any project, and so everything; leave it out`,
          },
        ]
      : [];
    const missing = used.flatMap((one, i) => unknown(`${at}.repositories[${i}]`, one, known));
    return [...taken, ...own, ...missing];
  });
}

function unknown(at: string, name: string, known: object): readonly Problem[] {
  if (name in known) return [];
  const names = Object.keys(known).join(", ") || "none";
  return [{ path: at, text: `${name} is none of homelab:argocd.repositories; known are ${names}` }];
}

function applications(argocd: ArgocdConfig): readonly Problem[] {
  return Object.entries(argocd.applications).flatMap(([name, plan]) => {
    const at = `${path}.applications.${name}`;
    const missing = unknown(`${at}.repository`, plan.repository, argocd.repositories);
    if (plan.project === siteProject) return missing;
    const project = argocd.projects[plan.project];
    if (project === undefined) {
      const names = [siteProject, ...Object.keys(argocd.projects)].join(", ");
      const text = `${plan.project} is none of homelab:argocd.projects; known are ${names}`;
      return [...missing, { path: `${at}.project`, text }];
    }
    const foreign = project.repositories.includes(plan.repository)
      ? []
      : [
          {
            path: `${at}.repository`,
            text: `the project ${plan.project} takes nothing from ${plan.repository}; add it to homelab:argocd.projects.${plan.project}.repositories, or use another project`,
          },
        ];
    const outside =
      plan.each || project.namespaces.includes(plan.namespace)
        ? []
        : [
            {
              path: `${at}.namespace`,
              text: `the project ${plan.project} brings nothing to ${plan.namespace}; name one of ${project.namespaces.join(", ")}`,
            },
          ];
    return [...missing, ...foreign, ...outside, ...folders(at, plan, project)];
  });
}

/** Argo CD holds even a namespace that it makes itself against the project (argo-cd v3.4.4, controller/sync.go, validateSyncPermissions). */
function folders(
  at: string,
  { each, project }: ArgocdConfig["applications"][string],
  { clusterWide }: ArgocdConfig["projects"][string],
): readonly Problem[] {
  if (!each || clusterWide) return [];
  const text = `each folder needs a namespace of its own, which the project ${project} may not make; write homelab:argocd.projects.${project}.clusterWide: true, leave project out, or write an Application for each folder`;
  return [{ path: `${at}.each`, text }];
}

function issuer(config: SiteConfig, { signOn }: ArgocdConfig): readonly Problem[] {
  if (signOn === undefined) return [];
  const at = `${path}.signOn.issuer`;
  const { hostname, port } = new URL(signOn.issuer);
  if (port !== "")
    return [{ path: at, text: "is not at port 443, which alone Argo CD may reach there" }];
  if (!/[a-z]$/.test(hostname) || !hostname.includes("."))
    return [
      {
        path: at,
        text: `${hostname} is no DNS name of two labels or more; use the provider's name`,
      },
    ];
  return behindGateway(config, at, hostname);
}
