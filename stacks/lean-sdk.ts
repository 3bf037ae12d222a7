/**
 * Keeps Pulumi's SDK from work that this program has no use of, which was a third of a preview's computing and half of
 * its memory. Imported before anything else.
 */
import log from "@pulumi/pulumi/log/index.js";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";

/**
 * Stack traces: the SDK takes one for every resource, promise and call, and its runner maps each through source maps.
 * Stripping types moves no position, so there is nothing to map. The SDK raises the limit itself for source positions.
 */
Error.stackTraceLimit = 3;
Object.assign(Error, { prepareStackTrace: undefined });

/**
 * Debug messages: four calls of the engine for every resource, each awaiting the one before it. They hold whole answers of
 * providers, secrets among them, and end up in the CLI's log files. `PULUMI_DEBUG_GRPC` shows the same where it is wanted.
 */
Object.assign(log, { debug: () => Promise.resolve() });

/**
 * What the SDK needs to ship functions to providers as source text: 11 MB of compiler and npm's resolver. They are loaded
 * on first use, which in this program never comes.
 */
const late = new Set(["typescript", "@npmcli/arborist"]);
const mark = ".late.cjs";

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    const ofSdk = context.parentURL?.includes("/@pulumi/pulumi/") === true;
    return late.has(specifier) && ofSdk
      ? { url: found.url + mark, format: "commonjs", shortCircuit: true }
      : found;
  },
  load(url, context, next) {
    if (!url.endsWith(mark)) return next(url, context);
    const file = JSON.stringify(fileURLToPath(url.slice(0, -mark.length)));
    const get = `(_, key) => key === "__esModule" || require(${file})[key]`;
    const source = `module.exports = new Proxy({}, { get: ${get} });`;
    return { format: "commonjs", source, shortCircuit: true };
  },
});
