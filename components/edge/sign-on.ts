import { ZeroTrustAccessApplication } from "@pulumi/cloudflare/zeroTrustAccessApplication.js";
import {
  ComponentResource,
  secret,
  unsecret,
  type ComponentResourceOptions,
  type Output,
} from "@pulumi/pulumi";
import type { Provider, SignOnClient, SignOnService } from "../identity/client.ts";
import { Access } from "./access.ts";
import { accessName } from "./names.ts";
import { endpointsOf, issuerOf } from "./open-id.ts";

/** How people know it. */
const provider: Provider = { title: "Cloudflare Access" };

export interface SignOnArgs {
  readonly site: string;
  readonly accountId: string;
  /** TEAM of TEAM.cloudflareaccess.com. */
  readonly team: string;
  /** How long one stays signed on, in minutes or hours up to a day: `8h`. */
  readonly session: string;
  /** Services by name. */
  readonly services: Readonly<Record<string, SignOnService>>;
}

/**
 * Access as the site's provider of OpenID Connect: a client for each service, and a policy that says who may sign on
 * there. It lets somebody who is taken out of the policy sign on no more; what the service's own session does is the
 * service's to say. Cloudflare's provider is that of `opts.providers`.
 */
export class SignOn extends ComponentResource {
  readonly clients: Readonly<Record<string, SignOnClient>>;

  constructor(name: string, args: SignOnArgs, opts?: ComponentResourceOptions) {
    super("homelab:edge:SignOn", name, {}, opts);
    const access = this.policies(name, args);
    this.clients = Object.fromEntries(
      Object.entries(args.services).map(([service, plan]) => [
        service,
        this.client(`${name}-${service}`, args, plan, access.policyIds([policyOf(service)])),
      ]),
    );
    this.registerOutputs({});
  }

  private policies(name: string, { site, accountId, session, services }: SignOnArgs): Access {
    const policies = Object.entries(services).map(([service, { emails }]) => {
      const plan = { emails, emailDomains: [], serviceTokens: [], sessionDuration: session };
      return [policyOf(service), plan] as const;
    });
    return new Access(
      `${name}-access`,
      { site, accountId, policies: Object.fromEntries(policies) },
      { parent: this },
    );
  }

  private client(
    name: string,
    { site, accountId, team, session }: SignOnArgs,
    { title, url, redirectUris, onPeoplesMachines = false }: SignOnService,
    policies: readonly Output<string>[],
  ): SignOnClient {
    const { saasApp } = new ZeroTrustAccessApplication(
      `${name}-application`,
      {
        accountId,
        name: accessName(site, title),
        type: "saas",
        sessionDuration: session,
        policies: policies.map((id, index) => ({ id, precedence: index + 1 })),
        saasApp: {
          authType: "oidc",
          redirectUris: [...redirectUris],
          ...(onPeoplesMachines
            ? {
                grantTypes: ["authorization_code_with_pkce"],
                allowPkceWithoutClientSecret: true,
              }
            : { grantTypes: ["authorization_code"] }),
          scopes: ["openid", "email", "profile"],
          // Both say how long what Access hands out is good for.
          accessTokenLifetime: session,
          appLauncherUrl: url,
        },
      },
      {
        parent: this,
        // Its provider does not mark the client's secret. Told when the client is made and never again, it stays in the state when
        // the client changes (the provider's zero_trust_access_application: schema.go, client_secret; normalizations.go).
        additionalSecretOutputs: ["saasApp"],
      },
    );
    const clientId = unsecret(saasApp.apply((app) => told(name, "id", app?.clientId)));
    const issuer = clientId.apply((id) => issuerOf(team, id));
    return {
      provider,
      clientId,
      issuer,
      endpoints: issuer.apply(endpointsOf),
      clientSecret: secret(saasApp.apply((app) => told(name, "secret", app?.clientSecret))),
    };
  }
}

/** Name of the policy of a service, beside those that a site names itself. */
const policyOf = (service: string): string => `sign-on-${service}`;

function told(name: string, what: string, value: string | undefined): string {
  if (value !== undefined) return value;
  throw new Error(`${name}: Cloudflare has not told the client's ${what}`);
}
