/** A tunnel that was deleted at Cloudflare while the state still has it. */
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { tunnelLives } from "../../components/edge/cloudflare-api.ts";
import { withoutResources } from "../departure/forget.ts";
import { readOutside, tunnelType } from "../departure/outside.ts";
import { nameOf, readState, type StackState, type StateResource } from "../state.ts";

type Reading = Pick<Stack, "exportStack" | "getAllConfig">;

/**
 * The state's tunnel when Cloudflare has none of its id any more. No refresh tells: Cloudflare goes on showing a deleted
 * tunnel, and the provider does not look at the time of its deletion.
 * @see https://github.com/cloudflare/terraform-provider-cloudflare/blob/v5.22.0/internal/services/zero_trust_tunnel_cloudflared/resource.go
 */
export async function deletedTunnel(stack: Reading): Promise<StateResource | undefined> {
  return (await look(stack)).gone;
}

/** Takes such a tunnel out of the state, so that the next `up` makes another. Gives its URN; undefined when it lives. */
export async function forgetDeletedTunnel(
  stack: Reading & Pick<Stack, "importStack">,
  say: (text: string) => void,
): Promise<string | undefined> {
  const { state, gone } = await look(stack);
  if (gone === undefined) return undefined;
  say(`${nameOf(gone)} was deleted at Cloudflare, which goes on showing it; the state forgets it`);
  await stack.importStack(withoutResources(state.deployment, [gone.urn]));
  return gone.urn;
}

async function look(stack: Reading): Promise<{ state: StackState; gone?: StateResource }> {
  const state = await readState(stack);
  const { cloudflare, tunnel } = await readOutside(stack, state);
  if (cloudflare === undefined || tunnel === undefined) return { state };
  if (await tunnelLives(cloudflare, tunnel)) return { state };
  const gone = state.resources.find(({ type, id }) => type === tunnelType && id === tunnel);
  return { state, ...(gone === undefined ? {} : { gone }) };
}
