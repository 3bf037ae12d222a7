import { filesOf, servedBy, type DefinitionSet, type PinnedFiles } from "./definition-set.ts";

/** The kinds of Tailscale's operator by the version of its chart, as the chart would bring them. */
const releases: Readonly<Record<string, PinnedFiles>> = {
  "1.102.3": {
    "tailscale.com_connectors.yaml":
      "56197a14a8c333ba19f8551860f029bf6d5cb463917901e6ecae28b953e43a80",
    "tailscale.com_dnsconfigs.yaml":
      "75ddb58007a5ac2e4fc102726f910bea441400df72362a9d2e1709b3c39ffe0d",
    "tailscale.com_peerrelays.yaml":
      "0b5265053df8e3707750da8d9f8478dacfa229df022cb8a23ba9aa07af4dbca9",
    "tailscale.com_proxyclasses.yaml":
      "7302d06faf991209fbbebd0a0ced459c73f4161e0f064e053e2ac9c50dbef99b",
    "tailscale.com_proxygrouppolicies.yaml":
      "eeabda18212d0a0f524696bc000cb16e0cc642c4c918b19a1069ac220cebe4fe",
    "tailscale.com_proxygroups.yaml":
      "8681bef2d7db2c08c1d275920b0c17fd1781b6b39873d62e935793d1f1b1de50",
    "tailscale.com_recorders.yaml":
      "dc8508c33cd70aae6f05d192bf2e002ded03c7420a2a514ae30d4f2415869189",
    "tailscale.com_tailnets.yaml":
      "02b1e9300e5e4832ff3e6d4cb05e7c34a7b99f5f38b88c788fe34bdd496d5ae7",
  },
};

/** Versions of the chart whose kinds are pinned, oldest first. */
export const tailscaleOperatorVersions: readonly string[] = Object.keys(releases);

/** The kinds of a pinned version of the operator's chart; throws for another one. */
export function tailscaleOperator(chart: string): DefinitionSet {
  const pinned = releases[chart];
  if (pinned === undefined) throw new Error(`the tailscale-operator chart ${chart} is not pinned`);
  const source = {
    repository: "tailscale/tailscale",
    tag: `v${chart}`,
    folder: "cmd/k8s-operator/deploy/crds",
  };
  return {
    name: "tailscale",
    title: `Tailscale's operator ${chart}`,
    files: filesOf(source, pinned),
    serves: servedBy(Object.keys(pinned), "v1alpha1"),
  };
}
