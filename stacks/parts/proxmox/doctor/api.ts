/** The few calls to Proxmox VE's API that the doctor makes: https://pve.proxmox.com/pve-docs/api-viewer/ */
import { trustSystemAuthorities } from "../../../../components/http/trust.ts";
import type { Fetch } from "../../../doctor/ask.ts";

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

const patience = 5_000;

/** Why a Proxmox API does not answer; undefined when it does. */
export async function unreachableProxmox(endpoint: string): Promise<string | undefined> {
  trustSystemAuthorities();
  try {
    // Any HTTP answer, a refusal too, shows that the API lives; the token is the provider's to judge.
    await fetch(new URL("/api2/json/version", endpoint), { signal: AbortSignal.timeout(patience) });
    return undefined;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return cause instanceof Error ? cause.message : String(cause);
  }
}
