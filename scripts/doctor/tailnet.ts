/** The tailnet: what its OAuth client may do, and whether the Connector's routes are in use. */
import { operatorHostname } from "../../components/tailnet/operator-values.ts";
import { siteTags } from "../../components/tailnet/tags.ts";
import type { TailscaleApi } from "../../components/tailnet/tailscale-api.ts";
import { ServiceError } from "../../components/http/service-error.ts";
import type { RoutedDevice } from "../../components/tailnet/tailscale-types.ts";
import { ok, problem, warning, type Finding } from "./finding.ts";

type Api = Pick<TailscaleApi, "policy" | "keys" | "devices" | "splitDns">;

/** Reads once under each scope that docs/tailnet.md lists. */
export async function checkTailnetScopes(api: Api): Promise<readonly Finding[]> {
  const reads: readonly (readonly [string, () => Promise<unknown>])[] = [
    ["policy_file", () => api.policy()],
    ["auth_keys and oauth_keys", () => api.keys()],
    ["devices:core", () => api.devices()],
    ["dns", () => api.splitDns()],
  ];
  return Promise.all(
    reads.map(async ([scope, read]): Promise<Finding> => {
      const subject = `tailnet, scope ${scope}`;
      try {
        await read();
        return ok(subject, "reads");
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        const refused = error.kind === "unauthorized" || error.kind === "missing";
        const text = error.message;
        return refused
          ? problem(subject, text, "give the OAuth client the scopes that docs/tailnet.md lists")
          : warning(subject, text, "run the doctor again in a while");
      }
    }),
  );
}

/** Forms of the exit node's routes; Tailscale approves both or none. */
const exit = ["0.0.0.0/0", "::/0"];

/**
 * Whether the Connector's device is there and the policy approves what it advertises.
 * @param wanted routes of the config; the exit node apart
 */
export function judgeConnector(
  site: string,
  plan: { readonly name: string; readonly routes: readonly string[]; readonly exitNode: boolean },
  devices: readonly RoutedDevice[],
  remedy: string,
): readonly Finding[] {
  const subject = `Connector ${plan.name}`;
  const tag = siteTags(site).connector;
  const own = devices.filter(({ tags, hostname }) => tags.includes(tag) && hostname === plan.name);
  if (own.length === 0) {
    return [
      problem(
        subject,
        "is no device of the tailnet",
        `kubectl describe connector ${plan.name}; kubectl -n tailscale logs deployment/operator (${operatorHostname(site)})`,
      ),
    ];
  }
  const wanted = [...plan.routes, ...(plan.exitNode ? exit : [])];
  return own.flatMap(({ id, advertised, enabled }): Finding[] => {
    const silent = wanted.filter((route) => !advertised.includes(route));
    const waiting = advertised.filter((route) => !enabled.includes(route));
    const found: Finding[] = [];
    if (waiting.length > 0) {
      found.push(
        problem(
          subject,
          `advertises ${waiting.join(", ")}, and nobody approved that (device ${id})`,
          remedy,
        ),
      );
    }
    if (silent.length > 0) {
      found.push(
        warning(
          subject,
          `does not advertise ${silent.join(", ")} (device ${id})`,
          `kubectl describe connector ${plan.name}, then npm run up -- --stack ${site} --refresh`,
        ),
      );
    }
    return found.length > 0 ? found : [ok(subject, `${enabled.length} routes in use`)];
  });
}
