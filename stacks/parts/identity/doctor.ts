/** Dex: whether it answers, by the name that tokens name, and whether the API servers could go by it. */
import { dexIssuer, dexService, identityNamespace } from "../../../components/identity/names.ts";
import type { Check } from "../../doctor/check.ts";
import type { ClusterCommand, Examined } from "../../doctor/examined.ts";
import { ok, problem, warning, type Finding } from "../../doctor/finding.ts";
import { kubectl } from "../../doctor/kubectl.ts";

const subject = "sign-on";
const api = "sign-on to the API";
const { name: namespace } = identityNamespace;
const look = `kubectl -n ${namespace} get pods,certificates; kubectl -n ${namespace} logs deploy/dex`;

/** None where people sign on elsewhere, or the site has not been brought up. */
export function identityChecks(
  { config: { identity }, isUp }: Pick<Examined, "config" | "isUp">,
  run: ClusterCommand,
): readonly Check[] {
  if (identity?.dex === undefined || !isUp) return [];
  const { hostname } = identity.dex;
  const { name, port } = dexService;
  const path = `/api/v1/namespaces/${namespace}/services/https:${name}:${port}/proxy/.well-known/openid-configuration`;
  return [
    {
      subject,
      run: async () => {
        const said = await kubectl(run, "get", "--raw", path).catch((error: Error) => error);
        return judgeDex(hostname, said);
      },
    },
    ...(identity.kubernetes === undefined
      ? []
      : [
          {
            subject: api,
            run: async () => judgeReloads(hostname, await kubectl(run, "get", "--raw", "/metrics")),
          },
        ]),
  ];
}

/** What Dex says of itself by the API server, or why it says nothing. */
export function judgeDex(hostname: string, said: string | Error): readonly Finding[] {
  if (said instanceof Error)
    return [problem(subject, `Dex does not answer, and nobody signs on: ${said.message}`, look)];
  const { issuer } = JSON.parse(said) as { readonly issuer?: string };
  return issuer === dexIssuer(hostname)
    ? [ok(subject, `Dex answers for ${hostname}`)]
    : [
        problem(
          subject,
          `Dex calls itself ${issuer ?? "nothing"}, not ${dexIssuer(hostname)}`,
          look,
        ),
      ];
}

/**
 * Whether the last time that an API server was told of Dex it could go by it; of one that has begun since, nothing is said. The
 * metrics are those of the one that answered (kubernetes, apiserver/pkg/server/options/authenticationconfig/metrics).
 */
export function judgeReloads(hostname: string, metrics: string): readonly Finding[] {
  const last = (status: string): number => {
    const line = new RegExp(
      `^apiserver_authentication_config_controller_automatic_reload_last_timestamp_seconds\\{[^}]*status="${status}"[^}]*\\} (\\S+)$`,
      "m",
    );
    return Number(line.exec(metrics)?.[1] ?? 0);
  };
  if (last("failure") <= last("success")) return [ok(api, "the API server goes by its config")];
  const text = `the API server that answered takes no tokens of people: it cannot fetch Dex' keys at ${hostname}`;
  const remedy = `on the servers: curl https://${hostname}/keys; the LAN's resolver must know the name (docs/identity.md)`;
  return [warning(api, text, remedy)];
}
