/** What home has at Cloudflare and Tailscale. */
import assert from "node:assert/strict";
import { cloudflare, devices, tailscale } from "./world.ts";

interface Key {
  readonly keyType: string;
  readonly description: string;
  readonly invalid?: boolean;
}

/** Keys and clients of the tailnet, as its API lists them. */
export async function keys(): Promise<readonly Key[]> {
  return (JSON.parse(await tailscale("GET", "tailnet/-/keys")) as { keys: Key[] }).keys;
}

/** Everything that the site has there: names sorted, and how many there are of what has no name of the site's. */
export async function outside(): Promise<Record<string, unknown>> {
  const names = async (path: string): Promise<string[]> =>
    (await cloudflare<{ name: string }[]>("GET", path)).map(({ name }) => name).sort();
  return {
    tunnels: await names("accounts/{a}/cfd_tunnel?is_deleted=false"),
    records: await names("zones/{z}/dns_records"),
    applications: (await names("accounts/{a}/access/apps")).length,
    policies: (await names("accounts/{a}/access/policies")).length,
    serviceTokens: (await names("accounts/{a}/access/service_tokens")).length,
    // The tailnet's first client is the one that the stack works with; the operator's own keys have no description.
    keys: (await keys())
      .filter(({ description }) => description !== "first client" && description !== "")
      .map(({ keyType, description }) => `${keyType} ${description.replace(/^gen-\w+ /, "")}`)
      .sort(),
    devices: (await devices()).map(({ hostname }) => hostname).sort(),
  };
}

/** Fails when anything of the site is left there, a key of the operator's included. */
export async function expectNothingOutside(): Promise<void> {
  assert.deepEqual(await outside(), {
    tunnels: [],
    records: [],
    applications: 0,
    policies: 0,
    serviceTokens: 0,
    keys: [],
    devices: [],
  });
  assert.deepEqual(
    (await keys()).map(({ description }) => description),
    ["first client"],
  );
}
