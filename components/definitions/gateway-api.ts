import { filesOf, type DefinitionSet, type PinnedFiles } from "./definition-set.ts";

/**
 * Gateway API's standard channel by version, with the policy that refuses what would break it: the experimental channel
 * over the standard one, and bundles before v1.5.
 * @see https://github.com/kubernetes-sigs/gateway-api/tree/v1.6.1/config/crd/standard
 */
const bundles: Readonly<Record<string, PinnedFiles>> = {
  "v1.6.1": {
    "gateway.networking.k8s.io_backendtlspolicies.yaml":
      "0d48c9e4b53dd9510cf615b9b1192d9d7afb07a1cc0498c9515627cb1c075419",
    "gateway.networking.k8s.io_gatewayclasses.yaml":
      "53710048ba26f8620eed59d5e51b157ecf040daf5c6eef31a4b991e0808c4be5",
    "gateway.networking.k8s.io_gateways.yaml":
      "25b885f5870b8fff1ae82efa2628b2761cef3745900c2aecf8fb76629a01255a",
    "gateway.networking.k8s.io_grpcroutes.yaml":
      "53a8d029da8f07e55d3fa58a5cf6de5950dab19fbb8d6a8082fb5e51ca5ef6fc",
    "gateway.networking.k8s.io_httproutes.yaml":
      "a424a0d6c953b162e71d1d97bb7e75012d8f1ac264e7274f2763d1b96ab39852",
    "gateway.networking.k8s.io_listenersets.yaml":
      "bf4d4b02564999b2558b96e31465129895db9b3a8adfb90adb9c80eac52a3a70",
    "gateway.networking.k8s.io_referencegrants.yaml":
      "8c645e9333cfa67790cc2a53e0c00076f88b2bd4230d2b49688c78bc34f9b2c3",
    "gateway.networking.k8s.io_tcproutes.yaml":
      "d5104d0cf30e924f5e3c9e2e76abd46876401c34ca33b9e79321523eee78c7f6",
    "gateway.networking.k8s.io_tlsroutes.yaml":
      "bb8b67926e5d9652cbfd2e19063b7c1d9e78806c9dd671608f57baef2f2e3bbb",
    "gateway.networking.k8s.io_udproutes.yaml":
      "4b80684c2bf8ef4b0a2a3ab45164ac9f96258fc69912645ff50ced595b0aa6de",
    "gateway.networking.k8s.io_vap_safeupgrades.yaml":
      "afb0ea1b3cc2e9344d93b0926fbe741aeb48ab4439f9f7b4b77b9ac94faf6c2e",
  },
};

/** Versions that are pinned, oldest first. */
export const gatewayApiVersions: readonly string[] = Object.keys(bundles);

/** Kinds of the bundle, and what of them its users ask for. Envoy Gateway 1.9 passes over routes that are not served as v1. */
const serves = {
  "backendtlspolicies.gateway.networking.k8s.io": ["v1"],
  "gatewayclasses.gateway.networking.k8s.io": ["v1"],
  "gateways.gateway.networking.k8s.io": ["v1"],
  "grpcroutes.gateway.networking.k8s.io": ["v1"],
  "httproutes.gateway.networking.k8s.io": ["v1"],
  "listenersets.gateway.networking.k8s.io": ["v1"],
  "referencegrants.gateway.networking.k8s.io": ["v1", "v1beta1"],
  "tcproutes.gateway.networking.k8s.io": ["v1"],
  "tlsroutes.gateway.networking.k8s.io": ["v1"],
  "udproutes.gateway.networking.k8s.io": ["v1"],
} as const;

/** The bundle of a pinned version; throws for another one. */
export function gatewayApi(version: string): DefinitionSet {
  const pinned = bundles[version];
  if (pinned === undefined) throw new Error(`Gateway API ${version} is not pinned`);
  const source = {
    repository: "kubernetes-sigs/gateway-api",
    tag: version,
    folder: "config/crd/standard",
  };
  return {
    name: "gateway-api",
    title: `Gateway API ${version}`,
    files: filesOf(source, pinned),
    serves,
  };
}
