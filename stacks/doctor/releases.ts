/** Whether what an up downloads is there; each part says what that is. Container images are left to the registries. */
import { ask as askHttp, type Fetch } from "./ask.ts";
import { reasonOf, type Check } from "./check.ts";
import { ok, problem, warning, type Finding } from "./finding.ts";

/** One download. */
export interface Release {
  readonly subject: string;
  readonly url: string;
  /** What its text must hold, by what to say when it does not; without it the address only has to exist. */
  readonly holds?: { readonly pattern: RegExp; readonly otherwise: string };
  /** Config path to correct. */
  readonly path: string;
}

/** A text as part of a regular expression. */
export const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** A chart's index names the version below the chart: https://helm.sh/docs/topics/chart_repository/ */
export function chart(repository: string, name: string, version: string, path: string): Release {
  return {
    subject: `chart ${name} ${version}`,
    url: `${repository}/index.yaml`,
    // Files are called NAME-VERSION.tgz in every repository that the site uses.
    holds: {
      pattern: new RegExp(`\\b${literal(name)}-${literal(version)}\\.tgz`),
      otherwise: `the repository has no version ${version}`,
    },
    path,
  };
}

/** Judges one download by its answer. */
export function judgeRelease(release: Release, status: number, text: string): Finding {
  const { subject, url, holds, path } = release;
  if (status === 404) return problem(subject, `${url} does not exist`, `correct ${path}`);
  if (status >= 300) {
    return warning(subject, `${url} answers ${status}`, "run the doctor again in a while");
  }
  if (holds !== undefined && !holds.pattern.test(text)) {
    return problem(subject, `${holds.otherwise} (${url})`, `correct ${path}`);
  }
  return ok(subject, "is there");
}

/** Asks for each: lists are read, files only looked at. */
export function releaseChecks(releases: readonly Release[], ask: Fetch = askHttp): Check[] {
  return releases.map((release) => ({
    subject: release.subject,
    run: async () => {
      const { url, subject, holds } = release;
      try {
        const { status, text } = await ask(url, { method: holds === undefined ? "HEAD" : "GET" });
        return [judgeRelease(release, status, text)];
      } catch (error) {
        const { host } = new URL(url);
        return [
          problem(
            subject,
            `${host} cannot be reached: ${reasonOf(error)}`,
            "check this workstation's DNS and way out; the machines need the same",
          ),
        ];
      }
    },
  }));
}
