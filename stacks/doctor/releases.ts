/** Whether what an up downloads is there; each part says what that is. Container images are left to the registries. */
import { dayOf, fromNow } from "../../components/days.ts";
import { literal } from "../../components/literal.ts";
import { ask as askHttp, reading, type Fetch } from "./ask.ts";
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
  /** The chart whose index tells its age. */
  readonly chart?: Dated;
}

/** A version of a chart, which its repository's index gives a day. */
interface Dated {
  readonly name: string;
  readonly version: string;
  /** The index, where the download is another file: one published with the chart under the same number. */
  readonly index?: string;
}

/** A chart's index names the version below the chart: https://helm.sh/docs/topics/chart_repository/ */
export function chart(repository: string, name: string, version: string, path: string): Release {
  return {
    subject: `chart ${name} ${version}`,
    url: indexOf(repository),
    holds: {
      pattern: fileOf({ name, version }),
      otherwise: `the repository has no version ${version}`,
    },
    path,
    chart: { name, version },
  };
}

/** The index of a repository of charts. */
export const indexOf = (repository: string): string => `${repository}/index.yaml`;

/** Files are called NAME-VERSION.tgz in every repository that the site uses. */
const fileOf = ({ name, version }: Pick<Dated, "name" | "version">): RegExp =>
  new RegExp(`\\b${literal(name)}-${literal(version)}\\.tgz`);

/**
 * When a version was published and which is the newest, as far as a chart's index says so. An entry's keys are sorted, so
 * that the day stands before the address of the file (helm.sh/helm/v3 pkg/repo, IndexFile.WriteFile, by sigs.k8s.io/yaml).
 * Anchored: an index without days would else be looked through from each of its letters.
 */
export function ageOf(index: string, version: Dated, now: Date): string {
  const before = index.slice(0, Math.max(0, index.search(fileOf(version))));
  const [, created] = /^.*\bcreated:\s*"?([0-9T:.+-]+Z?)/s.exec(before) ?? [];
  const day = new Date(created ?? "");
  const newest = newestIn(index, version.name);
  return [
    ...(Number.isNaN(day.getTime()) ? [] : [`, published on ${dayOf(day)}, ${fromNow(day, now)}`]),
    ...(newest === undefined ? [] : [`; the newest is ${newest}`]),
  ].join("");
}

/** The newest version of a chart that its repository's index lists, those before a release left out. */
export function newestIn(index: string, name: string): string | undefined {
  return [...index.matchAll(new RegExp(`\\b${literal(name)}-(v?\\d+\\.\\d+\\.\\d+)\\.tgz`, "g"))]
    .map(([, version = ""]) => version)
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }))
    .at(-1);
}

/**
 * Judges one download by its answer.
 * @param index text of the index that tells its age, where that is another file
 */
export function judgeRelease(
  release: Release,
  status: number,
  text: string,
  now = new Date(),
  index = text,
): Finding {
  const { subject, url, holds, path, chart: version } = release;
  if (status === 404) return problem(subject, `${url} does not exist`, `correct ${path}`);
  if (status >= 300) {
    return warning(subject, `${url} answers ${status}`, "run the doctor again in a while");
  }
  if (holds?.pattern.test(text) === false)
    return problem(subject, `${holds.otherwise} (${url})`, `correct ${path}`);
  return ok(subject, `is there${version === undefined ? "" : ageOf(index, version, now)}`);
}

/** Asks for each: lists are read, once for all that stand in one, and files only looked at. */
export function releaseChecks(releases: readonly Release[], ask: Fetch = askHttp): Check[] {
  const read = reading(ask);
  return releases.map((release) => ({
    subject: release.subject,
    run: async () => {
      const { url, subject, holds, chart: { index } = {} } = release;
      try {
        const { status, text } = await (holds === undefined
          ? ask(url, { method: "HEAD" })
          : read(url));
        const list = index === undefined ? text : (await read(index)).text;
        return [judgeRelease(release, status, text, new Date(), list)];
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
