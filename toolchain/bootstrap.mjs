// First step of every npm script, in plain JavaScript so that any Node from 20 on can run it straight after
// `git clone`: installs the locked packages when they are missing, then continues under the pinned Node.
//
//   node toolchain/bootstrap.mjs SCRIPT.ts [ARGUMENT ...]
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [script, ...rest] = process.argv.slice(2);
if (script === undefined) {
  process.stderr.write("usage: node toolchain/bootstrap.mjs SCRIPT.ts [ARGUMENT ...]\n");
  process.exit(2);
}

const node = join(root, "node_modules", ".bin", "node");
const marker = join(root, "node_modules", ".homelab-lock");
const lock = createHash("sha256")
  .update(readFileSync(join(root, "package-lock.json")))
  .digest("hex");

function installed() {
  return existsSync(node) && existsSync(marker) && readFileSync(marker, "utf8") === lock;
}

if (!installed()) {
  const begun = Date.now();
  const seconds = () => `${((Date.now() - begun) / 1000).toFixed(0)} s`;
  process.stderr.write(
    "installing the npm packages of package-lock.json; the first time npm downloads them\n",
  );
  const pulse = setInterval(
    () => process.stderr.write(`installing the npm packages ... (${seconds()})\n`),
    30_000,
  );
  // No install scripts: plugins and tools come from toolchain/, under its own checks.
  const npm = spawn(
    "npm",
    ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
    { cwd: root, stdio: ["ignore", "inherit", "inherit"] },
  );
  const why = await once(npm, "exit").then(
    ([status]) => (status === 0 ? undefined : `exit status ${status}`),
    (error) => error.message,
  );
  clearInterval(pulse);
  if (why !== undefined) {
    process.stderr.write(
      `npm ci failed (${why}); mend what it says above and run the same command again\n`,
    );
    process.exit(1);
  }
  writeFileSync(marker, lock);
  process.stderr.write(`npm packages installed in ${seconds()}\n`);
}

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "homelab");
const child = spawn(node, [join(root, script), ...rest], {
  stdio: "inherit",
  env: { NODE_COMPILE_CACHE: join(cache, "node-compile"), ...process.env },
});
// A terminal sends its signals to the whole group; signals sent to this process alone are passed on.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  process.stderr.write(`cannot start ${node}: ${error.message}\n`);
  process.exit(1);
});
child.on("exit", (code, signal) => process.exit(signal === null ? code : 1));
