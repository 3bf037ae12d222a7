/** The gateways: their kinds, controller, proxies and listeners, the routes that they have taken, and what ends. */
import { applyCommand } from "../../../components/definitions/definition-set.ts";
import { gatewayApi } from "../../../components/definitions/gateway-api.ts";
import {
  gatewayClass,
  gatewayNamespace,
  proxyName,
  type GatewayName,
  type GatewayPlan,
} from "../../../components/gateway/plan.ts";
import type { Check } from "../../doctor/check.ts";
import { unmet, type Condition } from "../../doctor/conditions.ts";
import type { ClusterCommand, Examined } from "../../doctor/examined.ts";
import { ok, problem, warning, type Finding } from "../../doctor/finding.ts";
import { kubectl, objects } from "../../doctor/kubectl.ts";
import type { SiteConfig } from "../../schema.ts";
import { controlCheck } from "./doctor/control.ts";
import { judgeRoutes, routeKinds, type RouteInForce } from "./doctor/routes.ts";
import { gatewayPlans } from "./plans.ts";

type Gateways = NonNullable<SiteConfig["gateway"]>;

/** A GatewayClass, as far as the doctor looks. */
export interface ClassInForce {
  readonly metadata: { readonly name: string; readonly generation?: number };
  readonly status?: { readonly conditions?: readonly Condition[] };
}

/** A Gateway, as far as the doctor looks. */
export interface GatewayInForce {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly generation?: number;
  };
  readonly spec?: { readonly listeners?: readonly { readonly name: string }[] };
  readonly status?: {
    readonly addresses?: readonly { readonly value?: string }[];
    readonly conditions?: readonly Condition[];
    readonly listeners?: readonly {
      readonly name: string;
      readonly conditions?: readonly Condition[];
    }[];
  };
}

/** A Deployment, as far as the doctor looks. */
export interface ProxiesInForce {
  readonly metadata: { readonly name: string; readonly namespace: string };
  /** What the autoscaler asks for. */
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly readyReplicas?: number };
}

/** None where the part is switched off, or the site has not been brought up. */
export function gatewayChecks(
  { config: { gateway }, isUp }: Pick<Examined, "config" | "isUp">,
  run: ClusterCommand,
): readonly Check[] {
  if (gateway === undefined || !isUp) return [];
  const plans = gatewayPlans(gateway, []);
  return [
    {
      subject: "Gateway API",
      run: async () => [judgeBundle(gateway.gatewayApi, await bundleVersions(gateway, run))],
    },
    {
      subject: `GatewayClass ${gatewayClass}`,
      run: async () => [
        judgeClass(await objects<ClassInForce>(run, "gatewayclasses.gateway.networking.k8s.io")),
      ],
    },
    {
      subject: "gateways",
      run: async () =>
        judgeGateways(
          plans,
          await objects<GatewayInForce>(run, "gateways.gateway.networking.k8s.io"),
        ),
    },
    {
      subject: "proxies of gateways",
      run: async () =>
        judgeProxies(
          plans.map(({ name }) => name),
          await objects<ProxiesInForce>(run, "deployments.apps"),
        ),
    },
    {
      subject: "routes",
      run: async () => judgeRoutes(gateway, await objects<RouteInForce>(run, routeKinds)),
    },
    controlCheck(run),
  ];
}

/** The definitions are long: a template prints the name and the version alone. */
const versionTemplate =
  '{{range .items}}{{.metadata.name}} {{with .metadata.annotations}}{{with index . "gateway.networking.k8s.io/bundle-version"}}{{.}}{{end}}{{end}}\n{{end}}';

/** Version of the bundle that each of the program's definitions is of, undefined for one that is not there. */
async function bundleVersions(
  { gatewayApi: version }: Pick<Gateways, "gatewayApi">,
  run: ClusterCommand,
): Promise<ReadonlyMap<string, string | undefined>> {
  const wanted = Object.keys(gatewayApi(version).serves);
  const definitions = ["get", "customresourcedefinitions.apiextensions.k8s.io", ...wanted];
  const template = `go-template=${versionTemplate}`;
  const lines = await kubectl(run, ...definitions, "--ignore-not-found", "-o", template);
  const found = new Map(
    lines
      .split("\n")
      .filter(Boolean)
      .map((line) => {
        const [name = "", bundle = ""] = line.split(" ");
        return [name, bundle] as const;
      }),
  );
  return new Map(wanted.map((name) => [name, found.get(name)]));
}

/** Every kind is of the bundle that the config names: a chart that brings its own would lower it. */
export function judgeBundle(
  version: string,
  found: ReadonlyMap<string, string | undefined>,
): Finding {
  const subject = "Gateway API";
  const missing = [...found].flatMap(([name, bundle]) => (bundle === undefined ? [name] : []));
  const remedy = (names: readonly string[]): string => applyCommand(gatewayApi(version), names);
  if (missing.length > 0)
    return problem(subject, `${missing.join(", ")} are not there`, remedy(missing));
  const others = [...found].filter(([, bundle]) => bundle !== version);
  if (others.length === 0) return ok(subject, `all ${found.size} kinds are of ${version}`);
  const told = others.map(([name, bundle]) => `${name} is of ${bundle || "no bundle"}`);
  const text = `${told.join(", ")}, and homelab:versions.gatewayApi is ${version}`;
  const names = others.map(([name]) => name);
  return warning(
    subject,
    text,
    `find out what else brings them (docs/definitions.md); ${remedy(names)}`,
  );
}

/** Envoy Gateway has taken up the site's class. */
export function judgeClass(classes: readonly ClassInForce[]): Finding {
  const subject = `GatewayClass ${gatewayClass}`;
  const found = classes.find(({ metadata }) => metadata.name === gatewayClass);
  if (found === undefined) return problem(subject, "is not in the cluster", again);
  const said = unmet(found.status?.conditions, ["Accepted"], found.metadata.generation);
  return said.length === 0 ? ok(subject, "is accepted") : problem(subject, said.join("; "), logs);
}

const again = "npm run up with --refresh makes it";
const logs = `kubectl -n ${gatewayNamespace.name} logs deploy/envoy-gateway; docs/gateway.md`;

/** The site's gateways are there, and of these and all others what their controller says of them and their listeners. */
export function judgeGateways(
  wanted: readonly Pick<GatewayPlan, "name" | "address">[],
  all: readonly GatewayInForce[],
): readonly Finding[] {
  const own = (name: string, { metadata }: GatewayInForce): boolean =>
    metadata.name === name && metadata.namespace === gatewayNamespace.name;
  return [
    ...wanted
      .filter(({ name }) => !all.some((one) => own(name, one)))
      .map(({ name }) =>
        problem(`Gateway ${gatewayNamespace.name}/${name}`, "is not in the cluster", again),
      ),
    ...all.map((one) => judgeGateway(one, wanted.find(({ name }) => own(name, one))?.address)),
  ];
}

function judgeGateway({ metadata, spec, status }: GatewayInForce, address?: string): Finding {
  const { name, namespace, generation } = metadata;
  const listeners = spec?.listeners ?? [];
  const at = (status?.addresses ?? []).flatMap(({ value }) => value ?? []);
  const said = [
    ...unmet(status?.conditions, ["Accepted", "Programmed"], generation),
    ...listeners.flatMap((listener) => {
      const of = status?.listeners?.find((one) => one.name === listener.name);
      return unmet(of?.conditions, ["Accepted", "ResolvedRefs", "Programmed"], generation).map(
        (text) => `listener ${listener.name}: ${text}`,
      );
    }),
    ...(address === undefined || at.includes(address)
      ? []
      : [`is at ${at.join(", ") || "no address"}, and the config says ${address}`]),
  ];
  const subject = `Gateway ${namespace}/${name}`;
  if (said.length > 0) {
    const remedy = `kubectl -n ${namespace} describe gateway ${name}; kubectl -n ${namespace} get services`;
    return problem(subject, said.join("; "), remedy);
  }
  return ok(subject, `is programmed at ${at.join(", ")}, with ${listeners.length} listeners`);
}

/** The controller, each gateway's proxies, and what else runs beside them, have as many pods ready as they want. */
export function judgeProxies(
  gateways: readonly GatewayName[],
  deployments: readonly ProxiesInForce[],
): readonly Finding[] {
  const here = deployments.filter(({ metadata }) => metadata.namespace === gatewayNamespace.name);
  const missing = ["envoy-gateway", ...gateways.map(proxyName)].filter(
    (name) => !here.some(({ metadata }) => metadata.name === name),
  );
  return [
    ...missing.map((name) => problem(`deployment ${name}`, "is not in the cluster", logs)),
    ...here.map(({ metadata: { name }, spec, status }) => {
      const [ready, count] = [status?.readyReplicas ?? 0, spec?.replicas ?? 1];
      const text = `${ready} of ${count} pods are ready`;
      const remedy = `kubectl -n ${gatewayNamespace.name} get pods -o wide; kubectl -n ${gatewayNamespace.name} describe deploy ${name}`;
      if (ready >= count) return ok(`deployment ${name}`, text);
      return (ready === 0 ? problem : warning)(`deployment ${name}`, text, remedy);
    }),
  ];
}
