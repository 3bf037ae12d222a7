import { parse } from "yaml";
import { parameterValues } from "../remote/shell.ts";

/** A step as the state has it: it ran to its end with these parameters. */
export interface DoneStep {
  /** What it does, as in `apply`. */
  readonly title: string;
  /** Name of the machine that it ran on. */
  readonly machine: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** What a cluster was founded with, and lives by. */
export interface Founded {
  readonly vip: string;
  /** Pod and service networks in CIDR form, and the cluster's DNS. */
  readonly pods: string;
  readonly services: string;
  readonly clusterDns: string;
  readonly clusterDomain: string;
}

/** A step from its command's text and its standard input; undefined for a command that is none. */
export function doneStep({
  create,
  stdin,
}: Readonly<Record<string, unknown>>): DoneStep | undefined {
  if (typeof create !== "string" || typeof stdin !== "string") return undefined;
  const [, title, machine] = / # (.+) (\S+)$/.exec(create) ?? [];
  return title === undefined || machine === undefined
    ? undefined
    : { title, machine, parameters: parameterValues(stdin) };
}

/** The role that RKE2 has on a machine of this generation; undefined before it was installed there. */
export function installedRole(
  steps: readonly DoneStep[],
  machine: string,
  generation: string,
): "server" | "agent" | undefined {
  const role = steps.find(
    (step) =>
      (step.title === "apply" || step.title === "join") &&
      step.machine === machine &&
      step.parameters["GENERATION"] === generation,
  )?.parameters["ROLE"];
  return role === "server" || role === "agent" ? role : undefined;
}

/** What the cluster was founded with, from the settings of a server that runs; undefined before there was one. */
export function foundedWith(steps: readonly DoneStep[]): Founded | undefined {
  const server = steps.find(
    ({ title, parameters }) => title === "apply" && parameters["ROLE"] === "server",
  );
  if (server === undefined) return undefined;
  const { VIP = "", CONFIG = "" } = server.parameters;
  const config = parse(CONFIG) as Readonly<Record<string, unknown>>;
  return {
    vip: VIP,
    pods: String(config["cluster-cidr"]),
    services: String(config["service-cidr"]),
    clusterDns: String(config["cluster-dns"]),
    clusterDomain: String(config["cluster-domain"]),
  };
}
