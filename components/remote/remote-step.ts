import { Command } from "@pulumi/command/remote/command.js";
import {
  ComponentResource,
  log,
  output,
  ResourceHook,
  secret,
  unsecret,
  type ComponentResourceOptions,
  type Input,
  type Output,
  type Resource,
} from "@pulumi/pulumi";
import type { ReachedMachine } from "../machine.ts";
import { scriptInput, type Parameters } from "./shell.ts";
import { waitForSsh } from "./ssh-wait.ts";

export interface RemoteStepArgs {
  readonly machine: ReachedMachine;
  /** What the step does, one word: shown to people, and part of the command. */
  readonly title: string;
  /** Text of the script; see shell.ts for its form. */
  readonly script: string;
  /** Parameters by variable name; they travel on standard input and are treated as secret. */
  readonly parameters: Readonly<Record<string, Input<string>>>;
  /** The script's own limits must end it before this, in seconds. */
  readonly limitSeconds: number;
  /** What must be done before; recorded on the command itself, so that it also orders a destroy. */
  readonly after: readonly Resource[];
  /**
   * Whether the script is told, by AGAIN=yes in its environment, when the step has run to its end before: on this machine or
   * on one that was there before it under this name.
   */
  readonly tellsAgain?: boolean;
  /** Whether what the script prints is secret. */
  readonly secretOutput?: boolean;
  /**
   * `at-delete`: the script runs only when the step is deleted, from the parameters of the last `up`, so that it also
   * does under a plain `pulumi destroy`. The machine must still run then. Default `now`.
   */
  readonly runs?: "now" | "at-delete";
  /**
   * Whether the step is only forgotten when it is deleted together with its machine. By default what runs `now` is, what
   * runs `at-delete` is not.
   */
  readonly goesWithMachine?: boolean;
  /** Further hooks before the step is created or updated, in order after the one that waits for SSH. */
  readonly hooks?: readonly ResourceHook[];
}

/** How long a freshly started machine may take to answer on SSH, in seconds. */
export const bootSeconds = 300;

/**
 * A script that brings a machine into a state, run over SSH when it is first needed and again when script, parameters or
 * machine change. Running it twice must do no harm. It begins only once the machine's SSH shows the right host key.
 */
export class RemoteStep extends ComponentResource {
  /** What the script printed, without the last line end. */
  readonly stdout: Output<string>;
  /** The command, for others to depend on. */
  readonly done: Resource;

  constructor(name: string, args: RemoteStepArgs, opts?: ComponentResourceOptions) {
    super("homelab:remote:Step", name, {}, opts);
    const { machine } = args;
    const hostKey = output(machine.hostKey);
    const hooks = [this.sshHook(name, machine, unsecret(hostKey)), ...(args.hooks ?? [])];
    const command = new Command(
      `${name}-command`,
      {
        connection: {
          host: machine.address,
          user: "root",
          privateKey: machine.privateKey,
          hostKey,
          dialErrorLimit: 5,
          perDialTimeout: 15,
        },
        ...commands(args),
        stdin: secret(
          output({ ...args.parameters, GENERATION: machine.generation }).apply((parameters) =>
            scriptInput(args.script, parameters as Parameters),
          ),
        ),
        addPreviousOutputInEnv: false,
        ...(args.secretOutput ? { logging: "none" as const } : {}),
      },
      {
        parent: this,
        dependsOn: [machine.vm, ...args.after],
        ...((args.goesWithMachine ?? args.runs !== "at-delete") ? { deletedWith: machine.vm } : {}),
        hooks: { beforeCreate: hooks, beforeUpdate: hooks },
        // Nobody could be reached to run it; the next run after the host is back does.
        ignoreChanges: machine.offline ? ["stdin"] : [],
        additionalSecretOutputs: args.secretOutput ? ["stdout", "stderr"] : ["stdin"],
      },
    );
    this.stdout = args.secretOutput ? secret(command.stdout) : command.stdout;
    this.done = command;
    this.registerOutputs({});
  }

  /** The provider would hang at a mute server and retry a wrong key, so both are settled before it is asked. */
  private sshHook(name: string, machine: ReachedMachine, hostKey: Output<string>): ResourceHook {
    return new ResourceHook(`${name}-ssh`, async () => {
      const target = {
        machine: machine.name,
        host: machine.address,
        port: 22,
        limitSeconds: bootSeconds,
      };
      const expected = await new Promise<string>((resolve) => hostKey.apply(resolve));
      await waitForSsh(
        { ...target, hostKey: expected },
        {
          tell: (text) => {
            void log.info(text, this);
          },
        },
      );
    });
  }
}

/** The provider gives standard input to each command; one that does nothing must read it all the same. */
function commands(args: RemoteStepArgs): {
  readonly create: string;
  readonly update?: string;
  readonly delete?: string;
} {
  const text = commandText(args);
  if (args.runs !== "at-delete") {
    // The provider updates only what it has created without an error.
    return args.tellsAgain === true
      ? { create: text, update: text.replace("exec ", "exec env AGAIN=yes ") }
      : { create: text };
  }
  return {
    create: `exec cat >/dev/null # ${args.title} ${args.machine.name}`,
    delete: text,
  };
}

/**
 * The command that the machine's login shell runs. It stays short and free of secrets, because the provider prints it in
 * full when it fails; `timeout` is here because the provider honours no limit of its own.
 */
export function commandText(
  args: Pick<RemoteStepArgs, "title" | "limitSeconds"> & { machine: { name: string } },
): string {
  return `exec timeout --kill-after=15 ${args.limitSeconds} bash -s # ${args.title} ${args.machine.name}`;
}
