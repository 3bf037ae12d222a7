import {
  httpListener,
  httpsListener,
  type GatewayPlan,
  type ListenerPlan,
  type WildcardCertificate,
} from "./plan.ts";

/** A listener as Gateway API writes it. */
export interface Listener {
  readonly name: string;
  readonly port: number;
  readonly protocol: "HTTP" | "HTTPS" | "TLS" | "TCP" | "UDP";
  readonly hostname?: string;
  readonly tls?: {
    readonly mode: "Terminate" | "Passthrough";
    readonly certificateRefs?: readonly {
      readonly kind: "Secret";
      readonly group: "";
      readonly name: string;
      readonly namespace: string;
    }[];
  };
  readonly allowedRoutes: {
    readonly namespaces: { readonly from: "All" };
    readonly kinds: readonly { readonly group: string; readonly kind: string }[];
  };
}

/** Group of Gateway API's kinds. */
export const gatewayGroup = "gateway.networking.k8s.io";

/** Routes of every namespace may attach: what a site runs is one household's. */
function routes(kind: string): Listener["allowedRoutes"] {
  return { namespaces: { from: "All" }, kinds: [{ group: gatewayGroup, kind }] };
}

/** Listeners of a gateway: HTTP, HTTPS for each certificate, and those of the config. */
export function listenersOf({ certificates, listeners }: GatewayPlan): readonly Listener[] {
  return [
    { name: httpListener, port: 80, protocol: "HTTP", allowedRoutes: routes("HTTPRoute") },
    ...certificates.map(https),
    ...listeners.map(other),
  ];
}

function https({ domain, secret }: WildcardCertificate): Listener {
  return {
    name: httpsListener(domain),
    port: 443,
    protocol: "HTTPS",
    hostname: `*.${domain}`,
    tls: { mode: "Terminate", certificateRefs: [{ kind: "Secret", group: "", ...secret }] },
    allowedRoutes: routes("HTTPRoute"),
  };
}

function other({ name, port, protocol, hostname }: ListenerPlan): Listener {
  switch (protocol) {
    case "tls":
      return {
        ...{ name, port, protocol: "TLS", tls: { mode: "Passthrough" } },
        ...(hostname === undefined ? {} : { hostname }),
        allowedRoutes: routes("TLSRoute"),
      };
    case "tcp":
      return { name, port, protocol: "TCP", allowedRoutes: routes("TCPRoute") };
    case "udp":
      return { name, port, protocol: "UDP", allowedRoutes: routes("UDPRoute") };
  }
}

/** Protocols that may share a port, told apart by the name that a client asks for. */
const sharing: Readonly<Record<Listener["protocol"], string>> = {
  HTTP: "HTTP",
  HTTPS: "HTTPS and TLS",
  TLS: "HTTPS and TLS",
  TCP: "TCP",
  UDP: "UDP",
};

/**
 * Why a listener cannot stand beside those before it; undefined when it can. Listeners of one port need protocols that fit
 * together and differ in their hostnames; UDP has ports of its own.
 * @see https://gateway-api.sigs.k8s.io/reference/spec/#gatewayspec "Distinct Listeners"
 */
export function listenerConflict(
  listener: Listener,
  before: readonly Listener[],
): string | undefined {
  const named = before.find(({ name }) => name === listener.name);
  if (named !== undefined)
    return `${listener.name} is another listener's name; choose one of its own`;
  const onPort = before.filter(
    ({ port, protocol }) =>
      port === listener.port && (protocol === "UDP") === (listener.protocol === "UDP"),
  );
  const foreign = onPort.find(({ protocol }) => sharing[protocol] !== sharing[listener.protocol]);
  if (foreign !== undefined)
    return `port ${listener.port} is ${foreign.name}'s, which speaks ${foreign.protocol}; ${listener.protocol} needs a port of its own`;
  const same = onPort.find(({ hostname }) => hostname === listener.hostname);
  if (same === undefined) return undefined;
  const names = listener.hostname ?? "all names";
  return `port ${listener.port} is ${same.name}'s for ${names}; use another port${listener.protocol === "TLS" ? " or hostname" : ""}`;
}
