import { output, secret, type Output, type Resource } from "@pulumi/pulumi";
import { ArgoCd, type ArgoCdArgs, type SecretData } from "../../../components/argocd/argocd.ts";
import { siteProject } from "../../../components/argocd/names.ts";
import type { ApplicationPlan, ProjectPlan } from "../../../components/argocd/objects.ts";
import { repositoryData } from "../../../components/argocd/repository.ts";
import {
  clientSecretKey,
  type RolePlan,
  type SignOnPlan,
} from "../../../components/argocd/values.ts";
import type { RunningCluster } from "../../../components/workload/running-cluster.ts";
import type { Site } from "../../open-site.ts";
import type { SiteCluster } from "../cluster/deploy.ts";
import type { SiteDefinitions } from "../definitions/deploy.ts";
import type { SiteIdentity } from "../identity/deploy.ts";
import type { IdentityConfig } from "../identity/schema.ts";
import type { SiteMonitoringKinds } from "../monitoring/deploy.ts";
import type { ArgocdConfig } from "./schema.ts";

/** Argo CD, for what leads to it. */
export interface SiteArgocd {
  /** Its Services are there. */
  readonly release: Resource;
  /** It has read its repositories, and its projects are there. */
  readonly ready: Resource;
}

/** What the parts before it have made. */
export interface ArgocdSurroundings {
  readonly definitions: SiteDefinitions;
  readonly running: RunningCluster;
  readonly kinds: SiteMonitoringKinds | undefined;
  readonly identity: SiteIdentity;
}

/** Runs Argo CD, where the config has it. */
export function deployArgocd(
  { name, config: { argocd, identity: people }, secrets }: Site,
  { nodes: [server] }: SiteCluster,
  { definitions, running: { ready, kubernetes }, kinds, identity }: ArgocdSurroundings,
): SiteArgocd | undefined {
  if (argocd === undefined) return undefined;
  const { hostname, highlyAvailable, monitored, guarded, knownHosts, chart, signOn } = argocd;
  const reveal = (ref: string): string => secrets.reveal(ref);
  const before = [definitions.argocd, kinds?.known].filter((step) => step !== undefined);
  const { release, seen } = new ArgoCd(
    `${name}-argocd`,
    {
      ...{ hostname, highlyAvailable, monitored, guarded, knownHosts, chart, server },
      admin: argocd.adminPasswordHash !== undefined,
      ...(signOn === undefined ? {} : { signOn: signOnPlan(signOn) }),
      ...ofPeople(people, identity),
      settings: secret(settings(argocd, reveal, identity)),
      repositories: repositories(argocd, reveal),
      projects: projects(argocd),
      applications: applications(argocd),
      after: before,
    },
    { providers: [kubernetes], dependsOn: [ready] },
  );
  return { release, ready: seen };
}

type Reveal = (ref: string) => string;

/** Keys of `argocd-secret` (argo-cd util/settings), as far as a site gives them. */
function settings(
  { adminPasswordHash, webhooks, signOn }: ArgocdConfig,
  reveal: Reveal,
  { argocd: client }: SiteIdentity,
): Output<SecretData> {
  const { github, gitlab, bitbucketServer, gogs } = webhooks;
  const all: Readonly<Record<string, string | undefined>> = {
    "admin.password": adminPasswordHash,
    "webhook.github.secret": github,
    "webhook.gitlab.secret": gitlab,
    "webhook.bitbucketserver.secret": bitbucketServer,
    "webhook.gogs.secret": gogs,
    [clientSecretKey]: signOn?.clientSecret,
  };
  const written: SecretData = Object.fromEntries(
    Object.entries(all).flatMap(([key, ref]) => (ref === undefined ? [] : [[key, reveal(ref)]])),
  );
  return output(client?.clientSecret).apply((text) =>
    text === undefined ? written : { ...written, [clientSecretKey]: text },
  );
}

function repositories(
  { repositories: all }: ArgocdConfig,
  reveal: Reveal,
): Readonly<Record<string, Output<SecretData>>> {
  return Object.fromEntries(
    Object.entries(all).map(([name, { url, username, password, sshKey }]) => {
      const login = {
        url,
        ...(username === undefined ? {} : { username }),
        ...(password === undefined ? {} : { password: reveal(password) }),
        ...(sshKey === undefined ? {} : { sshPrivateKey: reveal(sshKey) }),
      };
      return [name, secret(repositoryData(name, login) as SecretData)];
    }),
  );
}

/** The address of a repository that the config was checked to have. */
const urlOf = ({ repositories: all }: ArgocdConfig, name: string): string => all[name]?.url ?? "";

function projects(argocd: ArgocdConfig): readonly ProjectPlan[] {
  const everything: ProjectPlan = {
    name: siteProject,
    repositories: Object.values(argocd.repositories).map(({ url }) => url),
    namespaces: ["*"],
    clusterWide: true,
  };
  return [
    everything,
    ...Object.entries(argocd.projects).map(([name, plan]) => ({
      ...{ name, ...plan },
      repositories: plan.repositories.map((one) => urlOf(argocd, one)),
    })),
  ];
}

function applications(argocd: ArgocdConfig): readonly ApplicationPlan[] {
  return Object.entries(argocd.applications).map(([name, plan]) => ({
    ...{ name, ...plan },
    repository: urlOf(argocd, plan.repository),
  }));
}

/** E-mail addresses are asked for and believed only where the site names people by them. */
function signOnPlan(signOn: NonNullable<ArgocdConfig["signOn"]>): SignOnPlan {
  const { name, issuer, clientId, scopes, groupsClaim, admins, readers } = signOn;
  const roles: readonly RolePlan[] = [
    { role: "admin", subjects: [...admins.groups, ...admins.emails] },
    { role: "readonly", subjects: [...readers.groups, ...readers.emails] },
  ];
  const byEmail = admins.emails.length + readers.emails.length > 0;
  const claims = [groupsClaim, ...(byEmail ? ["email"] : [])];
  return { name, issuer, clientId, scopes, claims, roles };
}

/**
 * People of the site are known by their address alone: Access has no groups of the site to tell, and who is taken out of a group
 * of Dex' would be in it until the token ends.
 */
function ofPeople(
  people: IdentityConfig | undefined,
  { argocd: client }: SiteIdentity,
): Pick<ArgoCdArgs, "signOn" | "trusting"> {
  if (people?.argocd === undefined || client === undefined) return {};
  const { admins, readers } = people.argocd;
  const roles: readonly RolePlan[] = [
    { role: "admin", subjects: admins },
    { role: "readonly", subjects: readers },
  ];
  const scopes = ["openid", "email", "profile"];
  const { provider, issuer, clientId } = client;
  const signOn = output({ issuer, clientId }).apply((made) => ({
    ...{ name: provider.title, scopes, claims: ["email"], roles, ...made },
  }));
  return { signOn, trusting: provider.service !== undefined };
}
