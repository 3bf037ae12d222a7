/** Failures of the cluster's API that pass: its address moved, or the server behind it went while it was asked. */
import { adoption, kubectl, objectOf, titleOf } from "../repair/object.ts";
import { identify, recordsOf } from "../repair/release.ts";
import { stringInput, type StateResource } from "../state.ts";
import type { Failure } from "./failures.ts";
import type { Cure, Remedy } from "./retry.ts";

/**
 * How a connection ends: texts of Go's `net`, `net/http` (client.go, transport.go) and `http2` (h2_bundle.go). They count
 * behind a request to the cluster's API alone: the API's webhooks and a chart's download fail with the same words.
 */
const connectionEnds = [
  /connection reset by peer/,
  /connection refused/,
  /connection timed out/,
  /broken pipe/,
  /no route to host/,
  /i\/o timeout/,
  /\bEOF\b/,
  /TLS handshake timeout/,
  /\(Client\.Timeout exceeded while awaiting headers\)/,
  /http: server closed idle connection/,
  /http2: client conn not usable/,
  /http2: server sent GOAWAY and closed the connection/,
  /http2: Transport: cannot retry err \[.*\] after Request\.Body was written/,
];

/**
 * A request to an API server as net/url words its failure, up to the cause: `Post "https://192.168.1.20:6443/api/v1/...": `.
 * A text that quotes it has a backslash before each quotation mark.
 */
const request =
  /\b[A-Z][a-z]+ \\?"https:\/\/[^/"]+\/(?:api|apis|openapi|version|readyz)\b[^"]*": (.*)$/;

/**
 * What the API server says of itself, of etcd and of answers that broke off, wherever it stands: Kubernetes'
 * apimachinery/pkg/api/errors/errors.go, apiserver/pkg/server/filters/{waitgroup,with_retry_after}.go and
 * client-go/rest/request.go, etcd's api/v3rpc/rpctypes/error.go. After each of them the request may have been carried out.
 */
const serverEnds = [
  /the server is currently unable to handle the request/,
  /the server was unable to return a response in the time allotted, but may still be processing the request/,
  /The \w+ operation against \S+ could not be completed at this time, please try again/,
  /apiserver is shutting down/,
  /etcdserver: (?:request timed out|leader changed|no leader|server stopped|unhealthy cluster|too many requests)/,
  /error when reading response body.*Please retry\. Original error: /,
  /http2: client connection (?:lost|force closed via ClientConn\.Close)/,
  // A deletion alone keeps for itself why the provider could not ask (pulumi-kubernetes, provider/pkg/provider/provider.go).
  /configured Kubernetes cluster is unreachable\. If the cluster was deleted/,
];

/**
 * What cut nothing off: a webhook's refusal or silence (apiserver/pkg/util/webhook/error.go, apiextensions-apiserver), and that
 * something did not become ready in its time.
 */
const refusals = /failed calling webhook|conversion webhook for|timed out waiting/;

/** Why the API did not answer to the end; undefined when it did. */
export function cutOff({ type, text }: Failure): string | undefined {
  if (!type.startsWith("kubernetes:") || refusals.test(text)) return undefined;
  for (const line of text.split("\n").map((one) => one.trim())) {
    const cause = request.exec(line)?.[1] ?? "";
    const found = first(connectionEnds, cause) ?? first(serverEnds, line);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * A webhook that nobody answered for, as one whose only pod has yet to come back with its machine; what it was asked about was not
 * done. RKE2's API servers ask through its tunnel, which words it in its own way (apiserver/pkg/server/egressselector,
 * tunnelHTTPConnect).
 */
const silence =
  /failed calling webhook \\?"([^"\\]+)\\?": failed to call webhook: Post \\?"[^"]+": (?:.*(?:connection refused|no route to host|i\/o timeout|connection reset by peer|EOF)|no endpoints available for service|context deadline exceeded|proxy error from \S+ while dialing \S+, code 50\d)/;

/** The name of the webhook that was silent; undefined where none was. */
export function silentWebhook({ type, text }: Failure): string | undefined {
  return type.startsWith("kubernetes:") ? silence.exec(text)?.[1] : undefined;
}

function first(patterns: readonly RegExp[], text: string): string | undefined {
  return patterns.map((pattern) => pattern.exec(text)?.[0]).find((found) => found !== undefined);
}

/**
 * Tells of failures why their operation's end is not known; undefined where it is. Remembers what was cut off: a server may
 * carry it out after all once it was looked for, and the next run finds it there. It carries out each request once: what is
 * still in the way when that was settled is somebody else's. One failure may be asked about more than once.
 */
export function lostAnswers(): (failure: Failure) => string | undefined {
  const urns = new Set<string | undefined>();
  const causes = new WeakMap<Failure, string | undefined>();
  const judge = (failure: Failure): string | undefined => {
    const cause = cutOff(failure);
    if (cause !== undefined) urns.add(failure.urn);
    return cause ?? (isTaken(failure) && urns.delete(failure.urn) ? "carried out late" : undefined);
  };
  return (failure) => {
    if (!causes.has(failure)) causes.set(failure, judge(failure));
    return causes.get(failure);
  };
}

/**
 * Another run follows what was cut off, once `settleLost` has taken away what may be in its way. A release whose record is
 * gone, because the answer to the last step of its removal was lost, is looked for again: to Helm it is an error for ever
 * (helm, pkg/action/uninstall.go). What is in the way without that this run was cut off may be anybody's: a person is told
 * how to see whose, and what to do.
 */
export function clusterRemedy(
  lost: (failure: Failure) => string | undefined,
  lookAgain: (urn: string) => Promise<void>,
): Remedy {
  return (failure: Failure): Cure | undefined => {
    const { urn, type, name, op = "", resource, text } = failure;
    if (!type.startsWith("kubernetes:")) return undefined;
    const cause = lost(failure);
    if (cause !== undefined)
      return { kind: "again", why: `the cluster's API was cut off (${name}: ${cause})` };
    const webhook = silentWebhook(failure);
    if (webhook !== undefined)
      return { kind: "again", why: `nobody answered for the webhook ${webhook} (${name})` };
    if (urn !== undefined && op.startsWith("delete") && releaseGone.test(text))
      return {
        kind: "again",
        why: `release ${name} is gone from the cluster already`,
        before: () => lookAgain(urn),
      };
    const advice = resource !== undefined && isTaken(failure) ? inTheWay(resource) : undefined;
    return advice === undefined ? undefined : { kind: "advice", text: `${name}: ${advice}` };
  };
}

const releaseGone = /uninstall: Release not loaded: .*release: not found/;
const taken =
  /already exists[^]*The resource already exists in the cluster|cannot re-use a name that is still in use/;

const isTaken = ({ op = "", text }: Failure): boolean =>
  op.startsWith("create") && taken.test(text);

/** What to do about something that has the place of a resource. Undefined when that is not known by name. */
function inTheWay(resource: StateResource): string | undefined {
  const object = objectOf(resource);
  if (object !== undefined)
    return (
      `${titleOf(object)} is in the cluster and not in this stack's state. If an earlier run made it and its answer was ` +
      "lost, its first manager is pulumi-kubernetes and its creationTimestamp lies in that run:\n" +
      `  ${kubectl("get", object)} -o yaml --show-managed-fields\n` +
      "Then remove it, and npm run up makes it again; or take it into the state where it holds something:\n" +
      `  ${kubectl("delete", object)}\n  ${adoption(resource, object)}`
    );
  if (stringInput(resource, "name") === undefined) return undefined;
  const { name, namespace } = identify(resource);
  return (
    `a release ${namespace}/${name} is in the cluster and not in this stack's state. If an earlier run was cut off while ` +
    "it installed it, remove Helm's record alone, and npm run up takes its objects over:\n" +
    `  helm history ${name} -n ${namespace}\n  kubectl delete ${recordsOf(name, namespace).join(" ")}`
  );
}
