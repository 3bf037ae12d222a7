/** How a server was found: `lives`, `ended`, `down` or `bare`, or why it could not be asked. */
export type Seen =
  | { readonly name: string; readonly state: string }
  | { readonly name: string; readonly away: string };

/**
 * Index of the server that begins the cluster: the first that has RKE2. A machine that was built anew gets none while
 * another server is there that would have to let it in, and is down itself.
 */
export function beginner(seen: readonly Seen[]): number {
  return Math.max(
    0,
    seen.findIndex((server) => "state" in server && server.state === "down"),
  );
}

/** What stands against a restore, each with what to do. */
export function obstacles(site: string, seen: readonly Seen[]): readonly string[] {
  const begins = beginner(seen);
  return seen.flatMap((server, i) => {
    const { name } = server;
    if ("away" in server)
      return [
        `${name} cannot be asked (${server.away}): if it is gone, npm run up -- --stack ${site} builds it anew; ` +
          "a server that comes back later with the old database would stand against the restored one",
      ];
    if (server.state === "lives")
      return [
        `${name}: its API is ready, the cluster lives, and a restore would take back all that came after the snapshot; ` +
          `if that is what you want, end it first on each server: ssh root@${name} rke2-killall.sh`,
      ];
    if (server.state === "ended")
      return [
        `${name}: its certificates have ended, so that its API refuses everybody; its data may be whole. ` +
          `npm run up -- --stack ${site} renews them; by hand: ssh root@${name} systemctl restart rke2-server`,
      ];
    if (i === begins && server.state !== "down")
      return [
        `${name}: RKE2 is not installed on it; npm run up -- --stack ${site} prepares it, and stops where the restore goes on`,
      ];
    return [];
  });
}
