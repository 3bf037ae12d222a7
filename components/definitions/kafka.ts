import { filesOf, type DefinitionSet, type PinnedFiles } from "./definition-set.ts";

/**
 * Strimzi's kinds by its release, which is its chart's too: those in the chart's folder `crds/`, which Helm never upgrades.
 */
const kinds: Readonly<Record<string, PinnedFiles>> = {
  "1.2.0": {
    "040-Crd-kafka.yaml": "c03fc9679a6edb13f3826cd3b5505183a21bb436ada484c7ed93f55f6a010aa8",
    "041-Crd-kafkaconnect.yaml": "4da4a4b2d58bc07edcd0d92b5f459faf15b0de98e98765a4883fdcda8e202859",
    "042-Crd-strimzipodset.yaml":
      "10c7a92e5262de11a46dc8ac69d2581ed5410f6cb60109ef037fe702b20d4cae",
    "043-Crd-kafkatopic.yaml": "4f2849dc0c8ddde306074648df5fb631fd43d042c4827f4391e97861596899a3",
    "044-Crd-kafkauser.yaml": "e4b6aa159bbeac133b254903b12759cd5fa64ff391c8c5f92a4b189a8154b0f0",
    "045-Crd-kafkanodepool.yaml":
      "f900373d08f199ef5bfa8eb22d6396326aac6a65403b115481655310d6b48696",
    "046-Crd-kafkabridge.yaml": "c0d4e308e69a3803fd089c37045c23f629c951411631d090392595e66d948be6",
    "047-Crd-kafkaconnector.yaml":
      "1bac2691433f55f3c5aaf1306ff1a31eb4a9c4257f3ffc56a0b32bcb168075eb",
    "048-Crd-kafkamirrormaker2.yaml":
      "76b0358edcb7fa3e04189cec72690b1d849a362ac2bfc24ccb2b09fd9a235521",
    "049-Crd-kafkarebalance.yaml":
      "ae3fc33d7431b1d333916fe54ad0564afced0967a50134f977f138f7eff160b3",
  },
};

const plurals = [
  ...["kafkas", "kafkaconnects", "kafkatopics", "kafkausers", "kafkanodepools", "kafkabridges"],
  ...["kafkaconnectors", "kafkamirrormaker2s", "kafkarebalances"],
];

/** Versions of the strimzi-kafka-operator chart whose kinds are pinned, oldest first. */
export const strimziVersions: readonly string[] = Object.keys(kinds);

/** The kinds of a pinned version of Strimzi; throws for another one. The operator needs all, whoever uses them. */
export function strimzi(chart: string): DefinitionSet {
  const files = kinds[chart];
  if (files === undefined)
    throw new Error(`the strimzi-kafka-operator chart ${chart} is not pinned`);
  const source = {
    ...{ repository: "strimzi/strimzi-kafka-operator", tag: chart },
    folder: "packaging/helm-charts/helm3/strimzi-kafka-operator/crds",
  };
  return {
    name: "strimzi",
    title: `Strimzi ${chart}`,
    files: filesOf(source, files),
    serves: {
      ...Object.fromEntries(plurals.map((plural) => [`${plural}.kafka.strimzi.io`, ["v1"]])),
      "strimzipodsets.core.strimzi.io": ["v1"],
    },
  };
}
