import type { Person } from "../../../components/identity/dex-config.ts";
import type { People } from "../people/schema.ts";
import type { IdentityConfig } from "./schema.ts";

/** Addresses of everybody whom a role or a route names, once each. */
export function named({ grafana, argocd, kubernetes, routes }: IdentityConfig): readonly string[] {
  const { admins = [], editors = [], viewers = [] } = grafana ?? {};
  return [
    ...new Set([
      ...[...admins, ...editors, ...viewers],
      ...[argocd, kubernetes].flatMap((roles) => [
        ...(roles?.admins ?? []),
        ...(roles?.readers ?? []),
      ]),
      ...Object.values(routes).flat(),
    ]),
  ];
}

/** The same people, with the groups of `homelab:people` that each is in. */
export function persons(identity: IdentityConfig, people: People): readonly Person[] {
  const groups = Object.entries(people).map(([group, members]) => ({
    group,
    members: members.map((member) => member.toLowerCase()),
  }));
  return named(identity).map((email) => ({
    email,
    groups: groups.filter(({ members }) => members.includes(email)).map(({ group }) => group),
  }));
}
