import { stringify } from "yaml";

/** The provider of OpenID Connect by which people sign on to the API servers. */
export interface ApiSignOn {
  /** Address below which is `/.well-known/openid-configuration`. */
  readonly issuer: string;
  /** Whom its tokens are for. */
  readonly clientId: string;
}

/** First release whose API servers read the config in this version (kubernetes, KEP-3331). */
export const signOnMinor = 34;

/** Where a server has it. RKE2 gives the API server's pod each file that an argument names (pkg/podtemplate, ReadFiles). */
export const authenticationFile = "/etc/rancher/rke2/authentication.yaml";

/** The same where the provider is in the cluster: the file begins without one, and is told of it once it is there. */
export const laterFile = "/etc/rancher/rke2/people.yaml";

/** In place of a provider: it is in the cluster, which has to be there first. */
export const toldLater = "later";

/** What an API server puts before the address of somebody who signed on: no address can be a name that Kubernetes has itself. */
export const userPrefix = "access:";

const head = {
  apiVersion: "apiserver.config.k8s.io/v1",
  kind: "AuthenticationConfiguration",
} as const;

/** By whom people sign on, whose tokens are taken. */
function jwt({ issuer, clientId }: ApiSignOn, certificateAuthority?: string) {
  return {
    issuer: {
      ...{ url: issuer, audiences: [clientId] },
      ...(certificateAuthority === undefined ? {} : { certificateAuthority }),
    },
    claimMappings: { username: { claim: "email", prefix: userPrefix } },
  };
}

/**
 * The API servers' AuthenticationConfiguration: who holds a token of the provider for this client is called by its address, where
 * the provider has seen that it is theirs (`email_verified`, where the token says it). It says nothing of rights, so that it
 * stays as it is whoever comes and goes. An API server starts without the provider, and looks for it until it is there
 * (k8s.io/apiserver v0.36, plugin/pkg/authenticator/token/oidc/oidc.go, New). Flags `--oidc-*` would be refused beside it.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/authentication/#using-authentication-configuration
 */
export function authenticationConfig(signOn: ApiSignOn): string {
  return stringify({ ...head, jwt: [jwt(signOn)] });
}

/** The config of an API server whose provider is in the cluster, before that is there: it may be empty, and change later. */
export const nobodySignsOn: string = JSON.stringify({ ...head, jwt: [] });

/** Stands for the certificate of the site's own authority, of whose lines each ends with `\n`. */
export const authorityMark = "@AUTHORITY@";

/**
 * The same config for a provider in the cluster, as JSON of one line. An API server reads the file again when it changes, and
 * goes by it as soon as it has the provider's keys; until then by the one before (kubernetes v1.36,
 * pkg/kubeapiserver/options/authentication.go, ApplyTo).
 * @param ownAuthority whether the certificate of the provider's name is of the site's own authority
 */
export function laterConfig(signOn: ApiSignOn, ownAuthority: boolean): string {
  return JSON.stringify({ ...head, jwt: [jwt(signOn, ownAuthority ? authorityMark : undefined)] });
}
