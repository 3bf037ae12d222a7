import type { z } from "zod";
import { StatefulApplication as Deployed } from "../../components/workload/stateful/application.ts";
import { exceptionAnnotations, podLevel } from "../../components/workload/stateful/pods.ts";
import { toldOf } from "../logins/told.ts";
import { egress as egressSchema, type Egress } from "../parts/policies/schema.ts";
import { afterDevices, type Application, type Kept } from "./application.ts";
import { claimName, podPlan, settingsOf, withVariables } from "./stateful/pods.ts";
import type { Around, StatefulConfig, StatefulRecipe } from "./stateful/recipe.ts";
import { statefulSchema } from "./stateful/schema.ts";

export type { StatefulRecipe } from "./stateful/recipe.ts";

/** An application of one pod that keeps data on volumes, which outlive it. */
export function statefulApplication<Extra extends z.ZodRawShape = Record<never, never>>(
  recipe: StatefulRecipe<Extra>,
): Application<z.ZodType<StatefulConfig & z.infer<z.ZodObject<Extra>>>> {
  const { title, port, audiences, outside = [], library } = recipe;
  const namespaceOf = (name: string): string => library?.name ?? name;
  const ownEgress = (around: Around<Extra>): Egress => {
    const { egress = [] } = recipe;
    return egressSchema.parse(typeof egress === "function" ? egress(around) : egress);
  };
  return {
    config: statefulSchema(recipe),
    port,
    ...(audiences === undefined ? {} : { audiences }),
    ...(library === undefined ? {} : { library: library.name }),
    kept: (name, config, site): Kept => {
      const plan = podPlan(recipe, { name, config, site });
      return {
        level: podLevel(plan),
        exceptions: exceptionAnnotations(plan),
        onHost: plan.onHost !== undefined,
        ...{ version: config.version, traps: recipe.traps ?? [] },
        volumes: recipe.volumes.map(({ name: volume, backup, shared = false }) => ({
          ...{ volume, claim: claimName(name, volume), backup, shared, owner: recipe.user },
          sizeGiB: config.volumes[volume]?.sizeGiB ?? 0,
          class: config.volumes[volume]?.class,
        })),
        egress: ownEgress({ name, config, site }),
        balancer:
          config.address === undefined ? undefined : { address: config.address, ports: outside },
      };
    },
    holds: (_, { devices }) => ({ pods: 1, devices }),
    checks: (name, config, site) =>
      recipe.checks?.({ name, config, site }, `homelab:apps.${name}`) ?? [],
    notices: (name, config, site) =>
      recipe.notices?.({ name, config, site }, `homelab:apps.${name}`) ?? [],
    deploy(name, config, surroundings) {
      const { site, secrets, clusterDomain, ready, kubernetes, data } = surroundings;
      const around = { name, config, site: site.config };
      const told = toldOf(withVariables(recipe, config), surroundings.logins);
      const { pull, image: imageName } = config;
      const { seed, files } = recipe;
      return new Deployed(
        name,
        {
          ...{ title, port, clusterDomain },
          plan: podPlan(recipe, around),
          ...(config.address === undefined
            ? {}
            : { balancer: { address: config.address, ports: outside } }),
          pull: pull && { ...pull, image: imageName, password: secrets.get(pull.password) },
          settings: settingsOf(recipe, around, told, surroundings),
          mounted: told.mounted.map((one) => ({ ...one, name: `${name}-${one.name}` })),
          ...(seed === undefined
            ? {}
            : {
                seed: {
                  ...{ ...seed, volume: claimName(name, seed.volume) },
                  files: seed.files(around),
                },
              }),
          ...(files === undefined
            ? {}
            : { files: { folder: files.folder, content: files.content(around) } }),
          after: [
            ready,
            ...(data(namespaceOf(name)) ?? []),
            ...told.after,
            ...afterDevices(config, surroundings),
          ],
        },
        { providers: [kubernetes] },
      );
    },
  };
}
