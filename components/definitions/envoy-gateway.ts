import { filesOf, servedBy, type DefinitionSet, type PinnedFiles } from "./definition-set.ts";

/** What did not change from v1.9.0 to v1.9.1. */
const unchanged = {
  "gateway.envoyproxy.io_backends.yaml":
    "bb1901aea758d05458b853b07db04a96a1ea4346b177e392e5ce7398573805be",
  "gateway.envoyproxy.io_backendtrafficpolicies.yaml":
    "cd75a4c222df5487aa9ca8957b48bcc3255eb25de02ed9153faf620bc160f786",
  "gateway.envoyproxy.io_clienttrafficpolicies.yaml":
    "2c7eaa1ce30de626e9c362b8d9002281c2f435f970020fa81902ad7f30b38d5b",
  "gateway.envoyproxy.io_envoypatchpolicies.yaml":
    "8e9110c32b414ea5c43a85e272dc2dee8917ed0bfa36a9a2b72fde1f3fba6083",
  "gateway.envoyproxy.io_envoyproxies.yaml":
    "3e9ea2f348445e3798b02daf02bf024b0d944227cf5ef8a18da7f675a1afd223",
  "gateway.envoyproxy.io_httproutefilters.yaml":
    "ad46193dbec0a28cc97fa93a64bcd1f464858544d884eeac5e4d767526dcfd3d",
} as const;

/** Envoy Gateway's own kinds by its version, as its chart would bring them. */
const releases: Readonly<Record<string, PinnedFiles>> = {
  "v1.9.0": {
    ...unchanged,
    "gateway.envoyproxy.io_envoyextensionpolicies.yaml":
      "92f4dfdd67be4b242511381d6175f517782e655233fdf5b5e28a400ea5601f79",
    "gateway.envoyproxy.io_securitypolicies.yaml":
      "6412914ec5b7c48f58b85f60a80767ba15a50c8d374480cf5f2d872e4a764466",
  },
  "v1.9.1": {
    ...unchanged,
    "gateway.envoyproxy.io_envoyextensionpolicies.yaml":
      "608f40a90cc2384f08f9aeb630d5198b70891946bbc6f6eba593b25544cd3b1b",
    "gateway.envoyproxy.io_securitypolicies.yaml":
      "0eddd4bb2ac007b709433fec37669e79fd57b153fbfe7b42446d45ea384c0a74",
  },
};

/** Versions that are pinned, oldest first. */
export const envoyGatewayVersions: readonly string[] = Object.keys(releases);

/** The kinds of a pinned version; throws for another one. */
export function envoyGateway(version: string): DefinitionSet {
  const pinned = releases[version];
  if (pinned === undefined) throw new Error(`Envoy Gateway ${version} is not pinned`);
  const source = {
    repository: "envoyproxy/gateway",
    tag: version,
    folder: "charts/gateway-helm/charts/crds/crds/generated",
  };
  return {
    name: "envoy-gateway",
    title: `Envoy Gateway ${version}`,
    files: filesOf(source, pinned),
    serves: servedBy(Object.keys(pinned), "v1alpha1"),
  };
}
