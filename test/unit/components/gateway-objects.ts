/** Gateways, routes and policies with all that they can be told, for what judges them. */
import { envoyProxySpec } from "../../../components/gateway/envoy-proxy.ts";
import {
  backendTrafficSpec,
  clientTrafficSpec,
  securitySpec,
} from "../../../components/gateway/policies.ts";
import { httpRouteSpec, portRouteSpec, tlsRouteSpec } from "../../../components/gateway/routes.ts";
import { signedOn } from "../../../components/gateway/sign-on.ts";
import { endpointsOf } from "../../../components/edge/open-id.ts";
import { dexBackendTls, dexGrant } from "../../../components/identity/dex-objects.ts";
import { dexEndpoints, dexProvider } from "../../../components/identity/names.ts";
import type { SeenObject } from "./definition-schema.ts";

const gatewayApiVersion = "gateway.networking.k8s.io/v1";
export const envoyVersion = "gateway.envoyproxy.io/v1alpha1";

const backend = { namespace: "photos", service: "photos", port: 80 };
/** Home with everything that a gateway and routes can be told. */
export const everything = {
  "gateway.internal.enabled": true,
  "gateway.redis": "redis.cache.svc.cluster.local:6379",
  "gateway.lan.listeners": [
    { name: "kafka", port: 9093, protocol: "tls", hostname: "*.home.arpa" },
    { name: "mqtt", port: 1883, protocol: "tcp" },
    { name: "syslog", port: 514, protocol: "udp" },
  ],
  "gateway.routes": {
    photos: {
      ...{
        ...backend,
        hostnames: ["photos.home.arpa"],
        path: "/api",
        timeout: "30s",
        body: "10Mi",
      },
      ...{ allow: ["192.168.1.0/24"], rateLimit: { requests: 10, per: "minute", perClient: true } },
    },
    shared: {
      ...{ ...backend, gateway: "public", hostnames: ["photos.example.net"], access: ["family"] },
      rateLimit: { requests: 10, per: "hour", scope: "global" },
    },
    kafka: { ...backend, kind: "tls", listener: "kafka", hostnames: ["kafka.home.arpa"] },
    mqtt: { ...backend, kind: "tcp", listener: "mqtt" },
    syslog: { ...backend, kind: "udp", listener: "syslog" },
  },
};

const route = { kind: "HTTPRoute", name: "photos" } as const;
/** Each kind with all that it can be told. */
export const policiesAndRoutes: readonly SeenObject[] = [
  {
    ...{ apiVersion: envoyVersion, kind: "ClientTrafficPolicy" },
    spec: clientTrafficSpec(
      { kind: "Gateway", name: "lan", listener: "https-home-arpa" },
      {
        ...{ trustedProxies: ["10.42.0.0/16"], clientAuthorities: ["ca"], minimumTls: "1.3" },
        escapedSlashes: "KeepUnchanged",
      },
    ),
  },
  {
    ...{ apiVersion: envoyVersion, kind: "BackendTrafficPolicy" },
    spec: backendTrafficSpec(route, {
      rateLimit: { scope: "global", requests: 5, unit: "Second", perClient: true },
      body: "10Mi",
    }),
  },
  {
    ...{ apiVersion: envoyVersion, kind: "SecurityPolicy" },
    spec: securitySpec(route, {
      oidc: {
        ...{ issuer: "https://id.example.net", clientId: "photos", clientSecret: "oidc" },
        ...{ redirectUrl: "https://photos.home.arpa/oauth2/callback", scopes: ["email"] },
      },
      jwt: [
        {
          ...{ name: "id", issuer: "https://id.example.net", audiences: ["photos"] },
          keys: "https://id.example.net/keys",
        },
      ],
      basicAuth: "users",
      allow: ["192.168.1.0/24"],
      cors: {
        origins: ["https://*.home.arpa"],
        methods: ["GET"],
        headers: ["x"],
        credentials: true,
      },
    }),
  },
  {
    ...{ apiVersion: envoyVersion, kind: "SecurityPolicy" },
    spec: securitySpec(route, {
      allow: ["192.168.1.0/24"],
      ...signedOn("photos", {
        ...{ issuer: "https://id.example.net", clientId: "c1", emails: ["a@example.net"] },
        ...{ provider: { title: "It" }, endpoints: endpointsOf("https://id.example.net") },
      }),
    }),
  },
  {
    ...{ apiVersion: envoyVersion, kind: "SecurityPolicy" },
    spec: securitySpec(
      route,
      signedOn("photos", {
        ...{ issuer: "https://id.home.arpa", clientId: "c1", emails: ["a@example.net"] },
        ...{ provider: dexProvider, endpoints: dexEndpoints("id.home.arpa", "cluster.local") },
      }),
    ),
  },
  dexBackendTls("cluster.local"),
  dexGrant(["photos"]),
  {
    ...{ apiVersion: gatewayApiVersion, kind: "HTTPRoute" },
    spec: httpRouteSpec({
      parents: [{ gateway: "lan", listener: "https-home-arpa" }],
      hostnames: ["photos.home.arpa"],
      rules: [
        {
          matches: [
            {
              ...{ path: { type: "PathPrefix", value: "/" }, method: "GET" },
              ...{ headers: { "x-a": "b" }, query: { q: "1" } },
            },
          ],
          backends: [
            { service: "photos", port: 80, weight: 9 },
            { service: "canary", port: 80 },
          ],
          requestHeaders: { set: { a: "b" }, add: { c: "d" }, remove: ["e"] },
          responseHeaders: { set: { a: "b" } },
          rewrite: { hostname: "photos", prefix: "/v1" },
          timeout: "10s",
        },
        { redirect: { scheme: "https", hostname: "home.arpa", status: 302 } },
      ],
    }),
  },
  {
    ...{ apiVersion: gatewayApiVersion, kind: "TLSRoute" },
    spec: tlsRouteSpec({
      parents: [{ gateway: "lan", listener: "kafka" }],
      hostnames: ["kafka.home.arpa"],
      backends: [{ service: "kafka", port: 9093 }],
    }),
  },
  ...["TCPRoute", "UDPRoute"].map((kind) => ({
    ...{ apiVersion: gatewayApiVersion, kind },
    spec: portRouteSpec({
      parents: [{ gateway: "lan", listener: "mqtt" }],
      backends: [{ service: "mqtt", port: 1883 }],
    }),
  })),
  ...(["lan", "internal", "public"] as const).map((gateway) => ({
    ...{ apiVersion: envoyVersion, kind: "EnvoyProxy" },
    spec: envoyProxySpec({ gateway, scale: { min: 1, max: 3 }, bgp: false }),
  })),
];
