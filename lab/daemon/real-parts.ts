/** The lab's own parts. */
import { createMirrors } from "../apis/mirrors.ts";
import { createProxmox } from "../apis/proxmox/server.ts";
import { createHypervisor } from "../machines/hypervisor.ts";
import { createInternet } from "./internet.ts";
import type { Parts } from "./parts.ts";

export const realParts: Parts = { createHypervisor, createInternet, createMirrors, createProxmox };
