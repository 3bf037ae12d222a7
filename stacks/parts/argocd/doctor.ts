/** Argo CD: what it says of what it brings, and that nobody finds the password that it may have drawn. */
import { argoCharts, argocdNamespace } from "../../../components/argocd/names.ts";
import type { Check } from "../../doctor/check.ts";
import type { ClusterCommand, Examined } from "../../doctor/examined.ts";
import { ok, problem, warning, type Finding } from "../../doctor/finding.ts";
import { kubectl, objects } from "../../doctor/kubectl.ts";
import { chart, type Release } from "../../doctor/releases.ts";
import type { SiteConfig } from "../../schema.ts";

const { name: namespace } = argocdNamespace;

/** The chart; none where the site has no Argo CD. */
export function argocdReleases({ argocd }: Pick<SiteConfig, "argocd">): readonly Release[] {
  if (argocd === undefined) return [];
  return [chart(argoCharts, "argo-cd", argocd.chart, "homelab:versions.argoCd")];
}

/** An Application, as far as the doctor looks. */
export interface ApplicationInForce {
  readonly metadata: { readonly name: string };
  readonly status?: {
    readonly sync?: { readonly status?: string };
    readonly health?: { readonly status?: string };
    readonly conditions?: readonly { readonly type: string; readonly message: string }[];
    readonly operationState?: { readonly phase?: string; readonly message?: string };
  };
}

/** None where the site has no Argo CD, or has not been brought up. */
export function argocdChecks(
  { name, config: { argocd }, isUp }: Pick<Examined, "name" | "config" | "isUp">,
  run: ClusterCommand,
): readonly Check[] {
  if (argocd === undefined || !isUp) return [];
  return [
    {
      subject: "Argo CD",
      run: async () =>
        judgeApplications(await objects<ApplicationInForce>(run, "applications.argoproj.io")),
    },
    {
      subject: "Argo CD's administrator",
      run: async () => {
        const secret = ["-n", namespace, "get", "secret", "argocd-initial-admin-secret"];
        return judgeInitial(
          name,
          await kubectl(run, ...secret, "--ignore-not-found", "-o", "name"),
        );
      },
    },
  ];
}

/** Every Application is in the cluster as its repository says, and well. */
export function judgeApplications(all: readonly ApplicationInForce[]): readonly Finding[] {
  const subject = "Argo CD";
  if (all.length === 0) return [warning(subject, "has no Application", "docs/argocd.md")];
  const found = all.flatMap(judgeApplication);
  return found.length > 0
    ? found
    : [ok(subject, `${all.length} Applications are in sync and well`)];
}

function judgeApplication({ metadata: { name }, status = {} }: ApplicationInForce): Finding[] {
  const subject = `Application ${name}`;
  const look = `kubectl -n ${namespace} describe application ${name}`;
  const { sync, health, conditions = [], operationState: last } = status;
  const errors = conditions.filter(({ type }) => type.endsWith("Error"));
  if (errors.length > 0) return errors.map(({ message }) => problem(subject, message, look));
  if (last?.phase === "Failed" || last?.phase === "Error")
    return [
      problem(subject, `the last sync failed: ${last.message ?? "it does not say why"}`, look),
    ];
  if (health?.status === "Degraded" || health?.status === "Missing")
    return [problem(subject, `what it brings is ${health.status.toLowerCase()}`, look)];
  if (sync?.status === "Synced") return [];
  const text =
    sync?.status === "OutOfSync"
      ? "the cluster is not as its repository says"
      : "nobody has compared it with its repository";
  return [warning(subject, text, look)];
}

/** Whoever reads Secrets of the namespace could log in by it. */
export function judgeInitial(site: string, found: string): readonly Finding[] {
  const subject = "Argo CD's administrator";
  if (found.trim() === "") return [ok(subject, "no initial password is kept")];
  const text = "the password that Argo CD drew at first is kept in argocd-initial-admin-secret";
  const remedy = `kubectl -n ${namespace} delete secret argocd-initial-admin-secret; npm run up -- --stack ${site}`;
  return [warning(subject, text, remedy)];
}
