import { readConfig } from "./stacks/read-config.ts";
import { deploySite } from "./stacks/site.ts";

// Every resource records a stack trace; a short one saves a third of the program's time.
Error.stackTraceLimit = 3;

const { name, config } = readConfig();

export const { site, version, vip, nodes, router, kubeconfig, sshPrivateKey, knownHosts } =
  await deploySite(name, config);
