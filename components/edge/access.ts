import { ZeroTrustAccessPolicy } from "@pulumi/cloudflare/zeroTrustAccessPolicy.js";
import { ZeroTrustAccessServiceToken } from "@pulumi/cloudflare/zeroTrustAccessServiceToken.js";
import {
  ComponentResource,
  secret,
  type ComponentResourceOptions,
  type Output,
} from "@pulumi/pulumi";
import { peopleSelectors, serviceTokenNames, type AccessPlan } from "./access-rules.ts";
import { accessName, programsOf } from "./names.ts";

/** How a program shows who it is: headers CF-Access-Client-Id and CF-Access-Client-Secret. */
export interface ServiceTokenLogin {
  readonly clientId: Output<string>;
  readonly clientSecret: Output<string>;
}

export interface AccessArgs {
  readonly site: string;
  readonly accountId: string;
  /** Policies by name. */
  readonly policies: Readonly<Record<string, AccessPlan>>;
  /** Service tokens with a new secret, by name. */
  readonly rotations?: Readonly<Record<string, TokenRotation>>;
}

/** A service token whose secret is not its first. */
export interface TokenRotation {
  /** Counts the token's secrets from 1; a higher one makes a new secret. */
  readonly version: number;
  /** Day, `2027-01-31`, until whose beginning (UTC) the secret before is taken too. */
  readonly previousUntil: string;
}

/** A year, Cloudflare's default; docs/cloudflare.md says how one is renewed. */
const tokenDuration = "8760h";

/** Access policies of a site, and the service tokens that they let in. */
export class Access extends ComponentResource {
  /** Logins of programs by token name; secret. */
  readonly serviceTokens: Readonly<Record<string, ServiceTokenLogin>>;
  readonly #policies: ReadonlyMap<string, readonly Output<string>[]>;

  constructor(name: string, args: AccessArgs, opts?: ComponentResourceOptions) {
    super("homelab:edge:Access", name, {}, opts);
    const tokens = this.tokens(name, args);
    this.serviceTokens = Object.fromEntries(
      [...tokens].map(([token, { clientId, clientSecret }]) => [
        token,
        { clientId: secret(clientId), clientSecret: secret(clientSecret) },
      ]),
    );
    this.#policies = this.policies(name, args, tokens);
    this.registerOutputs({});
  }

  /** Ids of the policies behind these names, in their order. */
  policyIds(names: readonly string[]): readonly Output<string>[] {
    return names.flatMap((name) => {
      const ids = this.#policies.get(name);
      if (ids === undefined) throw new Error(`edge.access: there is no policy ${name}`);
      return ids;
    });
  }

  private tokens(name: string, args: AccessArgs): Map<string, ZeroTrustAccessServiceToken> {
    return new Map(
      serviceTokenNames(args.policies).map((token) => [
        token,
        new ZeroTrustAccessServiceToken(
          `${name}-${token}-token`,
          {
            accountId: args.accountId,
            name: accessName(args.site, token),
            duration: tokenDuration,
            ...rotated(args.rotations?.[token]),
          },
          {
            parent: this,
            additionalSecretOutputs: ["clientId", "clientSecret"],
          },
        ),
      ]),
    );
  }

  private policies(
    name: string,
    args: AccessArgs,
    tokens: ReadonlyMap<string, ZeroTrustAccessServiceToken>,
  ): Map<string, readonly Output<string>[]> {
    const made = new Map<string, readonly Output<string>[]>();
    for (const [policy, plan] of Object.entries(args.policies)) {
      const people = peopleSelectors(plan);
      const programs = serviceTokenNames({ [policy]: plan }).flatMap((token) => {
        const found = tokens.get(token);
        return found === undefined ? [] : [{ serviceToken: { tokenId: found.id } }];
      });
      if (people.length + programs.length === 0) {
        throw new Error(
          `edge.access.${policy}: lets nobody in; give emails, emailDomains or serviceTokens`,
        );
      }
      const common = { accountId: args.accountId, sessionDuration: plan.sessionDuration };
      const options = { parent: this };
      const ids: Output<string>[] = [];
      if (people.length > 0) {
        const title = accessName(args.site, policy);
        const rule = { ...common, name: title, decision: "allow", includes: people };
        ids.push(new ZeroTrustAccessPolicy(`${name}-${policy}-policy`, rule, options).id);
      }
      if (programs.length > 0) {
        // A program has no identity to log in with: another decision, and so a policy of its own.
        const title = accessName(args.site, programsOf(policy));
        const rule = { ...common, name: title, decision: "non_identity", includes: programs };
        ids.push(new ZeroTrustAccessPolicy(`${name}-${policy}-programs`, rule, options).id);
      }
      made.set(policy, ids);
    }
    return made;
  }
}

/** Cloudflare wants both or neither. */
function rotated(rotation: TokenRotation | undefined) {
  if (rotation === undefined) return {};
  const { version, previousUntil } = rotation;
  return {
    clientSecretVersion: version,
    previousClientSecretExpiresAt: `${previousUntil.slice(0, 10)}T00:00:00Z`,
  };
}
