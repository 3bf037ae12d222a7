import { all, output, type Input } from "@pulumi/pulumi";
import type { ReachedMachine } from "../machine.ts";
import { withMachines, type SshRun } from "./ssh.ts";

/** How one gets in. */
export type Reached = Pick<ReachedMachine, "name" | "address" | "privateKey" | "hostKey">;

/** What an input is once it is known; only for hooks, which run when it is. */
export function valueOf<T>(input: Input<T>): Promise<T> {
  return new Promise((resolve) => {
    output(input).apply((value) => {
      resolve(value as T);
    });
  });
}

/** Runs scripts on machines from within a hook, by the system's `ssh`. */
export function hookRun(machines: readonly Reached[]): SshRun {
  return async (address, script, options) => {
    const machine = machines.find((one) => one.address === address);
    if (machine === undefined) throw new Error(`${address} is no machine of the site`);
    const [privateKey, hostKey] = await valueOf(
      all([output(machine.privateKey), output(machine.hostKey)]),
    );
    return withMachines({ privateKey, knownHosts: `${address} ${hostKey}\n` }, (run) =>
      run(address, script, options),
    );
  };
}
