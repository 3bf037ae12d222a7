/**
 * States of the lab that suites start from. Each is an awaited condition: quickly seen where the lab is in it already, and
 * brought about where it is not, so that a suite can be run alone.
 */
import assert from "node:assert/strict";
import { resetLab, startLab, stopLab } from "../../lab/lab.ts";
import type { Tools } from "../../toolchain/tools.ts";
import { expectSessions, nodes, readiness } from "./cluster.ts";
import { attempt, run } from "./command.ts";
import { endWatch, watchProcesses } from "./processes.ts";
import { eventually, isSettled, machines, up } from "./site.ts";

type State = () => Promise<void>;

/** States that a suite starts from, reached one after the other before its first test. */
export function given(...states: readonly State[]): void {
  for (const state of states) before(`given ${state.name}`, state);
}

/** The tests of this suite are one story: where a step fails, what would come after it is not tried. */
export function stepByStep(): void {
  let failed = false;
  beforeEach("every step before this one passed", () => {
    assert.ok(!failed, "a step before this one failed");
  });
  afterEach(function () {
    failed ||= this.currentTest?.state === "failed";
  });
}

/** A lab that never had a site. */
export async function labIsNew(): Promise<void> {
  await endWatch();
  await resetLab();
  await labRuns();
}

/** Home is up as its site file says. */
export async function siteIsUp(): Promise<void> {
  await labRuns();
  if (!(await isSettled("home"))) await up("home");
  await eventually(180, siteAnswers);
}

/** Home was brought up, and may lack what its site file has by now. */
export async function siteExists(): Promise<void> {
  await labRuns();
  if ((await machines("home")).length === 0) await up("home");
  await eventually(180, siteAnswers);
}

/** Nothing is there of home. */
export const siteIsGone = async (): Promise<void> => gone("home");

/** Nothing is there of the cabin. */
export const cabinIsGone = async (): Promise<void> => gone("cabin");

/** A lab, whatever is in it, whose processes are watched from its start on. */
export async function labRuns(): Promise<void> {
  const tools = process.env["HOMELAB_TEST_TOOLS"];
  assert.ok(tools, "run the tests by `npm test`: it makes the tools ready");
  await startLab({ tools: JSON.parse(tools) as Tools });
  await watchProcesses();
}

/** Fails unless every node of home is ready and has its BGP session. */
async function siteAnswers(): Promise<void> {
  const seen = await nodes("home");
  for (const node of seen)
    assert.equal(readiness(node), "True", `${node.metadata.name} is not ready`);
  await expectSessions("home", seen.length);
}

async function gone(stack: string): Promise<void> {
  await labRuns();
  const { code, stdout } = await attempt`pulumi stack export --stack ${stack}`;
  // A stack that nobody has made yet has no state either.
  const state = code === 0 ? (JSON.parse(stdout) as Exported) : undefined;
  if ((state?.deployment.resources ?? []).length > 0)
    await run`node scripts/destroy.ts --stack ${stack} --yes`;
  assert.deepEqual(await machines(stack), []);
}

interface Exported {
  readonly deployment: { readonly resources?: readonly unknown[] };
}

// The lab ends with the last suite, whichever were chosen; its state stays for the next run.
after(async () => {
  await endWatch();
  await stopLab();
});
