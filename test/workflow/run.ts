/** A run of the workflow on a pull request: jobs in their order, reviews, artifacts, and what GitHub keeps of it. */
import { cpSync, globSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  give,
  needsOf,
  runs,
  type Access,
  type PullRequest,
  type Result,
  type Settings,
  type Values,
} from "./github.ts";
import { playJob, type Actions, type Machine, type Played } from "./job.ts";
import type { Job, Workflow } from "./workflow.ts";

/** What a run needs of its surroundings. */
export interface Surroundings {
  readonly settings: Settings;
  readonly pull: PullRequest;
  /** Which of the jobs are played; the others are taken for successful once their `if` holds. */
  readonly played: readonly string[];
  /** Values of the matrix that are played. */
  readonly stacks: readonly string[];
  /** The API, and the token of a job with these permissions. */
  readonly access: (permissions: Values) => Access;
  /** A machine for a job; its folders are new. */
  readonly machine: (job: string) => Promise<Machine>;
  readonly actions: Actions;
  /** Asks the reviewers of an environment, who see what has ended by then. */
  readonly review: (environment: string) => Promise<boolean>;
  /** Where artifacts are kept. */
  readonly artifacts: string;
}

/** How a run went: of each job that ran, by its name and its place in the matrix. */
export interface Run {
  readonly results: Readonly<Record<string, Result>>;
  readonly jobs: Readonly<Record<string, Played>>;
}

/** Runs the workflow, one job after the other. What waits for its reviewers comes behind all that is ready without them. */
export async function playRun(workflow: Workflow, around: Surroundings): Promise<Run> {
  const results: Record<string, Result> = {};
  const jobs: Record<string, Played> = {};
  for (;;) {
    const ready = Object.entries(workflow.jobs).filter(
      ([name, job]) => !(name in results) && needsOf(job).every((needed) => needed in results),
    );
    const next = ready.find(([, { environment }]) => environment === undefined) ?? ready[0];
    if (next === undefined) return { results, jobs };
    const [name, job] = next;
    const played = await playAll(workflow, name, job, results, around);
    results[name] = played === undefined ? "skipped" : played.result;
    Object.assign(jobs, played?.jobs);
  }
}

/** A job with its whole matrix; undefined where it is skipped. */
async function playAll(
  workflow: Workflow,
  name: string,
  job: Job,
  results: Readonly<Record<string, Result>>,
  around: Surroundings,
): Promise<{ result: Result; jobs: Record<string, Played> } | undefined> {
  const jobs: Record<string, Played> = {};
  if (!runs(job, around.settings, around.pull, results)) return undefined;
  if (job.environment !== undefined && !(await around.review(job.environment)))
    return { result: "failure", jobs };
  for (const matrix of around.played.includes(name) ? matrixOf(job, around.stacks) : []) {
    const title = matrix["stack"] === undefined ? name : `${name} ${matrix["stack"]}`;
    jobs[title] = await play(workflow, job, title, matrix, around);
  }
  const failed = Object.values(jobs).some(({ result }) => result === "failure");
  return { result: failed ? "failure" : "success", jobs };
}

async function play(
  workflow: Workflow,
  job: Job,
  title: string,
  matrix: Values,
  around: Surroundings,
): Promise<Played> {
  const none = give(workflow, job, matrix, around.settings, around.pull, { api: "", token: "" });
  const access = around.access(none.permissions);
  const given = give(workflow, job, matrix, around.settings, around.pull, access);
  const actions = { ...artifactActions(around.artifacts), ...around.actions };
  return playJob(job, given, await around.machine(title), actions);
}

const matrixOf = ({ strategy }: Job, stacks: readonly string[]): readonly Values[] =>
  strategy === undefined
    ? [{}]
    : strategy.matrix.stack.filter((stack) => stacks.includes(stack)).map((stack) => ({ stack }));

/** Upload and download, each as far as the workflow uses it. */
const artifactActions = (store: string): Actions => ({
  "actions/upload-artifact": ({ with: { name = "", path = "" }, machine }) => {
    cpSync(join(machine.workspace, path), join(store, name), { recursive: true });
    return Promise.resolve(`uploaded ${name}\n`);
  },
  "actions/download-artifact": ({ with: inputs, machine }) => {
    const { path = "", pattern = "" } = inputs;
    if (inputs["merge-multiple"] !== "true") throw new Error("artifacts are downloaded merged");
    const into = join(machine.workspace, path);
    mkdirSync(into, { recursive: true });
    const found = globSync(pattern, { cwd: store });
    for (const name of found) cpSync(join(store, name), into, { recursive: true });
    return Promise.resolve(`downloaded ${found.length}\n`);
  },
});
