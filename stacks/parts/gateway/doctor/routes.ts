/** Routes: those of the config are there, and every gateway that one names has taken it with all that it refers to. */
import { unmet, type Condition } from "../../../doctor/conditions.ts";
import { ok, problem, type Finding } from "../../../doctor/finding.ts";
import type { SiteConfig } from "../../../schema.ts";

/** A gateway, or one of its listeners, that a route attaches to. */
interface ParentRef {
  /** Group and kind; a Gateway when left out. */
  readonly group?: string;
  readonly kind?: string;
  /** The route's own when left out. */
  readonly namespace?: string;
  readonly name: string;
  readonly sectionName?: string;
  readonly port?: number;
}

/** A route of any kind, as far as the doctor looks. */
export interface RouteInForce {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly generation?: number;
  };
  readonly spec?: { readonly parentRefs?: readonly ParentRef[] };
  readonly status?: {
    readonly parents?: readonly {
      readonly parentRef: ParentRef;
      readonly conditions?: readonly Condition[];
    }[];
  };
}

/** All kinds of routes, for one call of kubectl. */
export const routeKinds = ["httproutes", "grpcroutes", "tlsroutes", "tcproutes", "udproutes"]
  .map((kind) => `${kind}.gateway.networking.k8s.io`)
  .join(",");

/** The routes of the config, and of these and all others what their gateways say. */
export function judgeRoutes(
  { routes }: Pick<NonNullable<SiteConfig["gateway"]>, "routes">,
  all: readonly RouteInForce[],
): readonly Finding[] {
  const missing = Object.entries(routes).flatMap(([name, { kind, namespace }]) => {
    const there = all.some(
      (one) =>
        one.kind === `${kind.toUpperCase()}Route` &&
        one.metadata.name === name &&
        one.metadata.namespace === namespace,
    );
    if (there) return [];
    const subject = `${kind.toUpperCase()}Route ${namespace}/${name}`;
    return [problem(subject, "is not in the cluster", "npm run up with --refresh makes it")];
  });
  return [...missing, ...all.map(judgeRoute)];
}

function judgeRoute({ kind, metadata, spec, status }: RouteInForce): Finding {
  const { name, namespace, generation } = metadata;
  const parents = spec?.parentRefs ?? [];
  const said = parents.flatMap((parent) => {
    const by = status?.parents?.find(({ parentRef }) => same(parentRef, parent, namespace));
    return unmet(by?.conditions, ["Accepted", "ResolvedRefs"], generation).map(
      (text) => `at ${titleOf(parent, namespace)}: ${text}`,
    );
  });
  const subject = `${kind} ${namespace}/${name}`;
  if (parents.length === 0) return problem(subject, "names no gateway", "give it a parentRef");
  if (said.length === 0) return ok(subject, "is taken, with all that it refers to");
  const remedy = `kubectl -n ${namespace} describe ${kind.toLowerCase()} ${name}; docs/gateway.md`;
  return problem(subject, said.join("; "), remedy);
}

/** Whether two references name the same; what is left out is the default, as the API server does not write every one. */
function same(one: ParentRef, other: ParentRef, namespace: string): boolean {
  const key = (ref: ParentRef): string =>
    JSON.stringify([titleOf(ref, namespace), ref.group ?? "gateway.networking.k8s.io", ref.port]);
  return key(one) === key(other);
}

function titleOf(ref: ParentRef, routes: string): string {
  const { kind = "Gateway", namespace = routes, name, sectionName } = ref;
  return `${kind} ${namespace}/${name}${sectionName === undefined ? "" : `, listener ${sectionName}`}`;
}
