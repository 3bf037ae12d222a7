/**
 * The one comment of this project on a pull request: made at the first run, replaced at each further one.
 * REST API, https://docs.github.com/en/rest/issues/comments.
 */
import { z } from "zod";
import { PatientHttp, type ApiCall } from "../../components/http/patient-http.ts";

/** Marks the comment as this project's; invisible to readers. */
export const marker = "<!-- homelab: preview of every site -->";

/** Longest body that the API takes, in characters. */
const longest = 65_536;

export interface PullRequest {
  /** `https://api.github.com`, or an enterprise server's. */
  readonly api: string;
  /** `owner/name`. */
  readonly repository: string;
  readonly number: number;
  readonly token: string;
}

const http = new PatientHttp({ answerMs: 30_000 });

const comments = z.array(z.object({ id: z.number(), body: z.string().nullish() }));

/** Sets the comment's text; returns whether it was new. Throws with the API's status when it refuses. */
export async function setComment(pull: PullRequest, text: string): Promise<"created" | "updated"> {
  const body = fit(`${marker}\n${text}`);
  const issue = `repos/${pull.repository}/issues`;
  const own = await findComment(pull, issue);
  if (own === undefined) {
    await call(pull, "POST", `${issue}/${pull.number}/comments`, { body });
    return "created";
  }
  await call(pull, "PATCH", `${issue}/comments/${own}`, { body });
  return "updated";
}

/** A body that the API takes; what is cut is said. */
export function fit(body: string): string {
  if (body.length <= longest) return body;
  const note = "\n```\n\nThe rest is in the job's log: the comment would be too long.\n";
  return body.slice(0, longest - note.length) + note;
}

async function findComment(pull: PullRequest, issue: string): Promise<number | undefined> {
  for (let page = 1; ; page += 1) {
    const path = `${issue}/${pull.number}/comments?per_page=100&page=${page}`;
    const found = comments.parse(await call(pull, "GET", path));
    const own = found.find(({ body }) => body?.startsWith(marker) === true);
    if (own !== undefined || found.length < 100) return own?.id;
  }
}

async function call(
  { api, token }: PullRequest,
  method: ApiCall["method"],
  path: string,
  body?: unknown,
): Promise<unknown> {
  const { status, text } = await http.call(`${method} ${path}`, {
    method,
    url: `${api}/${path}`,
    headers: {
      Accept: "application/vnd.github+json",
      Authorization: `Bearer ${token}`,
      "X-GitHub-Api-Version": "2022-11-28",
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    // A second POST would be a second comment.
    repeatable: method !== "POST",
  });
  if (status >= 300) {
    const refused = status === 401 || status === 403 || status === 404;
    const remedy = refused ? "; the job's token needs `pull-requests: write`" : "";
    throw new Error(`${method} ${path}: ${status} ${text.slice(0, 300)}${remedy}`);
  }
  return JSON.parse(text) as unknown;
}
