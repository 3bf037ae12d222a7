/** Switches machines on the way a person would: through their Proxmox host's API. */
import { readFile } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import type { LabPaths } from "../host/paths.ts";
import { apiTokenId, ensureCredentials } from "../world/credentials.ts";

/**
 * Starts a virtual machine (`POST /nodes/{node}/qemu/{vmid}/status/start`). Must run inside the lab. Resolves when
 * the host has accepted the task; throws its answer when it refuses.
 */
export async function switchOn(
  paths: LabPaths,
  address: string,
  node: string,
  vmid: number,
): Promise<void> {
  const { apiTokenSecret } = await ensureCredentials(paths.state);
  const options = {
    host: address,
    port: 8006,
    path: `/api2/json/nodes/${node}/qemu/${vmid}/status/start`,
    method: "POST",
    headers: { authorization: `PVEAPIToken=${apiTokenId}=${apiTokenSecret}` },
    ca: await readFile(join(paths.ca, "ca.pem")),
  };
  const answer = await new Promise<{ status: number; text: string }>((resolve, reject) => {
    const sent = request(options, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, text: text || (response.statusMessage ?? "") });
      });
      response.on("error", reject);
    });
    sent.on("error", reject);
    sent.end();
  });
  if (answer.status >= 300)
    throw new Error(`start ${vmid} on ${node}: ${answer.status} ${answer.text}`);
}
