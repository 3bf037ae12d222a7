/** The site's servers, as snapshot and restore reach them. */
import { withMachines, type SshOptions } from "../../components/remote/ssh.ts";
import { scriptInput, type Parameters } from "../../components/remote/shell.ts";
import { storePlan } from "../../stacks/parts/cluster/deploy.ts";
import { knownSecrets } from "../../stacks/parts/secrets/doctor.ts";
import type { Site } from "../doctor/site.ts";
import { say, selectStack } from "../site-stack.ts";
import { soundSite } from "../sound-site.ts";
import type { Store } from "./store.ts";

export interface Server {
  readonly name: string;
  /** Runs a script with parameters; what it says on the way is said to the person. Gives what it printed. */
  run(script: string, parameters: Parameters, seconds: number): Promise<string>;
  /** The bare connection. */
  readonly ssh: (script: string, options: SshOptions) => Promise<string>;
}

/** A site, its servers in the config's order, and its store with the key where it has one. */
export interface Reached {
  readonly site: Site;
  readonly servers: readonly [Server, ...Server[]];
  readonly store: Store | undefined;
}

/** Runs `action` with a site's servers within reach. Throws with what is missing. */
export async function withServers<T>(
  name: string,
  action: (reached: Reached) => Promise<T>,
): Promise<T> {
  const site = await soundSite(await selectStack(name), name);
  const { ssh, config } = site;
  if (ssh === undefined)
    throw new Error(
      `the state of ${name} has no key for its machines: npm run up -- --stack ${name} first`,
    );
  return withMachines(ssh, async (run) => {
    const [first, ...further] = config.machines
      .filter(({ role }) => role === "server")
      .map((machine): Server => ({
        name: machine.name,
        run: (script, parameters, seconds) =>
          run(machine.address, scriptInput(script, parameters), { seconds, tell: say }),
        ssh: (script, options) => run(machine.address, script, options),
      }));
    if (first === undefined) throw new Error(`${name} has no server`);
    return action({ site, servers: [first, ...further], store: await storeOf(site) });
  });
}

/** The site's store with its key; undefined where snapshots stay on the machines. */
async function storeOf(site: Site): Promise<Store | undefined> {
  const plan = storePlan(site);
  if (plan === undefined) return undefined;
  const { known, findings } = await knownSecrets(site);
  const path = "homelab:cluster.snapshots.s3";
  const [accessKey, secretKey] = ["accessKey", "secretKey"].map((key) =>
    known.get(`${path}.${key}`),
  );
  if (accessKey === undefined || secretKey === undefined)
    throw new Error(
      findings
        .filter(({ subject, severity }) => severity === "error" && subject.includes(path))
        .map(({ subject, text }) => `${subject}: ${text}`)
        .join("\n"),
    );
  return { ...plan, accessKey, secretKey };
}
