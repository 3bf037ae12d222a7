/** Whether the three sides see what the site's list of names says. */
import { Resolver } from "node:dns/promises";
import { reasonOf, type Check } from "../../doctor/check.ts";
import type { Examined } from "../../doctor/examined.ts";
import { ok, problem, warning, type Finding } from "../../doctor/finding.ts";
import type { AddressRecord } from "../../../components/names/names.ts";
import { isNamed, siteViews } from "./list.ts";

/** Asks a server for a name's addresses; none where it knows none. Rejects when it does not answer. */
export type Ask = (server: string, name: string) => Promise<readonly string[]>;

/** The site's own DNS server, and the gateway, which the LAN and by default the tailnet ask. None without the part. */
export function namesChecks(
  { name, config, isUp }: Examined,
  ask: Ask = addressesOf,
): readonly Check[] {
  if (!isNamed(config) || !isUp) return [];
  const { lan, tailnet } = siteViews(config);
  const { address } = config.names;
  const { gateway } = config.site;
  const split = config.tailnet?.splitDns ?? (config.tailnet === undefined ? [] : [gateway]);
  const view = (
    subject: string,
    server: string,
    expected: readonly AddressRecord[],
    verdict: Verdict,
  ): Check => ({
    subject,
    run: async () => judgeView(subject, expected, await answers(server, expected, ask), verdict),
  });
  return [
    view(`DNS server ${address}`, address, lan, {
      missing: problem,
      remedy: `kubectl -n names get pods,services; npm run up -- --stack ${name} --refresh mends what differs`,
    }),
    view(`names at the gateway ${gateway}`, gateway, lan, {
      missing: warning,
      remedy: "load `pulumi stack output names --json` there (docs/names.md)",
    }),
    ...split
      .filter((server) => server !== gateway && server !== address)
      .map((server) =>
        view(`names of the tailnet at ${server}`, server, tailnet, {
          missing: warning,
          remedy: "load the site's names there (docs/names.md)",
        }),
      ),
  ];
}

/** How a server that differs from the list is told. */
interface Verdict {
  readonly missing: typeof problem;
  readonly remedy: string;
}

/** Addresses by name, or why a server does not answer. */
type Given = ReadonlyMap<string, readonly string[]> | Error;

/** Compares what a server gives with the list: each name has its address, and no other, which clients would take by turns. */
export function judgeView(
  subject: string,
  expected: readonly AddressRecord[],
  given: Given,
  { missing, remedy }: Verdict,
): readonly Finding[] {
  if (given instanceof Error)
    return [missing(subject, `does not answer: ${reasonOf(given)}`, remedy)];
  const wrong = expected.filter(({ name, address }) => {
    const found = given.get(name) ?? [];
    return found.length === 0 || found.some((one) => one !== address);
  });
  if (wrong.length === 0) return [ok(subject, `knows all ${expected.length} names`)];
  const told = wrong
    .slice(0, 3)
    .map(
      ({ name, address }) =>
        `${name} is ${given.get(name)?.join(" and ") || "unknown"}, not ${address}`,
    );
  const more = wrong.length > told.length ? ` and ${wrong.length - told.length} more` : "";
  return [missing(subject, `${told.join("; ")}${more}`, remedy)];
}

async function answers(
  server: string,
  records: readonly AddressRecord[],
  ask: Ask,
): Promise<Given> {
  try {
    const given = await Promise.all(
      records.map(async ({ name }) => [name, await ask(server, name)] as const),
    );
    return new Map(given);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Answers that say that there is no such name, in the words of Node's resolver. */
const absent = ["ENOTFOUND", "ENODATA", "EREFUSED"];

const addressesOf: Ask = async (server, name) => {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  resolver.setServers([server]);
  try {
    return await resolver.resolve4(name);
  } catch (error) {
    if (absent.includes((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw error;
  }
};
