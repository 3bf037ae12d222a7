import { parse, stringify } from "yaml";
import type { ApiSignOn } from "../rke2/authentication.ts";

/** Where kubelogin waits for the browser to come back; the second one where the first is taken (int128/kubelogin, docs/usage.md). */
export const kubeloginRedirects = ["http://localhost:8000", "http://localhost:18000"] as const;

interface Kubeconfig {
  readonly clusters: readonly {
    readonly cluster: {
      readonly server: string;
      readonly "certificate-authority-data": string;
    };
  }[];
}

/**
 * A kubeconfig that holds no secret: kubectl asks kubelogin for a token, and that asks the browser. Throws where the
 * administrator's names no cluster.
 * @param administrators the cluster's own kubeconfig, of which it takes the address and the authority
 * @see https://github.com/int128/kubelogin/blob/master/docs/usage.md
 */
export function peopleKubeconfig(
  administrators: string,
  site: string,
  { issuer, clientId }: ApiSignOn,
): string {
  const [first] = (parse(administrators) as Kubeconfig).clusters;
  if (first === undefined) throw new Error("the administrator's kubeconfig names no cluster");
  const { server, "certificate-authority-data": authority } = first.cluster;
  return stringify({
    ...{ apiVersion: "v1", kind: "Config", "current-context": site },
    clusters: [{ name: site, cluster: { server, "certificate-authority-data": authority } }],
    contexts: [{ name: site, context: { cluster: site, user: `${site}-people` } }],
    users: [
      {
        name: `${site}-people`,
        user: {
          exec: {
            apiVersion: "client.authentication.k8s.io/v1",
            command: "kubectl",
            args: [
              ...["oidc-login", "get-token"],
              `--oidc-issuer-url=${issuer}`,
              `--oidc-client-id=${clientId}`,
              "--oidc-extra-scope=email",
              "--oidc-pkce-method=S256",
            ],
            interactiveMode: "Never",
            installHint: "kubelogin is missing: kubectl krew install oidc-login",
          },
        },
      },
    ],
  });
}
