import "./stacks/lean-sdk.ts";
import { readSiteFile } from "./stacks/site-file.ts";
import { deploySite } from "./stacks/site.ts";

const { name, config } = readSiteFile();

const outputs = await deploySite(name, config);

export const { site, version, vip, nodes, router, routers, published, serviceTokens } = outputs;
export const { kubeconfig, serverToken, certificates, sshPrivateKey, knownHosts } = outputs;
