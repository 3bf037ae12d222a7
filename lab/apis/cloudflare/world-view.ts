import type { Account } from "./account.ts";
import { closeness, domainsOf } from "./application-domains.ts";
import { whole, type Attached } from "./applications.ts";
import { ingressOf } from "./ingress-rules.ts";
import { rulesOf, withoutGroups } from "./rules.ts";
import { validServiceToken } from "./service-tokens.ts";
import type { State, StoredObject } from "./store.ts";
import { liveTunnel, noteConnection } from "./tunnels.ts";
import type { AccessApplication, AccessPolicy, CloudflareWorld } from "./world.ts";

/** The account as the edge sees it: always as of the last write. */
export function worldOf(account: Account): CloudflareWorld {
  const { store } = account;
  return {
    records: () =>
      Object.values(store.state.records).map(({ name, type, content, proxied }) => ({
        ...{ name, type, content, proxied },
      })),
    tunnel: (id) => {
      const tunnel = liveTunnel(account, id);
      if (tunnel === undefined) return undefined;
      noteConnection(account, id);
      const { secret, configSource, configuration } = tunnel;
      // A locally managed tunnel's cloudflared takes its rules from a file and none from here.
      const config = configSource === "cloudflare" ? configuration?.config : undefined;
      return { id, accountId: account.id, secret, ingress: ingressOf(config) };
    },
    application: (hostname, path) => closest(store.state, hostname, path),
    serviceToken: (clientId, clientSecret) =>
      validServiceToken(store.state, clientId, clientSecret),
    onChange: (listener) => store.onChange(listener),
  };
}

function closest(state: State, hostname: string, path: string): AccessApplication | undefined {
  const [best] = Object.values(state.applications)
    .flatMap((application) =>
      domainsOf(application.value).map((domain) => ({
        ...{ application, domain, rank: closeness(domain, hostname, path) },
      })),
    )
    .filter(({ rank }) => rank > 0)
    .sort((one, other) => other.rank - one.rank);
  return best === undefined ? undefined : seen(best.application, best.domain, state);
}

function seen({ value, hidden }: StoredObject, domain: string, state: State): AccessApplication {
  const policies = (value.policies as Attached[])
    .map((policy) => whole(policy, state))
    .sort((one, other) => one.precedence - other.precedence);
  return {
    id: value.id,
    aud: String(value.aud),
    name: String(value.name),
    domain,
    sessionDuration: String(value.session_duration),
    ...(typeof hidden?.revokedAt === "number" ? { revokedAt: hidden.revokedAt } : {}),
    policies: policies.map((policy): AccessPolicy => ({
      id: policy.id,
      decision: policy.decision as AccessPolicy["decision"],
      include: withoutGroups(rulesOf(policy, "include"), state),
      exclude: withoutGroups(rulesOf(policy, "exclude"), state),
      require: withoutGroups(rulesOf(policy, "require"), state),
    })),
  };
}
