import { isDeepStrictEqual } from "node:util";
import { names, type Flow, type Names, type Pods } from "../../../components/policies/flow.ts";
import { dnsName, type DnsName } from "../../../components/policies/names.ts";
import { groupName } from "../../../components/tailnet/proxy-plan.ts";
import type { SiteConfig } from "../../schema.ts";
import { ledNames } from "./proxies-schema.ts";
import { proxiesOf } from "./traffic.ts";

const proxies = proxiesOf(groupName("egress"));

/**
 * Flows to names by which pods find hosts of the tailnet, as Cilium sees them: they go to the egress proxies, which a rule by
 * name never matches, at ports that the operator chooses. Whoever may use these proxies otherwise may ask for all such names.
 */
export function throughProxies(
  { tailnet }: Pick<SiteConfig, "tailnet">,
  flows: readonly Flow[],
): readonly Flow[] {
  const led = ledNames(tailnet).map(({ hostname }) => dnsName(hostname));
  if (led.length === 0) return flows;
  return flows.flatMap((flow) => {
    if (isToProxies(flow)) return [flow, asks(flow, led)];
    return isByName(flow) ? split(flow, led) : [flow];
  });
}

type FromPods = Extract<Flow, { readonly from: Pods; readonly ports: unknown }>;
type ByName = FromPods & { readonly to: Names };

const isToProxies = (flow: Flow): flow is FromPods =>
  flow.from.kind === "pods" && isDeepStrictEqual(flow.to, proxies);
const isByName = (flow: Flow): flow is ByName => flow.to.kind === "names";

function split(flow: ByName, led: readonly DnsName[]): readonly Flow[] {
  const { from, why } = flow;
  const isLed = ({ matches, text }: DnsName): boolean =>
    matches === "name" && led.some((one) => one.text === text);
  const own = flow.to.names.filter(isLed);
  const rest = flow.to.names.filter((name) => !isLed(name));
  return [
    ...(rest.length === 0 ? [] : [{ ...flow, to: names(...rest) }]),
    ...(own.length === 0
      ? []
      : [{ from, to: proxies, ports: "all", why } as const, asks(flow, own)]),
  ];
}

const asks = ({ from, why }: FromPods, list: readonly DnsName[]): Flow => ({
  ...{ from, why },
  to: { kind: "questions", names: list },
});
