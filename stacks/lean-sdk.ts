/**
 * Keeps Pulumi's SDK from work that this program has no use of, which was more than a quarter of a preview's computing and of
 * its program's memory. Imported before anything else.
 */
import log from "@pulumi/pulumi/log/index.js";

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
