/** The few calls to Proxmox VE's API that the doctor makes: https://pve.proxmox.com/pve-docs/api-viewer/ */
import type { Fetch } from "./ask.ts";

/** An answer that is no success. The message holds no token. */
export class ProxmoxRefusal extends Error {
  readonly status: number;

  constructor(path: string, status: number, text: string) {
    super(`GET ${path}: ${status} ${text}`.trim());
    this.status = status;
  }
}

export type ProxmoxApi = <T>(path: string) => Promise<T>;

/** @param token USER@REALM!NAME=SECRET */
export function proxmoxApi(endpoint: string, token: string, ask: Fetch): ProxmoxApi {
  return async <T>(path: string): Promise<T> => {
    const { status, text } = await ask(new URL(`/api2/json/${path}`, endpoint).href, {
      headers: { authorization: `PVEAPIToken=${token}` },
    });
    if (status >= 300) throw new ProxmoxRefusal(path, status, text.slice(0, 200));
    return (JSON.parse(text) as { data: T }).data;
  };
}
