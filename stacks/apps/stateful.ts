import type { Output } from "@pulumi/pulumi";
import { z } from "zod";
import type { Problem } from "../../components/problem.ts";
import type { Owner } from "../../components/storage/claim.ts";
import type { Exceptions } from "../../components/workload/exceptions.ts";
import {
  settingsName,
  StatefulApplication as Deployed,
} from "../../components/workload/stateful/application.ts";
import type {
  ContainerPlan,
  Mount,
  PodPort,
  Probe,
  StatefulPlan,
} from "../../components/workload/stateful/plan.ts";
import { exceptionAnnotations, podLevel } from "../../components/workload/stateful/pods.ts";
import { ipv4, label } from "../config/forms.ts";
import { toldOf, type Told } from "../logins/told.ts";
import { egress as egressSchema, type Egress } from "../parts/policies/schema.ts";
import type { Application, Kept, Surroundings, Trap } from "./application.ts";
import type { Audience } from "./expose-schema.ts";
import type { SiteView } from "./site-view.ts";
import { exposure, image, running, variables, variablesOnce, type Exposure } from "./schema.ts";

/** A volume of an application. */
export interface VolumeRecipe {
  readonly name: string;
  /** Where its container has it; of another container beside it when left out. */
  readonly folder?: string;
  /** What it is made with unless the site says otherwise. */
  readonly sizeGiB: number;
  /** Whether it is worth a copy elsewhere: not what can be made or had again. */
  readonly backup: boolean;
  /** Whether pods of several nodes use it at once, which takes a class of the kind `file`. */
  readonly shared?: boolean;
}

/** What a recipe's functions know of a site: nothing that is secret, and all that its file says. */
export interface Around<Extra extends z.ZodRawShape> {
  /** Key of the application in the config. */
  readonly name: string;
  readonly config: StatefulConfig & z.infer<z.ZodObject<Extra>>;
  readonly site: SiteView;
}

/** A container beside the application's own. */
export interface SideRecipe extends Omit<ContainerPlan, "settings"> {
  /** Environment by secret reference. */
  readonly secrets?: Readonly<Record<string, string>>;
}

/** What makes an application that keeps data: one file in this folder, and a line in the index. */
export interface StatefulRecipe<Extra extends z.ZodRawShape> {
  /** What it is called as a type, such as `HomeAssistant`; part of its resources' URNs. */
  readonly title: string;
  /** What it is, in a line for people. */
  readonly about: string;
  /** Image without its tag, unless the site names another. */
  readonly image: string;
  /** Port that it listens on; its Service has the same. */
  readonly port: number;
  readonly probe: Probe;
  /** How long it may take to start, in seconds; five minutes when left out. */
  readonly startSeconds?: number;
  /** How long it may take to leave, in seconds; one minute when left out. */
  readonly leaveSeconds?: number;
  /** User and group that it runs as. */
  readonly user: Owner;
  /** What its container does beyond the restricted profile. */
  readonly exceptions?: Exceptions;
  readonly volumes: readonly VolumeRecipe[];
  /** A volume that it shares with others, in whose namespace it is then: one of `homelab:libraries`. */
  readonly library?: {
    readonly name: string;
    readonly folder: string;
    readonly readOnly?: boolean;
  };
  /** Folders that live as long as its pod. */
  readonly scratch?: readonly {
    readonly name: string;
    readonly folder: string;
    readonly limit: string;
  }[];
  readonly cpu: string;
  readonly memory: { readonly request: string; readonly limit: string };
  readonly environment?: (around: Around<Extra>) => Readonly<Record<string, string>>;
  /** Variables of its logins by the kind of store, and what of the login each holds, where a login names none. */
  readonly logins?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** What it may reach by itself; the site's `egress` adds to it. */
  readonly egress?:
    z.input<typeof egressSchema> | ((around: Around<Extra>) => z.input<typeof egressSchema>);
  /** Ports that are reached past the gateways, where the site gives it an address. */
  readonly outside?: readonly PodPort[];
  /** Further keys of its config. */
  readonly extra?: Extra;
  readonly beside?: (around: Around<Extra>) => readonly SideRecipe[];
  /** Files that a volume gets before the first start, where it does not have them: people go on with them. */
  readonly seed?: {
    readonly volume: string;
    /** Folder of the volume, if not its first. */
    readonly folder?: string;
    readonly files: Readonly<Record<string, string>>;
  };
  /** Files of a folder that stay the program's. */
  readonly files?: {
    readonly folder: string;
    readonly content: (around: Around<Extra>) => Readonly<Record<string, string>>;
  };
  /** Why it runs on its node's own network, if it does. */
  readonly onHost?: (around: Around<Extra>) => string | undefined;
  readonly nameservers?: readonly string[];
  /** What is to be known of steps from one version to another: each run that takes one says it. */
  readonly traps?: readonly Trap[];
  /** Whom its names may be for; anybody when left out. */
  readonly audiences?: readonly Audience[];
  readonly checks?: (around: Around<Extra>, path: string) => readonly Problem[];
  readonly notices?: (around: Around<Extra>, path: string) => readonly string[];
}

/** What the config of such an application has, besides keys of its own. */
export interface StatefulConfig extends Exposure {
  readonly image: string;
  readonly version: string;
  readonly pull?: { readonly username: string; readonly password: string } | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, string>>;
  readonly volumes: Readonly<
    Record<string, { readonly sizeGiB: number; readonly class?: string | undefined }>
  >;
  readonly memory: string;
  readonly address?: string | undefined;
}

function volumeSchema({ name, sizeGiB, shared = false, backup }: VolumeRecipe) {
  const kind = shared ? "file" : "block";
  return z
    .strictObject({
      sizeGiB: z.int().min(1).default(sizeGiB).describe("Its size; it may grow, and never shrinks"),
      class: label.optional().meta({
        description: `Class of storage, of the kind \`${kind}\`; the site's default when left out. A volume stays in its class`,
        examples: [shared ? "ceph-filesystem" : "ceph-block"],
      }),
    })
    .prefault({})
    .describe(`The volume ${name}${backup ? "" : "; what is in it can be made or had again"}`);
}

function schemaOf<Extra extends z.ZodRawShape>(recipe: StatefulRecipe<Extra>) {
  const { outside, volumes, extra, about } = recipe;
  const ports = (outside ?? []).map(({ port }) => port).join(", ");
  return z
    .strictObject({
      image: image.default(recipe.image),
      ...running,
      ...exposure,
      ...(outside === undefined
        ? {}
        : {
            address: ipv4.optional().meta({
              description: `Address of \`network.loadBalancers\` at which the LAN reaches it past the gateways, on ${ports}; none without`,
              examples: ["10.96.0.20"],
            }),
          }),
      volumes: z
        .strictObject(
          Object.fromEntries(volumes.map((volume) => [volume.name, volumeSchema(volume)])),
        )
        .prefault({})
        .describe("Its volumes, which stay when it goes"),
      memory: z
        .string()
        .regex(/^\d+(Mi|Gi)$/, "use a size such as 512Mi or 2Gi")
        .default(recipe.memory.limit)
        .describe("The most memory that its container gets"),
      ...variables,
      ...(extra ?? {}),
    })
    .superRefine((config, context) => {
      variablesOnce(config, context);
    })
    .describe(about) as unknown as z.ZodType<StatefulConfig & z.infer<z.ZodObject<Extra>>>;
}

/** Name of a volume's claim: no two of a namespace are alike. */
const claimName = (app: string, volume: string): string => `${app}-${volume}`;

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
    config: schemaOf(recipe),
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
            : { seed: { ...seed, volume: claimName(name, seed.volume) } }),
          ...(files === undefined
            ? {}
            : { files: { folder: files.folder, content: files.content(around) } }),
          after: [ready, ...(data(namespaceOf(name)) ?? []), ...told.after],
        },
        { providers: [kubernetes] },
      );
    },
  };
}

type Roles = Readonly<Record<string, Readonly<Record<string, Output<string>>>>>;

/** Secret environment by container: `settings` is the application's own. */
function settingsOf<Extra extends z.ZodRawShape>(
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

/** What its pod runs. */
function podPlan<Extra extends z.ZodRawShape>(
  recipe: StatefulRecipe<Extra>,
  around: Around<Extra>,
): Omit<StatefulPlan, "seed" | "files" | "mounted"> {
  const { name, config } = around;
  const { image: imageName, version, memory, settings, logins, environment } = config;
  const { port, probe, user, cpu, library, exceptions, scratch = [], outside = [] } = recipe;
  const { startSeconds, leaveSeconds, nameservers } = recipe;
  const onHost = recipe.onHost?.(around);
  const isTold = Object.keys(settings).length > 0 || logins.some(isVariable);
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
        ...recipe.volumes.flatMap(({ name: volume, folder }): readonly Mount[] =>
          folder === undefined ? [] : [{ volume: claimName(name, volume), folder }],
        ),
        ...(library === undefined ? [] : [libraryMount(library)]),
        ...scratch.map(({ name: volume, folder }): Mount => ({ volume, folder })),
      ],
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

/** Whether a login is told by environment: by its own variables, or by those of its kind. */
const isVariable = ({ environment, folder }: Exposure["logins"][number]): boolean =>
  environment === undefined ? folder === undefined : Object.keys(environment).length > 0;
