/**
 * Runs mocha on the files given and writes `{"passed":N,"failed":N,"failures":[TEXT]}` to file descriptor 3. Pending tests
 * count as failed: a skipped case must not read as passed.
 *
 *   mocha.ts TIMEOUT_MILLISECONDS FILE.test.ts ...
 */
import Mocha from "mocha";
import { writeSync } from "node:fs";
import { resolve } from "node:path";
import { duration, Pulse } from "../toolchain/progress.ts";

const [timeout, ...files] = process.argv.slice(2);
const mocha = new Mocha({ timeout: Number(timeout), reporter: "spec", forbidOnly: true });
for (const file of files) mocha.addFile(resolve(file));
await mocha.loadFilesAsync();
const failures: string[] = [];
const stats = await new Promise<Mocha.Stats>((done) => {
  const runner: Mocha.Runner = mocha.run(() => {
    pulse?.stop();
    if (runner.stats === undefined) throw new Error("mocha kept no statistics");
    done(runner.stats);
  });
  let running = { title: "the suites' set-up", since: performance.now() };
  // In a log, what a long test or hook is at; a terminal shows that it stands in one.
  const pulse = process.stdout.isTTY
    ? undefined
    : new Pulse(() => {
        const seconds = (performance.now() - running.since) / 1000;
        process.stdout.write(`    ... ${running.title} (${duration(seconds)})\n`);
      });
  const begin = ({ title }: Mocha.Runnable): void => {
    running = { title, since: performance.now() };
    pulse?.touch();
  };
  // Hooks around each test are quick, and run once the test has begun.
  runner.on("test", begin).on("hook", (hook: Mocha.Hook) => {
    if (!/^"(before|after) each"/.test(hook.title)) begin(hook);
  });
  // Said at once: a run that is ended from outside never comes to the report at its end.
  runner.on("fail", (test: Mocha.Runnable, error: Error) => {
    const text = error.stack ?? error.message;
    process.stdout.write(`${text}\n`);
    failures.push(`FAILED ${test.fullTitle()}\n${text.slice(0, 2000)}`);
  });
  runner.on("pending", (test: Mocha.Test) => {
    failures.push(`SKIPPED ${test.fullTitle()}: a skipped test does not count as passed`);
  });
});
const { passes: passed, failures: broken, pending } = stats;
writeSync(3, JSON.stringify({ passed, failed: broken + pending, failures }));
// What a slow reader has not taken yet would be lost, and that is the failures.
await new Promise((written) => process.stdout.write("", written));
process.exit(broken + pending > 0 ? 1 : 0);
