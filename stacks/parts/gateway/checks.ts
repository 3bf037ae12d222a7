import { addressNumber, contains } from "../../../components/network/cidr.ts";
import { isWithheld, poolRange, poolText } from "../../../components/network/pool.ts";
import {
  listenerConflict,
  listenersOf,
  type Listener,
} from "../../../components/gateway/listeners.ts";
import type { GatewayPlan } from "../../../components/gateway/plan.ts";
import type { Problem } from "../../../components/problem.ts";
import type { SiteConfig } from "../../schema.ts";
import { gatewayPlans, inPod, judged } from "./plans.ts";
import { checkRoutes } from "./route-checks.ts";

type Gateway = NonNullable<SiteConfig["gateway"]>;

const section = "homelab:gateway";

/** Gateways have addresses and ports that are free, and routes lead to listeners that take them. */
export function checkGateway(config: SiteConfig): readonly Problem[] {
  const { gateway, certificates } = config;
  if (gateway === undefined) return [];
  const plans = gatewayPlans(gateway, judged(gateway, certificates));
  return [
    ...address(config, gateway),
    ...internal(config, gateway),
    ...proxies(gateway),
    ...plans.flatMap(listeners),
    ...checkRoutes(gateway, plans, moved(config), config.identity?.routes),
  ];
}

/**
 * Gateways to which clients come with another address than theirs. A proxy of Tailscale's operator only rewrites the
 * destination (cmd/containerboot/forwarding.go), and tailscaled gives what it forwards the pod's address. A load balancer
 * announced by ARP is on one node, which gives what it hands to another node's proxy its own address.
 * @see https://docs.cilium.io/en/stable/network/kubernetes/kubeproxy-free/#client-source-ip-preservation
 */
function moved({ network, machines }: SiteConfig) {
  const internal =
    "they come with the address of Tailscale's proxy; let homelab:tailnet.policy.grants say who reaches the gateway's device, and remove this";
  const lan =
    "without homelab:network.bgp they come with the address of the node that announces the gateway; add it, or remove this";
  return network.bgp === undefined && machines.length > 1 ? { internal, lan } : { internal };
}

function address({ network }: SiteConfig, { lan }: Gateway): readonly Problem[] {
  const range = poolRange(network.loadBalancers);
  const number = addressNumber(lan.address);
  const path = `${section}.lan.address`;
  if (isWithheld(network.loadBalancers, lan.address)) {
    const text = `${lan.address} is the first or the last of ${poolText(network.loadBalancers)}, which no service gets; use one between`;
    return [{ path, text }];
  }
  if (number >= range.first && number <= range.last) return [];
  return [
    {
      path,
      text: `${lan.address} is not in ${poolText(network.loadBalancers)} of homelab:network.loadBalancers, whose addresses alone are announced; use one of these`,
    },
  ];
}

/** Tailscale takes the addresses of its devices from here: https://tailscale.com/kb/1015/100.x-addresses */
const tailnetAddresses = "100.64.0.0/10";

function internal(
  { tailnet }: SiteConfig,
  { internal: { enabled, address: device, listeners: more } }: Gateway,
): readonly Problem[] {
  const path = `${section}.internal`;
  if (enabled && tailnet === undefined)
    return [
      {
        path: `${path}.enabled`,
        text: "there is no tailnet that could reach it; add homelab:tailnet, or switch it off",
      },
    ];
  const off = "there is no such gateway; set enabled: true beside it, or remove";
  if (!enabled)
    return [
      ...(more.length > 0 ? [{ path: `${path}.listeners`, text: `${off} them` }] : []),
      ...(device === undefined ? [] : [{ path: `${path}.address`, text: `${off} it` }]),
    ];
  if (device === undefined || contains(tailnetAddresses, device)) return [];
  const text = `${device} is no address of a tailnet, which are of ${tailnetAddresses}; use what the admin console shows of the gateway's device`;
  return [{ path: `${path}.address`, text }];
}

function proxies({ proxies: { min, max } }: Gateway): readonly Problem[] {
  if (max >= min) return [];
  const text = `${max} is less than the ${min} of min; use ${min} or more`;
  return [{ path: `${section}.proxies.max`, text }];
}

/** Ports that proxies have inside their pods: administration, metrics, shutdown and readiness. */
const ownPorts = [19_000, 19_001, 19_002, 19_003];

function listeners(plan: GatewayPlan): readonly Problem[] {
  const all = listenersOf(plan);
  const first = all.length - plan.listeners.length;
  return plan.listeners.flatMap(({ protocol, hostname }, i) => {
    const path = `${section}.${plan.name}.listeners[${i}]`;
    const listener = all[first + i];
    if (listener === undefined) return [];
    const conflict = listenerConflict(listener, all.slice(0, first + i));
    if (conflict !== undefined) return [{ path, text: conflict }];
    if (protocol !== "tls" && hostname !== undefined)
      return [
        {
          path: `${path}.hostname`,
          text: `${protocol} has no names that could be told apart; remove it, or use protocol: tls`,
        },
      ];
    return portInPod(path, listener, all.slice(0, first + i));
  });
}

function portInPod(
  path: string,
  { port, protocol }: Listener,
  before: readonly Listener[],
): readonly Problem[] {
  const transport = (one: Listener["protocol"]): boolean => one === "UDP";
  const other = before.find(
    (one) =>
      one.port !== port &&
      inPod(one.port) === inPod(port) &&
      transport(one.protocol) === transport(protocol),
  );
  if (other !== undefined)
    return [
      {
        path: `${path}.port`,
        text: `${port} is where the proxies take ${other.port} of ${other.name} inside their pods; use another port`,
      },
    ];
  return protocol !== "UDP" && ownPorts.includes(port)
    ? [{ path: `${path}.port`, text: `${port} is the proxies' own; use another port` }]
    : [];
}
