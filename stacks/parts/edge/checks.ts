import { isIn } from "../../../components/names/names.ts";
import {
  isCertified,
  nameProblems,
  teamProblems,
  uncertified,
} from "../../../components/edge/public-name.ts";
import type { Exposure } from "../../apps/application.ts";
import { problemsAt, type Problem } from "../../../components/problem.ts";
import { repeated } from "../../config/lists.ts";
import type { SiteConfig } from "../../schema.ts";
import { publicRoutes } from "../gateway/published.ts";
import { wholeName } from "../names/list.ts";
import { isOpenMailDomain } from "./mail-domains.ts";

type Edge = NonNullable<SiteConfig["edge"]>;

/** Public names lie in the zone and have somebody at their door; policies admit somebody; cloudflared can spread. */
export function checkEdge(config: SiteConfig): readonly Problem[] {
  const { edge, apps } = config;
  return [
    ...(edge === undefined ? [] : [...policies(edge), ...serviceTokens(edge)]),
    ...(edge === undefined ? [] : replicas(config, edge)),
    ...(edge === undefined ? [] : [...team(edge, config), ...addresses(config, edge)]),
    ...Object.entries(apps).flatMap(([name, app], i, all) => {
      const taken = all.slice(0, i).flatMap(([, { hostname }]) => hostname ?? []);
      return exposure(`homelab:apps.${name}`, app, edge, taken);
    }),
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
  const taken = Object.values(config.apps).flatMap(({ hostname }) => hostname ?? []);
  const rules = { ...edge, policies: Object.keys(edge.access) };
  // Those outside of the zone are the gateway's to refuse.
  const inZone = publicRoutes(config).filter(({ hostname }) => isIn(edge.zone, hostname));
  return inZone.flatMap(({ path, from, ...name }) =>
    nameProblems(name, rules, taken).map((problem) => ({
      path: problem.path === "hostname" ? from : `${path}.${problem.path}`,
      text: problem.text,
    })),
  );
}

function team(edge: Edge, config: SiteConfig): readonly Problem[] {
  const guarded = [...Object.values(config.apps), ...publicRoutes(config)].flatMap(
    ({ hostname, withoutAccess }) =>
      hostname === undefined || withoutAccess !== undefined ? [] : [{ hostname }],
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
  path: string,
  app: Exposure,
  edge: Edge | undefined,
  taken: readonly string[],
): readonly Problem[] {
  if (app.hostname === undefined) return unexposed(path, app);
  if (edge === undefined) {
    const text = `${app.hostname} needs a tunnel to be reached; add homelab:edge, or remove the hostname`;
    return [{ path: `${path}.hostname`, text }];
  }
  const rules = { ...edge, policies: Object.keys(edge.access) };
  return problemsAt(path, nameProblems({ ...app, hostname: app.hostname }, rules, taken));
}

function unexposed(path: string, { access, withoutAccess }: Exposure): readonly Problem[] {
  const text = "concerns a public name, and there is none; add `hostname`, or remove it";
  return [
    ...(access.length > 0 ? [{ path: `${path}.access`, text }] : []),
    ...(withoutAccess === undefined ? [] : [{ path: `${path}.withoutAccess`, text }]),
  ];
}
