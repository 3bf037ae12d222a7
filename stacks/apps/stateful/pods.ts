/** What the pod of a recipe runs, and what it is told. */
import type { Output } from "@pulumi/pulumi";
import type { z } from "zod";
import { settingsName } from "../../../components/workload/stateful/application.ts";
import type { Mount, StatefulPlan } from "../../../components/workload/stateful/plan.ts";
import { variablesOf } from "../../logins/schema.ts";
import type { Told } from "../../logins/told.ts";
import type { Surroundings } from "../application.ts";
import type { Exposure } from "../schema.ts";
import type { Around, StatefulRecipe } from "./recipe.ts";

/** Name of a volume's claim: no two of a namespace are alike. */
export const claimName = (app: string, volume: string): string => `${app}-${volume}`;

/** What its pod runs. */
export function podPlan<Extra extends z.ZodRawShape>(
  recipe: StatefulRecipe<Extra>,
  around: Around<Extra>,
): Omit<StatefulPlan, "seed" | "files" | "mounted"> {
  const { name, config } = around;
  const { image: imageName, version, memory, settings, environment, devices } = config;
  const { port, probe, user, cpu, library, exceptions, scratch = [], outside = [] } = recipe;
  const { startSeconds, leaveSeconds, nameservers, tmp, prepare } = recipe;
  const onHost = recipe.onHost?.(around);
  const told = withVariables(recipe, config).map((login) => variablesOf(login));
  const isTold = [settings, ...told].some((variables) => Object.keys(variables).length > 0);
  return {
    ...{ app: name, namespace: library?.name ?? name, user },
    container: {
      image: `${imageName}:${version}`,
      environment: { ...recipe.environment?.(around), ...environment },
      settings: isTold ? [settingsName(name, "settings")] : [],
      ports: [{ name: "http", port }, ...outside.filter((one) => one.port !== port)],
      ...{ probe, cpu },
      ...(startSeconds === undefined ? {} : { startSeconds }),
      memory: { request: recipe.memory.request, limit: memory },
      mounts: [
        ...recipe.volumes.map(({ name: volume, folder }): Mount => ({
          volume: claimName(name, volume),
          folder,
        })),
        ...(library === undefined ? [] : [libraryMount(library)]),
        ...scratch.map(({ name: volume, folder }): Mount => ({ volume, folder })),
      ],
      ...(devices.length === 0 ? {} : { devices }),
      ...(exceptions === undefined ? {} : { exceptions }),
    },
    beside: (recipe.beside?.(around) ?? []).map(({ secrets = {}, ...one }) => ({
      ...one,
      settings: Object.keys(secrets).length === 0 ? [] : [settingsName(name, one.name)],
    })),
    claims: [
      ...recipe.volumes.map(({ name: volume }) => claimName(name, volume)),
      ...(library === undefined ? [] : [library.name]),
    ],
    scratch: scratch.map(({ name: volume, limit }) => ({ name: volume, limit })),
    ...(tmp === undefined ? {} : { tmp }),
    ...(prepare === undefined
      ? {}
      : {
          prepare: {
            ...{ volume: claimName(name, prepare.volume), script: prepare.script },
            args: prepare.args(around),
          },
        }),
    ...(onHost === undefined ? {} : { onHost }),
    ...(nameservers === undefined ? {} : { nameservers }),
    ...(leaveSeconds === undefined ? {} : { leaveSeconds }),
  };
}

function libraryMount({
  name: volume,
  folder,
  readOnly,
}: NonNullable<StatefulRecipe<z.ZodRawShape>["library"]>): Mount {
  return { volume, folder, ...(readOnly === undefined ? {} : { readOnly }) };
}

type Roles = Readonly<Record<string, Readonly<Record<string, Output<string>>>>>;

/** Secret environment by container: `settings` is the application's own. */
export function settingsOf<Extra extends z.ZodRawShape>(
  recipe: StatefulRecipe<Extra>,
  around: Around<Extra>,
  { settings: told }: Told,
  { secrets }: Pick<Surroundings, "secrets">,
): Roles {
  const values = (refs: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(refs).map(([name, ref]) => [name, secrets.get(ref)]));
  const all: Roles = {
    settings: { ...values(around.config.settings), ...told },
    ...Object.fromEntries(
      (recipe.beside?.(around) ?? []).map(({ name, secrets: refs = {} }) => [name, values(refs)]),
    ),
  };
  return Object.fromEntries(
    Object.entries(all).filter(([, entries]) => Object.keys(entries).length > 0),
  );
}

/** Logins with the variables that the application looks for, where nobody says otherwise. */
export function withVariables<Extra extends z.ZodRawShape>(
  { logins: known = {} }: Pick<StatefulRecipe<Extra>, "logins">,
  { logins }: Pick<Exposure, "logins">,
): Exposure["logins"] {
  return logins.map((login) => {
    const environment = known[login.to.split("/")[0] ?? ""];
    if (environment === undefined || login.environment !== undefined || login.folder !== undefined)
      return login;
    return { ...login, environment };
  });
}
