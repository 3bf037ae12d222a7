/** What the doctor knows of a site before it asks anybody: config, state and outputs. */
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import type { Certificates } from "../../components/rke2/renewal.ts";
import { parseSiteConfig } from "../../stacks/site-file.ts";
import type { SiteConfig } from "../../stacks/schema.ts";
import { knownIds, readState, stackOutputs, type StackState } from "../state.ts";
import type { Examined } from "../../stacks/doctor/examined.ts";
import type { StackConfig } from "../../stacks/parts/secrets/doctor.ts";
import { problem, type Finding } from "../../stacks/doctor/finding.ts";

/** A site whose config is sound. */
export interface Site extends Omit<Examined, "known">, StackConfig {
  /** Operations of a run that was cut off. */
  readonly pending: number;
  /** Resources that the state has. */
  readonly resources: number;
  /** Outputs of the last `up`, where they exist; secret ones in plain. */
  readonly kubeconfig?: string;
  readonly certificates?: Certificates;
  readonly ssh?: { readonly privateKey: string; readonly knownHosts: string };
}

function existingMachines(
  { machines }: SiteConfig,
  { resources }: StackState,
): SiteConfig["machines"] {
  const vms = new Set(
    resources
      .filter(({ type }) => /^proxmoxve:.*:Vm(Legacy)?$/.test(type))
      .map(({ inputs }) => inputs?.["name"]),
  );
  return machines.filter(({ name }) => vms.has(name));
}

/** Reads the stack; the config's problems as findings when it has any. */
export async function readSite(
  stack: Pick<Stack, "getAllConfig" | "exportStack">,
  name: string,
): Promise<Site | readonly Finding[]> {
  const values = await stack.getAllConfig();
  const raw = Object.fromEntries(Object.entries(values).map(([key, { value }]) => [key, value]));
  const { config, problems } = parseSiteConfig(raw, name);
  if (config === undefined) {
    return problems.map(({ path, text }) => problem(path, text, `correct Pulumi.${name}.yaml`));
  }
  const state = await readState(stack);
  const outputs = stackOutputs(state);
  const output = (key: string): string | undefined => {
    const value = outputs[key];
    return typeof value === "string" ? value : undefined;
  };
  const kubeconfig = output("kubeconfig");
  const certificates = outputs["certificates"] as Certificates | undefined;
  const privateKey = output("sshPrivateKey");
  const knownHosts = output("knownHosts");
  const site: Site = {
    name,
    config,
    values,
    resources: state.resources.length,
    pending: state.pending.length,
    existing: existingMachines(config, state),
    ids: knownIds(state),
    isUp: state.resources.length > 1,
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(certificates === undefined ? {} : { certificates }),
  };
  return privateKey === undefined || knownHosts === undefined
    ? site
    : { ...site, ssh: { privateKey, knownHosts } };
}
