/** The kinds that the program owns: the API has established each of them and serves the versions that its users ask for. */
import {
  applyCommand,
  type DefinitionSet,
} from "../../../components/definitions/definition-set.ts";
import type { Check } from "../../doctor/check.ts";
import type { ClusterCommand, Examined } from "../../doctor/examined.ts";
import { ok, problem, type Finding } from "../../doctor/finding.ts";
import { kubectl } from "../../doctor/kubectl.ts";
import { definitionSets } from "./sets.ts";

/** A CustomResourceDefinition, as far as the doctor looks. */
export interface DefinitionInForce {
  readonly established: boolean;
  /** Versions that the API serves. */
  readonly serves: readonly string[];
}

/** None where no part of the site has kinds, or the site has not been brought up. */
export function definitionChecks(
  { config, isUp }: Pick<Examined, "config" | "isUp">,
  run: ClusterCommand,
): readonly Check[] {
  const sets = Object.values(definitionSets(config));
  if (sets.length === 0 || !isUp) return [];
  return [
    {
      subject: "kinds of the program",
      run: async () => {
        const names = sets.flatMap(({ serves }) => Object.keys(serves));
        const found = await inForce(names, run);
        return sets.map((set) => judgeDefinitions(set, found));
      },
    },
  ];
}

/** One call for all, and of each one line: with their schemas they are megabytes. */
async function inForce(
  names: readonly string[],
  run: ClusterCommand,
): Promise<ReadonlyMap<string, DefinitionInForce>> {
  const columns = [
    "NAME:.metadata.name",
    'ESTABLISHED:.status.conditions[?(@.type=="Established")].status',
    "SERVES:.spec.versions[?(@.served==true)].name",
  ].join(",");
  const definitions = ["get", "customresourcedefinitions.apiextensions.k8s.io", ...names];
  const output = ["--ignore-not-found", "--no-headers", "-o", `custom-columns=${columns}`];
  const lines = (await kubectl(run, ...definitions, ...output)).split("\n").filter(Boolean);
  return new Map(
    lines.map((line) => {
      const [name = "", established = "", serves = ""] = line.split(/\s+/);
      return [name, { established: established === "True", serves: serves.split(",") }] as const;
    }),
  );
}

/** What of a set is not there, not established, or not served as its users ask for it. */
export function judgeDefinitions(
  set: Pick<DefinitionSet, "title" | "serves" | "files">,
  found: ReadonlyMap<string, DefinitionInForce>,
): Finding {
  const wanted = Object.entries(set.serves);
  const wrong = new Map(
    wanted.flatMap(([name, versions]) => {
      const text = whatIsWrong(versions, found.get(name));
      return text === undefined ? [] : [[name, text] as const];
    }),
  );
  const subject = `kinds of ${set.title}`;
  if (wrong.size === 0) return ok(subject, `all ${wanted.length} are established and served`);
  const text = [...wrong].map(([name, what]) => `${name} ${what}`).join("; ");
  return problem(subject, text, applyCommand(set, [...wrong.keys()]));
}

function whatIsWrong(versions: readonly string[], found?: DefinitionInForce): string | undefined {
  if (found === undefined) return "is not there";
  if (!found.established) return "is not established";
  const missing = versions.filter((version) => !found.serves.includes(version));
  if (missing.length === 0) return undefined;
  return `serves ${found.serves.join(" and ")}, not ${missing.join(" and ")}`;
}
