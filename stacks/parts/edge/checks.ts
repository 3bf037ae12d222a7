import { administered } from "../../../components/edge/administration.ts";
import { isIn } from "../../../components/names/names.ts";
import {
  isCertified,
  nameProblems,
  teamProblems,
  uncertified,
  type NameRules,
  type PublicName,
} from "../../../components/edge/public-name.ts";
import type { Exposure } from "../../apps/application.ts";
import { publicAppNames, type AppName, type Apps } from "../../apps/names.ts";
import { problemsAt, type Problem } from "../../../components/problem.ts";
import { repeated } from "../../config/lists.ts";
import type { SiteConfig } from "../../schema.ts";
import { everyPublicRoute, publicRoutes, type PublicRoute } from "../gateway/published.ts";
import { wholeName } from "../names/list.ts";
import { isOpenMailDomain } from "./mail-domains.ts";

type Edge = NonNullable<SiteConfig["edge"]>;

/** Public names lie in the zone and have somebody at their door; policies admit somebody; cloudflared can spread. */
export function checkEdge(config: SiteConfig): readonly Problem[] {
  const { edge } = config;
  const apps: Apps = config.apps;
  return [
    ...(edge === undefined ? [] : [...policies(edge), ...serviceTokens(edge)]),
    ...(edge === undefined ? [] : replicas(config, edge)),
    ...(edge === undefined ? [] : [...team(edge, config), ...addresses(config, edge)]),
    ...Object.entries(apps).flatMap(([name, app]) =>
      app?.hostname === undefined ? unexposed(`homelab:apps.${name}`, app) : [],
    ),
    ...publicAppNames(apps).flatMap((name, i, all) =>
      exposure(
        name,
        edge,
        all.slice(0, i).map(({ hostname }) => hostname),
      ),
    ),
    ...(edge === undefined ? [] : routes(config, edge)),
  ];
}

function policies({ access }: Edge): readonly Problem[] {
  return [...admitNobody(access), ...admitEverybody(access)];
}

function admitEverybody(access: Edge["access"]): readonly Problem[] {
  return Object.entries(access).flatMap(([name, { emailDomains }]) =>
    emailDomains.flatMap((domain, i) =>
      isOpenMailDomain(domain)
        ? [
            {
              path: `homelab:edge.access.${name}.emailDomains[${i}]`,
              text: `anybody gets an address in ${domain}, and would pass; name people by homelab:people, or say withoutAccess at the application`,
            },
          ]
        : [],
    ),
  );
}

function admitNobody(access: Edge["access"]): readonly Problem[] {
  return Object.entries(access).flatMap(
    ([name, { emails, emailDomains, serviceTokens: tokens }]) =>
      emails.length + emailDomains.length + tokens.length > 0
        ? []
        : [
            {
              path: `homelab:edge.access.${name}`,
              text: "admits nobody; give it people, emailDomains or serviceTokens, or remove it",
            },
          ],
  );
}

function serviceTokens({ access, rotations }: Edge): readonly Problem[] {
  const made = Object.values(access).flatMap(({ serviceTokens: tokens }) => tokens);
  const unknown = Object.keys(rotations).filter((token) => !made.includes(token));
  return [
    ...unknown.map((token) => ({
      path: `homelab:edge.rotations.${token}`,
      text: `no policy names a service token ${token}; correct the name, or remove it`,
    })),
    ...repetitions(access),
  ];
}

function repetitions(access: Edge["access"]): readonly Problem[] {
  return Object.entries(access).flatMap(([policy, { serviceTokens: tokens }]) =>
    repeated(`homelab:edge.access.${policy}.serviceTokens`, tokens),
  );
}

/** Names of routes at the gateway `public` are judged as applications' are. */
function routes(config: SiteConfig, edge: Edge): readonly Problem[] {
  const taken = publicAppNames(config.apps).map(({ hostname }) => hostname);
  const rules = { ...edge, policies: Object.keys(edge.access) };
  // Those outside of the zone are the gateway's to refuse.
  const inZone = publicRoutes(config).filter(({ hostname }) => isIn(edge.zone, hostname));
  return [
    ...inZone.flatMap((name) => nameProblemsAt(name, rules, taken)),
    ...everyPublicRoute(config).flatMap(administration),
  ];
}

/** What administers the site has Access in front: no reason is good enough to leave it away. */
function administration({ path, from, hostname, withoutAccess, behind }: PublicRoute) {
  const what = withoutAccess === undefined ? undefined : administered(behind);
  // Of several names of one route the first one's problem is enough.
  if (what === undefined || !from.endsWith("[0]")) return [];
  const text = `${hostname} would show ${what} to everybody on the internet; name policies under \`access\` instead`;
  return [{ path: `${path}.withoutAccess`, text }];
}

function team(edge: Edge, config: SiteConfig): readonly Problem[] {
  const guarded = [...publicAppNames(config.apps), ...publicRoutes(config)].filter(
    ({ withoutAccess }) => withoutAccess === undefined,
  );
  return problemsAt("homelab:edge", teamProblems(edge.team, guarded));
}

/** Visitors of a name at an address meet Cloudflare's certificate where Cloudflare stands between. */
function addresses(config: SiteConfig, edge: Edge): readonly Problem[] {
  return Object.entries(config.names?.entries ?? {}).flatMap(
    ([name, { public: open, proxied }]) => {
      const whole = wholeName(config, name);
      if (open === undefined || !proxied || !isIn(edge.zone, whole) || isCertified(whole, edge))
        return [];
      return [{ path: `homelab:names.entries.${name}`, text: uncertified(whole, edge.zone) }];
    },
  );
}

/** Two of them survive the loss of a pod even where there is one host. */
const fewestReplicas = 2;

function replicas({ machines }: SiteConfig, edge: Edge): readonly Problem[] {
  const running = machines.filter(({ role, workloads }) => role === "agent" || workloads);
  const hosts = new Set(running.map(({ host }) => host)).size;
  const most = Math.max(fewestReplicas, hosts);
  if (edge.replicas <= most) return [];
  return [
    {
      path: "homelab:edge.replicas",
      text: `${edge.replicas} cloudflared pods cannot each have a host of their own, pods run on ${hosts}; use ${most} or fewer`,
    },
  ];
}

function exposure(
  name: AppName,
  edge: Edge | undefined,
  taken: readonly string[],
): readonly Problem[] {
  if (edge === undefined) {
    const text = `${name.hostname} needs a tunnel to be reached; add homelab:edge, or remove the ${name.from.endsWith(".host") ? "entry" : "hostname"}`;
    return [{ path: name.from, text }];
  }
  return nameProblemsAt(name, { ...edge, policies: Object.keys(edge.access) }, taken);
}

/** Problems of a name, each where it is written. */
function nameProblemsAt(
  name: PublicName & Pick<AppName, "path" | "from">,
  rules: NameRules,
  taken: readonly string[],
): readonly Problem[] {
  return nameProblems(name, rules, taken).map((problem) => ({
    path: problem.path === "hostname" ? name.from : `${name.path}.${problem.path}`,
    text: problem.text,
  }));
}

function unexposed(path: string, app: Exposure | undefined): readonly Problem[] {
  const text =
    "concerns the public name of `hostname`, and there is none; say it at an entry of `expose`, add `hostname`, or remove it";
  return [
    ...((app?.access.length ?? 0) > 0 ? [{ path: `${path}.access`, text }] : []),
    ...(app?.withoutAccess === undefined ? [] : [{ path: `${path}.withoutAccess`, text }]),
  ];
}
