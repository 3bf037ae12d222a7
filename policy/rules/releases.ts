import type { Finding, ResourceRule, SeenResource } from "../rule.ts";
import { at, elements, fields, text, unknown, type Seen } from "../seen.ts";

const releaseType = "kubernetes:helm.sh/v3:Release";
const chartTypes = [releaseType, "kubernetes:helm.sh/v3:Chart", "kubernetes:helm.sh/v4:Chart"];
const commandType = "command:remote:Command";

/** One release: `1.19.6`, `v1.36.3+rke2r1`, `1.0.0-rc.1`. */
const exact = /^v?\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;

/** The same site file gives the same site, next year too. */
export const releases: ResourceRule = {
  name: "releases-are-pinned",
  description:
    "Charts come from a named repository in one exact version, and machines get exact releases of RKE2 and Tailscale: a " +
    "range or an absent version would upgrade the site at a time of its own.",
  judge: (resource) => {
    if (chartTypes.includes(resource.type)) return chart(resource);
    if (resource.type === commandType) return parameters(text(resource.inputs["stdin"]) ?? "");
    return [];
  },
};

/** Helm's records of a release are whole charts, and in the cluster for ever where nothing bounds them. */
export const history: ResourceRule = {
  name: "releases-forget",
  description:
    "A Helm release keeps 1 to 10 revisions: each is a Secret of hundreds of KiB, and without a bound etcd, its snapshots and " +
    "whatever watches all Secrets grow with every upgrade.",
  judge: ({ type, inputs }) => {
    const kept = at(inputs["maxHistory"]);
    if (type !== releaseType || (typeof kept === "number" && kept >= 1 && kept <= 10)) return [];
    return ["maxHistory is no number from 1 to 10; make the release with helmRelease"];
  },
};

function chart({ inputs }: SeenResource): readonly Finding[] {
  return [
    ...version(at(inputs["version"])),
    ...source(inputs),
    ...(inputs["devel"] === true ? ["devel takes any pre-release; take it away"] : []),
    ...tags("values", inputs["values"] ?? null),
  ];
}

function version(value: Seen | undefined): readonly Finding[] {
  if (value === unknown) return ["version is not known before the run; write it as plain text"];
  const found = text(value) ?? "";
  if (exact.test(found)) return [];
  return [
    found === ""
      ? "version is missing, which takes the newest chart; give one release, for example 1.19.6"
      : `version ${found} is not one release but a range or a part; give it in full, for example 1.19.6`,
  ];
}

function source(inputs: SeenResource["inputs"]): readonly Finding[] {
  const name = text(inputs["chart"]) ?? "";
  const repository = at(inputs["repositoryOpts"], "repo");
  if (name.startsWith("oci://") || repository === unknown) return [];
  if (/^https?:/.test(name)) {
    return ["chart is an address, which can change its content; name the chart and its repository"];
  }
  if (/^(https|oci):\/\//.test(text(repository) ?? "")) return [];
  return [
    "repositoryOpts.repo is no https address; name the chart's repository, so that no chart of the same name on the " +
      "workstation takes its place",
  ];
}

/** Values that let an image move. */
function tags(path: string, value: Seen): readonly Finding[] {
  return [
    ...elements(value).flatMap((element, i) => tags(`${path}[${i}]`, element)),
    ...fields(value).flatMap(([key, field]) =>
      /^(tag|imageTag)$/i.test(key) && text(field) === "latest"
        ? [`${path}.${key} is latest; give the version, or leave it to the chart`]
        : tags(`${path}.${key}`, field),
    ),
  ];
}

/** Releases among the parameters of a script: `VERSION='v1.36.3+rke2r1'` in the lines before the script itself. */
function parameters(stdin: string): readonly Finding[] {
  return [...stdin.matchAll(/^([A-Z0-9_]*VERSION)='([^'\n]*)'$/gm)].flatMap(
    ([, name = "", found = ""]) =>
      exact.test(found)
        ? []
        : [
            `stdin, ${name}: ${found === "" ? "is empty" : `${found} is not one release`}; give it in full, for example ` +
              "v1.36.3+rke2r1",
          ],
  );
}
