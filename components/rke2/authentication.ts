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

/** What an API server puts before the address of somebody who signed on: no address can be a name that Kubernetes has itself. */
export const userPrefix = "access:";

/**
 * The API servers' AuthenticationConfiguration: who holds a token of the provider for this client is called by its address, where
 * the provider has seen that it is theirs (`email_verified`, where the token says it). It says nothing of rights, so that it
 * stays as it is whoever comes and goes. An API server starts without the provider, and looks for it until it is there
 * (k8s.io/apiserver v0.36, plugin/pkg/authenticator/token/oidc/oidc.go, New). Flags `--oidc-*` would be refused beside it.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/authentication/#using-authentication-configuration
 */
export function authenticationConfig({ issuer, clientId }: ApiSignOn): string {
  return stringify({
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "AuthenticationConfiguration",
    jwt: [
      {
        issuer: { url: issuer, audiences: [clientId] },
        claimMappings: { username: { claim: "email", prefix: userPrefix } },
      },
    ],
  });
}
