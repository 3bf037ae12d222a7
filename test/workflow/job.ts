/**
 * Runs a job's steps as GitHub's runner does (actions/runner, src/Runner.Worker: StepsRunner, ScriptHandler,
 * FileCommandManager). Actions are the caller's: they are programs of others.
 */
import { createHash, randomUUID } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { filled, holds, type Scope } from "./expression.ts";
import { filledAll, statusFunctions, type Given, type Values } from "./github.ts";
import type { Job, Step } from "./workflow.ts";

/** What a command said, both streams in one, and how it ended. */
export interface Ended {
  readonly code: number;
  readonly output: string;
}

/** The machine that a job runs on. Its folders have the same paths inside as outside. */
export interface Machine {
  /** Where the checkout goes. */
  readonly workspace: string;
  /** Where the runner and the steps keep what ends with the job. */
  readonly temp: string;
  /** What an image's environment has, PATH among it. */
  readonly environment: Values;
  run(command: readonly string[], environment: Values): Promise<Ended>;
}

/** What an action sees. */
export interface ActionCall {
  readonly with: Values;
  readonly environment: Values;
  readonly given: Given;
  readonly machine: Machine;
}

/** Actions by name, without their commit; each gives what it said, and throws when it fails. */
export type Actions = Readonly<Record<string, (call: ActionCall) => Promise<string>>>;

/** How a job went. */
export interface Played {
  readonly result: "success" | "failure";
  /** Everything that its steps said, before anything is masked. */
  readonly said: string;
  /** The log, as GitHub keeps it. */
  readonly log: string;
  /** The job's summary, before anything is masked. */
  readonly summary: string;
  /** Steps that ran, by name or command, with how they ended. */
  readonly steps: readonly { readonly title: string; readonly result: "success" | "failure" }[];
}

/** Plays one job of a matrix on a machine of its own. */
export async function playJob(
  job: Job,
  given: Given,
  machine: Machine,
  actions: Actions,
): Promise<Played> {
  for (const folder of [machine.workspace, machine.temp]) mkdirSync(folder, { recursive: true });
  const steps: { title: string; result: "success" | "failure" }[] = [];
  const masks = new Masks(Object.values(given.contexts.secrets));
  let [kept, paths, said, log, summary]: [Values, readonly string[], string, string, string] = [
    filledAll(job.env, scopeOf(given, machine, {}, false)),
    [],
    "",
    "",
    "",
  ];
  for (const step of job.steps) {
    const failed = steps.some(({ result }) => result === "failure");
    const before = scopeOf(given, machine, kept, failed);
    const own = filledAll(step.env, before);
    const scope = scopeOf(given, machine, { ...kept, ...own }, failed);
    if (!holds(step.if, scope)) continue;
    const title = step.name ?? step.uses ?? step.run?.trim() ?? "";
    const files = new StepFiles(machine.temp);
    const environment = {
      ...machine.environment,
      ...kept,
      ...own,
      ...variables(given, machine),
      ...files.variables,
      PATH: [...paths, machine.environment["PATH"] ?? ""].join(":"),
    };
    const { code, output } = await playStep(step, { scope, environment, given, machine, actions });
    masks.hear(output);
    said += output;
    log += masks.over(output);
    const told = files.read();
    summary += told.summary;
    kept = { ...kept, ...told.environment };
    paths = [...told.paths.toReversed(), ...paths];
    steps.push({ title, result: code === 0 ? "success" : "failure" });
  }
  const failed = steps.some(({ result }) => result === "failure");
  return { result: failed ? "failure" : "success", said, log, summary, steps };
}

interface StepSurroundings extends Omit<ActionCall, "with"> {
  readonly scope: Scope;
  readonly actions: Actions;
}

async function playStep(
  { run, uses, with: inputs }: Step,
  { scope, environment, given, machine, actions }: StepSurroundings,
): Promise<Ended> {
  if (run !== undefined) {
    const script = join(machine.temp, `${randomUUID()}.sh`);
    writeFileSync(script, filled(run, scope));
    // The default shell, which a step here never replaces: -e, and no pipefail.
    return machine.run(["bash", "-e", script], environment);
  }
  const [name = ""] = uses?.split("@") ?? [];
  const action = actions[name];
  if (action === undefined) throw new Error(`the action ${uses ?? "without a name"} is not played`);
  try {
    const filledInputs = filledAll(inputs, scope);
    const call = { with: filledInputs, environment, given, machine };
    return { code: 0, output: await action(call) };
  } catch (error) {
    return { code: 1, output: `${error instanceof Error ? error.message : String(error)}\n` };
  }
}

const scopeOf = (
  { contexts }: Given,
  { workspace }: Machine,
  env: Values,
  failed: boolean,
): Scope => ({
  contexts: { ...contexts, env },
  functions: {
    ...statusFunctions(!failed, failed),
    hashFiles: (...patterns) => hashOf(workspace, patterns.map(String)),
  },
});

/** Empty where no file matches. */
function hashOf(workspace: string, patterns: readonly string[]): string {
  const found = globSync([...patterns], { cwd: workspace }).sort();
  if (found.length === 0) return "";
  const hash = createHash("sha256");
  for (const file of found) hash.update(readFileSync(join(workspace, file)));
  return hash.digest("hex");
}

/** What the runner itself says in each step's environment; an id token for who may write one. */
function variables({ contexts: { github }, permissions }: Given, machine: Machine): Values {
  return {
    ...{ CI: "true", GITHUB_ACTIONS: "true", RUNNER_OS: "Linux", RUNNER_TEMP: machine.temp },
    GITHUB_WORKSPACE: machine.workspace,
    GITHUB_REPOSITORY: String(github["repository"]),
    GITHUB_API_URL: String(github["api_url"]),
    GITHUB_SHA: String(github["sha"]),
    GITHUB_REF: String(github["ref"]),
    GITHUB_EVENT_NAME: String(github["event_name"]),
    ...(permissions["id-token"] === "write"
      ? {
          ACTIONS_ID_TOKEN_REQUEST_URL: "https://run.actions.example/idtoken",
          ACTIONS_ID_TOKEN_REQUEST_TOKEN: "id-token-request",
        }
      : {}),
  };
}

/** Files by which a step tells the runner something. */
class StepFiles {
  readonly #at: Readonly<Record<"ENV" | "PATH" | "OUTPUT" | "STEP_SUMMARY", string>>;

  constructor(temp: string) {
    const file = (kind: string): string => join(temp, `${kind}_${randomUUID()}`);
    this.#at = {
      ...{ ENV: file("set_env"), PATH: file("add_path") },
      ...{ OUTPUT: file("set_output"), STEP_SUMMARY: file("step_summary") },
    };
    for (const at of Object.values(this.#at)) writeFileSync(at, "");
  }

  get variables(): Values {
    const named = Object.entries(this.#at).map(([name, at]) => [`GITHUB_${name}`, at] as const);
    return Object.fromEntries(named);
  }

  /** Throws for outputs, which no workflow here reads, and for what the runner refuses. */
  read(): {
    readonly environment: Values;
    readonly paths: readonly string[];
    readonly summary: string;
  } {
    const text = (at: string): string => (existsSync(at) ? readFileSync(at, "utf8") : "");
    if (text(this.#at.OUTPUT) !== "") throw new Error("outputs of steps are not played");
    return {
      environment: pairs(text(this.#at.ENV)),
      paths: text(this.#at.PATH).split("\n").filter(Boolean),
      summary: text(this.#at.STEP_SUMMARY),
    };
  }
}

/** `NAME=VALUE` and `NAME<<END` with lines until `END`. Throws for a name that the runner refuses. */
function pairs(text: string): Values {
  const found: Record<string, string> = {};
  const lines = text.split("\n");
  for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
    if (line === "") continue;
    const [, name = "", sign, rest = ""] = /^(.*?)(=|<<)(.*)$/.exec(line) ?? [];
    if (sign === undefined) throw new Error(`GITHUB_ENV: invalid format '${line}'`);
    if (name.toUpperCase() === "NODE_OPTIONS")
      throw new Error("GITHUB_ENV: the runner does not take NODE_OPTIONS");
    const end = sign === "=" ? 0 : lines.indexOf(rest);
    if (end < 0) throw new Error(`GITHUB_ENV: no line is ${rest}`);
    found[name] =
      sign === "="
        ? rest
        : lines
            .splice(0, end + 1)
            .slice(0, -1)
            .join("\n");
  }
  return found;
}

/** What GitHub replaces in logs by `***`: secrets, each line of them, and what a step asks for by `::add-mask::`. */
class Masks {
  readonly #values: string[] = [];

  constructor(secrets: readonly string[]) {
    for (const secret of secrets) this.#add(secret);
  }

  hear(output: string): void {
    for (const [, command = "", value = ""] of output.matchAll(/^::([\w-]+)[^:\n]*::(.*)$/gm)) {
      if (command === "add-mask") this.#add(value);
      else if (!["debug", "notice", "warning", "error", "group", "endgroup"].includes(command))
        throw new Error(`the command ::${command}:: is not played`);
    }
  }

  over(text: string): string {
    return this.#values.reduce((masked, value) => masked.replaceAll(value, "***"), text);
  }

  #add(secret: string): void {
    const values = [secret, ...secret.split(/[\r\n]+/)].map((value) => value.trim());
    this.#values.push(...values.filter((value) => value !== ""));
    this.#values.sort((a, b) => b.length - a.length);
  }
}
