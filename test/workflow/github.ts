/**
 * What GitHub gives a run of a pull request and withholds from it.
 *
 * - Secrets and variables "are not passed to workflows that are triggered by a pull request from a fork" (a repository's
 *   settings, Secrets and variables); an environment's are given to its jobs alone, once its reviewers have let them.
 * - Permissions that a job or a workflow does not name are none; a fork's are at most `read`, and it gets no id token
 *   (GITHUB_TOKEN reference).
 */
import { filled, holds, type Functions, type Scope } from "./expression.ts";
import type { Job, Workflow } from "./workflow.ts";

/** A name and value each. */
export type Values = Readonly<Record<string, string>>;

/** A repository's settings, as a person fills them in. */
export interface Settings {
  /** `owner/name`. */
  readonly repository: string;
  readonly variables: Values;
  readonly environments: Readonly<
    Record<string, { readonly secrets: Values; readonly variables: Values }>
  >;
}

/** A pull request: commits of the base, of its head, and of the merge of both that runs. */
export interface PullRequest {
  readonly number: number;
  readonly base: string;
  readonly head: string;
  readonly merge: string;
  /** `owner/name` of the repository that the head is in. */
  readonly from: string;
}

export type Result = "success" | "failure" | "skipped";

/** What one job is given. */
export interface Given {
  readonly contexts: Readonly<Record<string, unknown>> & {
    readonly github: Readonly<Record<string, unknown>>;
    readonly secrets: Values;
  };
  readonly permissions: Values;
}

/** Where the job's steps see the API, and the token that they may use there. */
export interface Access {
  readonly api: string;
  readonly token: string;
}

/** What GitHub knows of a pull request before a job of it begins. */
export function githubContext(
  { repository }: Settings,
  { number, base, head, merge, from }: PullRequest,
  { api, token }: Access,
): Readonly<Record<string, unknown>> {
  return {
    ...{ repository, token, api_url: api, event_name: "pull_request", sha: merge },
    ref: `refs/pull/${number}/merge`,
    event: {
      number,
      pull_request: {
        number,
        base: { sha: base, repo: { full_name: repository } },
        head: { sha: head, repo: { full_name: from } },
      },
    },
  };
}

export const isFork = (settings: Settings, pull: PullRequest): boolean =>
  pull.from !== settings.repository;

/** What a job's `if` is decided by: of variables the repository's alone, for its environment comes after it. */
export function jobScope(
  job: Job,
  settings: Settings,
  pull: PullRequest,
  results: Readonly<Record<string, Result>>,
): Scope {
  const needs = needsOf(job);
  const of = (wanted: Result): boolean => needs.some((name) => results[name] === wanted);
  return {
    contexts: {
      github: githubContext(settings, pull, { api: "", token: "" }),
      vars: isFork(settings, pull) ? {} : settings.variables,
      needs: Object.fromEntries(needs.map((name) => [name, { result: results[name] ?? null }])),
    },
    functions: statusFunctions(
      needs.every((name) => results[name] === "success"),
      of("failure"),
    ),
  };
}

/** Jobs that this one waits for. */
export const needsOf = ({ needs = [] }: Job): readonly string[] =>
  typeof needs === "string" ? [needs] : needs;

export const statusFunctions = (success: boolean, failure: boolean): Functions => ({
  always: () => true,
  cancelled: () => false,
  success: () => success,
  failure: () => failure,
});

/** Whether a job runs, by its `if` and by how those ended that it waits for. */
export const runs = (...of: Parameters<typeof jobScope>): boolean =>
  holds(of[0].if, jobScope(...of));

/** What one job of a matrix is given. `environment` is undefined for a job that asks for none. */
export function give(
  workflow: Workflow,
  job: Job,
  matrix: Values,
  settings: Settings,
  pull: PullRequest,
  access: Access,
): Given {
  const fork = isFork(settings, pull);
  const environment =
    job.environment === undefined ? undefined : settings.environments[job.environment];
  if (job.environment !== undefined && environment === undefined)
    throw new Error(`the repository has no environment ${job.environment}`);
  const asked = Object.entries(job.permissions ?? workflow.permissions);
  const permissions = fork
    ? asked
        .filter(([name]) => name !== "id-token")
        .map(([name, level]) => [name, level === "write" ? "read" : level] as const)
    : asked;
  return {
    contexts: {
      github: githubContext(settings, pull, access),
      matrix,
      vars: fork ? {} : { ...settings.variables, ...environment?.variables },
      secrets: fork ? {} : { ...environment?.secrets },
    },
    permissions: Object.fromEntries(permissions),
  };
}

/** Variables of a job's environment block, filled in. */
export const filledAll = (values: Values | undefined, scope: Scope): Values =>
  Object.fromEntries(
    Object.entries(values ?? {}).map(([name, text]) => [name, filled(text, scope)]),
  );
