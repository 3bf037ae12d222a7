import "./stacks/lean-sdk.ts";
import { readConfig } from "./stacks/config/read.ts";
import { deploySite } from "./stacks/site.ts";

const { name, config } = readConfig();

const outputs = await deploySite(name, config);

export const { site, version, vip, nodes, router, published, serviceTokens } = outputs;
export const { kubeconfig, sshPrivateKey, knownHosts } = outputs;
