/** Telemetry of Tesla vehicles: the server at its address and past the router, the public key, and what vehicles know. */
import { publicKeyOf } from "../../../components/tesla/key-pair.ts";
import { publicKeyPath, pushedMap, teslaNamespace } from "../../../components/tesla/names.ts";
import { ask, type Fetch } from "../../doctor/ask.ts";
import { reasonOf, type Check } from "../../doctor/check.ts";
import type { ClusterCommand, Examined } from "../../doctor/examined.ts";
import { ok, problem, warning, type Finding } from "../../doctor/finding.ts";
import { kubectl } from "../../doctor/kubectl.ts";
import type { AskName, Heard } from "../../status/answer.ts";
import { askName } from "../../status/ask-name.ts";
import { authoritiesNow, pushedNow, whyPush, type Pushed } from "./pushed.ts";
import type { TeslaConfig } from "./schema.ts";

const { name: namespace } = teslaNamespace;

/** From here: whether vehicles get to the server, and Tesla to the key. None where the site has no telemetry. */
export function teslaChecks(
  { config: { tesla }, isUp, known }: Examined,
  { shake = askName, fetch = ask }: { readonly shake?: AskName; readonly fetch?: Fetch } = {},
): readonly Check[] {
  if (tesla === undefined || !isUp) return [];
  const { address, publicAddress, port } = tesla;
  return [
    {
      subject: `Tesla, ${address}:${port}`,
      run: async () => [judgeServer(tesla, await shown(shake, address, tesla))],
    },
    {
      subject: `Tesla, port ${port} of the router`,
      run: async () => [judgeForward(tesla, await shown(shake, publicAddress, tesla))],
    },
    {
      subject: "Tesla's public key",
      run: async () => [await judgeKey(tesla, known.get("homelab:tesla.key.privateKey"), fetch)],
    },
  ];
}

/** In the cluster: whether what vehicles were told still holds. */
export function teslaPushChecks(
  { name, config: { tesla }, isUp }: Pick<Examined, "name" | "config" | "isUp">,
  run: ClusterCommand,
): readonly Check[] {
  if (tesla === undefined || !isUp) return [];
  return [
    {
      subject: "Tesla, what vehicles know",
      run: async () => {
        const now = pushedNow(tesla, await authoritiesNow(run), new Date());
        return judgePush(name, await lastPush(run), now);
      },
    },
  ];
}

/** What the last push has left; undefined before the first. */
export async function lastPush(run: ClusterCommand): Promise<Pushed | undefined> {
  const { name, key } = pushedMap;
  const path = `jsonpath={.data.${key.replaceAll(".", "\\.")}}`;
  const object = ["-n", namespace, "get", "configmap", name, "--ignore-not-found"];
  const text = await kubectl(run, ...object, "-o", path);
  return text === "" ? undefined : (JSON.parse(text) as Pushed);
}

/** What was shown in a handshake, or why there was none. A server that asks for a certificate ends it afterwards. */
async function shown(
  shake: AskName,
  at: string,
  { hostname, port }: TeslaConfig,
): Promise<Heard | Error> {
  try {
    return await shake({ by: "tls", at, port, path: "/", name: hostname });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** The server at its address of the load balancer. */
export function judgeServer(
  { hostname, address, port }: TeslaConfig,
  found: Heard | Error,
): Finding {
  const subject = `Tesla, ${address}:${port}`;
  const look = `kubectl -n ${namespace} get pods,services,certificates; docs/apps/tesla.md`;
  if (found instanceof Error) return problem(subject, `does not answer: ${reasonOf(found)}`, look);
  const fault = found.certificate?.fault;
  return fault === undefined
    ? ok(subject, `shows a certificate for ${hostname}`)
    : problem(subject, `shows a certificate that vehicles refuse: ${fault}`, look);
}

/**
 * The home's own address is asked from inside: a router that does not turn such a packet round (hairpin NAT) keeps silent though
 * the port is forwarded. So silence is not an error, and the remedy says how to see it from outside.
 */
export function judgeForward(tesla: TeslaConfig, found: Heard | Error): Finding {
  const { hostname, publicAddress, address, port } = tesla;
  const subject = `Tesla, port ${port} of the router`;
  const forward = `forward TCP ${port} on the router to ${address}:${port}`;
  const fault = found instanceof Error ? undefined : found.certificate?.fault;
  if (!(found instanceof Error) && fault === undefined)
    return ok(subject, `${publicAddress} leads to the server`);
  if (!(found instanceof Error))
    return problem(
      subject,
      `${publicAddress}:${port} leads to another server than vehicles look for: ${fault ?? ""}`,
      `${forward}, or use another homelab:tesla.port`,
    );
  return warning(
    subject,
    `${publicAddress}:${port} does not answer from here: ${reasonOf(found)}`,
    `${forward}; where it is, many routers still do not answer from inside: ask from a phone without Wi-Fi, openssl s_client -connect ${hostname}:${port} (docs/apps/tesla.md)`,
  );
}

async function judgeKey(
  { key: { hostname } }: TeslaConfig,
  privateKey: string | undefined,
  fetch: Fetch,
): Promise<Finding> {
  const subject = "Tesla's public key";
  const url = `https://${hostname}${publicKeyPath}`;
  const { status, text } = await fetch(url);
  const look = `kubectl -n ${namespace} get httproutes,httproutefilters; docs/apps/tesla.md`;
  if (status !== 200) return problem(subject, `${url} answers ${status}`, look);
  if (privateKey === undefined) return ok(subject, `is shown at ${url}`);
  return text.trim() === publicKeyOf(privateKey)?.trim()
    ? ok(subject, `is shown at ${url}`)
    : problem(subject, `${url} shows another key than the private one's`, look);
}

/** Whether vehicles have to be told anew. */
export function judgePush(site: string, last: Pushed | undefined, now: Pushed): readonly Finding[] {
  const subject = "Tesla, what vehicles know";
  const [first, ...further] = whyPush(last, now);
  if (first === undefined) return [ok(subject, `was pushed on ${last?.at ?? ""} and holds`)];
  const push = `npm run tesla -- push --stack ${site}`;
  return [warning(subject, [first, ...further].join("; "), push)];
}
