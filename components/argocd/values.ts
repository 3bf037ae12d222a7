import { stringify } from "yaml";
import { trustBundle } from "../certificates/cert-manager-values.ts";
import { resources } from "../workload/resources.ts";

/** Who may do what in Argo CD: groups of the identity provider, or e-mail addresses. */
export interface RolePlan {
  readonly role: "admin" | "readonly";
  readonly subjects: readonly string[];
}

/** Single sign-on by OpenID Connect. */
export interface SignOnPlan {
  /** What people read on the button. */
  readonly name: string;
  /** Address of the provider, below which is `/.well-known/openid-configuration`. */
  readonly issuer: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** Claims of a token whose values are subjects of roles. */
  readonly claims: readonly string[];
  readonly roles: readonly RolePlan[];
}

export interface ArgoCdPlan {
  /** Name that people open it by, where its routes lead to it. */
  readonly hostname: string;
  readonly highlyAvailable: boolean;
  /** Whether Prometheus' kinds are there, and somebody reads them. */
  readonly monitored: boolean;
  /** Whether the site's own policies guard the namespace. */
  readonly guarded: boolean;
  /** Whether `admin` may log in, by the hash in `argocd-secret`. */
  readonly admin: boolean;
  readonly signOn?: SignOnPlan | undefined;
  /** Whether the site's own authority is trusted: the certificate of who people sign on by is of it. */
  readonly trusting?: boolean;
  /** Lines of known_hosts besides those that the chart brings. */
  readonly knownHosts: readonly string[];
}

/** Key of the client's secret in `argocd-secret`, which the config of sign-on refers to. */
export const clientSecretKey = "oidc.clientSecret";

/**
 * Values of the argo-cd chart. Its kinds are the program's own, and so is the Secret `argocd-secret`: with values the chart
 * would write the moment of each upgrade into it, which ends every session (templates/argocd-configs/argocd-secret.yaml).
 * @see https://github.com/argoproj/argo-helm/blob/argo-cd-10.1.1/charts/argo-cd/values.yaml
 */
export function argocdValues(plan: ArgoCdPlan): Record<string, unknown> {
  const { hostname, highlyAvailable, guarded } = plan;
  const replicas = highlyAvailable ? 2 : 1;
  const many = highlyAvailable ? { pdb: { enabled: true, maxUnavailable: 1 } } : {};
  const metrics = metricsOf(plan);
  return {
    crds: { install: false },
    // The site's own policies say who reaches whom; the chart's would let everybody to the server besides.
    global: { domain: hostname, networkPolicy: { create: !guarded } },
    configs: configs(plan),
    // Sign-on is by OpenID Connect itself, which needs no Dex.
    dex: { enabled: false },
    notifications: { enabled: false },
    controller: { metrics, resources: resources("100m", "512Mi", "2Gi") },
    server: {
      ...{ replicas, ...many, metrics, resources: resources("20m", "128Mi", "512Mi") },
      ...(plan.trusting === true ? trusting() : {}),
    },
    repoServer: {
      ...{ replicas, ...many, metrics, resources: resources("50m", "256Mi", "1Gi") },
      // It runs what repositories bring, and asks the API server for nothing.
      automountServiceAccountToken: false,
      copyutil: { resources: resources("10m", "32Mi", "128Mi") },
    },
    applicationSet: { replicas, ...many, metrics, resources: resources("20m", "64Mi", "256Mi") },
    redis: {
      enabled: !highlyAvailable,
      automountServiceAccountToken: false,
      resources: resources("20m", "64Mi", "256Mi"),
    },
    redisSecretInit: { resources: resources("10m", "64Mi", "256Mi") },
    ...(highlyAvailable ? { "redis-ha": redisHa() } : {}),
  };
}

function configs({ admin, signOn, knownHosts }: ArgoCdPlan): Record<string, unknown> {
  return {
    cm: {
      // With a hash in argocd-secret, or without `admin`, no initial password is drawn (util/settings, InitializeSettings).
      "admin.enabled": admin,
      "kustomize.buildOptions": "--enable-helm",
      ...(signOn === undefined ? {} : { "oidc.config": oidcConfig(signOn) }),
    },
    // It ends TLS nowhere: the gateway does.
    params: { "server.insecure": true },
    rbac: rbac(signOn),
    secret: { createSecret: false },
    ssh: { extraHosts: knownHosts.join("\n") },
  };
}

/** @see https://github.com/argoproj/argo-cd/blob/v3.4.4/docs/operator-manual/user-management/index.md#existing-oidc-provider */
function oidcConfig({ name, issuer, clientId, scopes }: SignOnPlan): string {
  return stringify(
    {
      ...{ name, issuer, clientID: clientId, clientSecret: `$${clientSecretKey}` },
      requestedScopes: [...scopes],
    },
    { lineWidth: 0 },
  );
}

/**
 * The server's certificates of authorities are those of its image, and the site's own in a folder beside them (crypto/x509,
 * root_unix.go). `rootCA` of its config would stand in the place of all others, and names no ConfigMap.
 */
function trusting(): Record<string, unknown> {
  const { configMap: name } = trustBundle;
  const mountPath = "/etc/internal-ca";
  return {
    env: [{ name: "SSL_CERT_DIR", value: mountPath }],
    volumes: [{ name, configMap: { name } }],
    volumeMounts: [{ name, mountPath, readOnly: true }],
  };
}

/** Who is in no role may log in and see nothing. */
function rbac(signOn: SignOnPlan | undefined): Record<string, unknown> {
  const lines = (signOn?.roles ?? []).flatMap(({ role, subjects }) =>
    subjects.map((subject) => `g, ${subject}, role:${role}`),
  );
  return {
    "policy.default": "",
    "policy.csv": lines.map((line) => `${line}\n`).join(""),
    scopes: `[${(signOn?.claims ?? ["groups"]).join(", ")}]`,
  };
}

/** Three of each keep a majority when a host is lost; the chart has each on a host of its own. */
function redisHa(): Record<string, unknown> {
  return {
    enabled: true,
    redis: { resources: resources("20m", "64Mi", "256Mi") },
    sentinel: { resources: resources("10m", "32Mi", "128Mi") },
    splitBrainDetection: { resources: resources("10m", "32Mi", "128Mi") },
    haproxy: { resources: resources("10m", "64Mi", "256Mi") },
  };
}

function metricsOf({ monitored }: ArgoCdPlan): Record<string, unknown> {
  return { enabled: monitored, serviceMonitor: { enabled: monitored } };
}
