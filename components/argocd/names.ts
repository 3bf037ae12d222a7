/** How what belongs to Argo CD is called in the cluster: by the chart's values, policies and proof alike. */
import type { NamespacePlan } from "../workload/namespace.ts";

/** Namespace of Argo CD and of its Applications. All of the chart's pods keep to the profile `restricted`. */
export const argocdNamespace = { name: "argocd" } as const satisfies NamespacePlan;

/** Where the chart is: https://github.com/argoproj/argo-helm#usage */
export const argoCharts = "https://argoproj.github.io/argo-helm";

/** The Service of the UI, the API and webhooks; behind it plain http. */
export const argocdServer = { name: "argocd-server", port: 80, inPod: 8080 } as const;

/** Job of its controller's metrics: the Service that its chart makes for them (argo-cd 10.1.1, argocd-application-controller/metrics.yaml). */
export const controllerJob = "argocd-application-controller-metrics";

/** Where it hears of pushes (argo-cd v3.4.4: server/server.go). */
export const webhookPath = "/api/webhook";

/** Where a provider of OpenID Connect sends people back to (argo-cd v3.4.4: common/common.go, CallbackEndpoint). */
export const argocdRedirect = (hostname: string): string => `https://${hostname}/auth/callback`;

/** Project of the program's own Applications: everything that the site's repositories say. */
export const siteProject = "site";

/** The cluster that Argo CD itself runs in. */
export const inCluster = "https://kubernetes.default.svc";
