import type { MachineSpec } from "../../components/machine.ts";
import type { SiteFile } from "../open-site.ts";

/** A site as the doctor knows it before it asks anybody. */
export interface Examined extends SiteFile {
  /** Whether there was an `up`: what it makes must be there. */
  readonly isUp: boolean;
  /** Machines of the config that the state has. */
  readonly existing: readonly MachineSpec[];
  /** Ids that the state knows, with and without what stands before their last `/`. */
  readonly ids: ReadonlySet<string>;
  /** Secrets that could be read, by the config path that refers to them; plain. */
  readonly known: ReadonlyMap<string, string>;
}

/** Calls kubectl or helm against the site's cluster; rejects only when the program is not installed. */
export type ClusterCommand = (
  program: "kubectl" | "helm",
  args: readonly string[],
  stdin?: string,
) => Promise<{ readonly ok: boolean; readonly stdout: string; readonly stderr: string }>;

/** Runs a script as root on a machine of the site; gives what it printed, rejects with ssh's last line. */
export type OnMachine = (address: string, script: string) => Promise<string>;
