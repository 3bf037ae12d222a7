/** Dex: whether it answers, with the people of the config and by the name that tokens name. */
import { dexIssuer, dexService, identityNamespace } from "../../../components/identity/names.ts";
import type { Check } from "../../doctor/check.ts";
import type { ClusterCommand, Examined } from "../../doctor/examined.ts";
import { ok, problem, type Finding } from "../../doctor/finding.ts";
import { kubectl } from "../../doctor/kubectl.ts";

const subject = "sign-on";
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
