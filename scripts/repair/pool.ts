/** A Proxmox pool that a killed run created without the state knowing. */

/**
 * Removes the pool when it exists, is empty and is called what the run called its own; the next run creates it. Another
 * stack's has another comment. Uses the token of
 * PROXMOX_VE_API_TOKEN; without one the run itself will name the pool that is in its way.
 */
export async function removeEmptyPool(
  endpoint: string,
  poolId: string | undefined,
  comment: string | undefined,
  say: (text: string) => void,
): Promise<void> {
  const token = process.env["PROXMOX_VE_API_TOKEN"];
  if (poolId === undefined || token === undefined) return;
  const url = new URL("/api2/json/pools", endpoint);
  url.searchParams.set("poolid", poolId);
  const headers = { Authorization: `PVEAPIToken=${token}` };
  const answer = await fetch(url, { headers, signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) return;
  const { data } = (await answer.json()) as {
    data: { comment?: string; members: unknown[] }[];
  };
  if (data[0]?.members.length !== 0 || data[0].comment !== comment) return;
  say(`repair: removing the empty pool ${poolId}, created by a killed run`);
  const removed = await fetch(url, {
    method: "DELETE",
    headers,
    signal: AbortSignal.timeout(10_000),
  });
  if (!removed.ok) throw new Error(`pool ${poolId}: HTTP ${removed.status} ${removed.statusText}`);
}
